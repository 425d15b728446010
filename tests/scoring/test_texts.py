"""Every text that scoring stores for people has its Persian."""

import re
from pathlib import Path

from babel.messages.pofile import read_po

from scoring import asking, card_faults, evaluation, facts, questions
from scoring.dissatisfaction import LABELS

PLACE = re.compile(r"%\(\w+\)s")
PO = Path(__file__).parents[2] / "avasanj/locale/fa/scoring.po"
CONDITIONS = (questions.CONDITION_FAILED, questions.CONDITION_OPEN)
REASONS = (
    questions.HEARD, questions.FORBIDDEN, questions.DISCOURTEOUS, questions.ALIKE, questions.PERHAPS, questions.MISSING,
    questions.NONE_HEARD, questions.UNHEARD, questions.NO_HOLD, questions.NOT_FITTING, questions.NO_OCCASION, questions.NO_WORDS,
    questions.MIXED_VOICES, questions.OTHER_LANGUAGE, *CONDITIONS, questions.FOR_A_PERSON, questions.FACT,
    questions.UNKNOWN_FACT, questions.UNMEASURED,
)  # fmt: skip
#: Every message of the linter, by its name in capitals.
FAULTS = tuple(text for name, text in vars(card_faults).items() if name.isupper() and isinstance(text, str))


def test_every_text_is_translated_and_no_other_is():
    with PO.open("rb") as file:
        catalogue = {message.id: message.string for message in read_po(file, locale="fa") if message.id}
    here = {*REASONS, *asking.ASKED, *evaluation.KEPT_OUT, *FAULTS, *facts.FACTS.values(), *facts.MEASURES.values()}
    assert set(catalogue) == {*here, *LABELS.values()}
    for source, translation in catalogue.items():
        assert translation
        assert set(PLACE.findall(source)) == set(PLACE.findall(translation)), source
