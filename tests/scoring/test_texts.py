"""Every text that scoring stores for people has its Persian."""

import json
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from avasanj.errors import AvasanjError
from avasanj.i18n import reason
from scoring import asking, card_faults, card_file, evaluation, facts, phrase_patterns, phrases, questions
from scoring.dissatisfaction import LABELS
from scoring.reviews import values

PLACE = re.compile(r"%\(\w+\)s")
PO = Path(__file__).parents[2] / "avasanj/locale/fa/scoring.po"
CONDITIONS = (questions.CONDITION_FAILED, questions.CONDITION_OPEN)
REASONS = (
    questions.HEARD, questions.FORBIDDEN, questions.DISCOURTEOUS, questions.ALIKE, questions.PERHAPS, questions.MISSING,
    questions.NONE_HEARD, questions.UNHEARD, questions.NO_HOLD, questions.NOT_FITTING, questions.NO_OCCASION, questions.NO_WORDS,
    questions.MIXED_VOICES, questions.OTHER_LANGUAGE, *CONDITIONS, questions.FOR_A_PERSON, questions.FACT,
    questions.UNKNOWN_FACT, questions.UNMEASURED,
)  # fmt: skip
RULE = """key: a
version: 1
title: {en: A, fa: آ}
sections:
  - key: s
    title: {en: S, fa: س}
    questions: [{key: q, title: {en: Q, fa: پ}, weight: 100, rule: {any: {en: ['hello'], fa: ['سلام']}}}]
"""
#: Every message of the linter, by its name in capitals.
FAULTS = (
    *(text for name, text in vars(card_faults).items() if name.isupper() and isinstance(text, str)),
    *card_faults.YAML_FAULTS,
    *phrase_patterns.FAULTS,
    phrases.NO_SENSE,
)


def test_every_text_is_translated_and_no_other_is():
    with PO.open("rb") as file:
        catalogue = {message.id: message.string for message in read_po(file, locale="fa") if message.id}
    here = {*REASONS, *asking.ASKED, *evaluation.KEPT_OUT, *FAULTS, *facts.FACTS.values(), *facts.MEASURES.values()}
    assert set(catalogue) == {*here, *LABELS.values()}
    for source, translation in catalogue.items():
        assert translation
        assert set(PLACE.findall(source)) == set(PLACE.findall(translation)), source


@pytest.mark.parametrize(
    ("card", "english", "persian"),
    [
        ("key: a\n  b: c", "mapping values are not allowed", "اینجا جای «کلید: مقدار» نیست"),
        ("key: a\nversion: 1\ntitle: {en: A, fa: آ}\nsections: [", "This is not YAML", "این YAML نیست"),
        (RULE.replace("hello", "(hello"), "no (a|b) within another", "پرانتز"),
        (RULE.replace("hello", "{x} a"), "unknown slot {x}", "جای خالی ناشناختهٔ"),
        (RULE.replace("سلام", "[گنجشکیدن]"), "unknown verb [گنجشکیدن]", "فعل ناشناختهٔ"),
    ],
)
def test_a_refused_form_says_why_in_one_language(card, english, persian):
    """A fault stands within "line 3: …", and that within "nothing was imported": each part in the reader's language."""
    with pytest.raises(card_faults.CardError) as refused:
        card_file.load(card, "a.yaml")
    assert english in str(refused.value)
    told = reason(refused.value.stored, "fa")
    assert persian in told
    assert "چیزی وارد نشد" in told
    assert not re.search(r"(?i)[a-z]+ [a-z]+ [a-z]+", told), "no English in a Persian sentence"


def test_an_error_within_a_text_is_kept_with_it_and_a_title_is_said_in_the_readers_language():
    inner = AvasanjError("line %(line)s: %(fault)s", line=7, fault={"id": card_faults.NO_QUESTIONS})
    outer = AvasanjError(values.NOT_A_NUMBER, question={"en": "How long", "fa": "چند دقیقه"}, value=str(inner))
    assert str(outer) == "“How long” is answered with a number, not “line 7: There is no question.”."
    assert "چند دقیقه" in reason(outer.stored, "fa")
    assert "سطر \u2068۷" in reason(json.loads(json.dumps(inner.stored)), "fa")
    assert "هیچ پرسشی" in reason(inner.stored, "fa")
