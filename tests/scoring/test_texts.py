"""Every text that scoring stores for people has its Persian."""

from pathlib import Path

from babel.messages.pofile import read_po

from scoring import questions
from scoring.dissatisfaction import LABELS

PO = Path(__file__).parents[2] / "avasanj/locale/fa/scoring.po"
REASONS = (
    questions.HEARD, questions.FORBIDDEN, questions.DISCOURTEOUS, questions.ALIKE, questions.PERHAPS, questions.MISSING,
    questions.NONE_HEARD, questions.UNHEARD, questions.NO_HOLD, questions.NOT_FITTING, questions.NO_WORDS, questions.MIXED_VOICES,
)  # fmt: skip


def test_every_text_is_translated_and_no_other_is():
    with PO.open("rb") as file:
        catalogue = {message.id: message.string for message in read_po(file, locale="fa") if message.id}
    assert set(catalogue) == {*REASONS, *LABELS.values()}
    for source, translation in catalogue.items():
        assert translation
        assert ("%(words)s" in source) == ("%(words)s" in translation)
