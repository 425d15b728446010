"""Every text of the reviews has its Persian, and says with the same values what the English one says."""

import re
from pathlib import Path

from babel.messages.pofile import read_po

from avasanj.i18n import reason
from scoring.reviews import (
    acknowledgements,
    candidates,
    dispute_states,
    disputes,
    evaluators,
    inbox,
    obstacles,
    over,
    person,
    sampling,
    sampling_rules,
    standing,
    values,
)

PLACE = re.compile(r"%\(\w+\)s")
PO = Path(__file__).parents[3] / "avasanj/locale/fa/scoring_reviews.po"
ROOMS = (
    values,
    standing,
    evaluators,
    person,
    obstacles,
    sampling,
    sampling_rules,
    inbox,
    acknowledgements,
    disputes,
    dispute_states,
)


def test_every_text_is_translated_and_no_other_is():
    with PO.open("rb") as file:
        catalogue = {message.id: message.string for message in read_po(file, locale="fa") if message.id}
    here = {text for room in ROOMS for text in room.TEXTS} | {*candidates.REASONS, over.NOW_ASKED}
    assert set(catalogue) == here
    for source, translation in catalogue.items():
        assert translation
        assert set(PLACE.findall(source)) == set(PLACE.findall(translation)), source


def test_no_text_of_a_room_is_left_out_of_its_list():
    for room in ROOMS:
        own = {
            value for name, value in vars(room).items() if name.isupper() and isinstance(value, str) and " " in value
        }
        assert own <= {text for other in ROOMS for text in other.TEXTS}, room.__name__


def test_a_reason_with_a_percentage_reads_in_both_languages():
    stored = {"id": candidates.DISSATISFIED, "values": {"percent": 84}}
    assert "84" in reason(stored, "en")
    assert reason(stored, "en").endswith("%")
    assert "۸۴" in reason(stored, "fa")
