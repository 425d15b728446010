"""The arithmetic of answers, and what a faulty scorecard file is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avasanj.errors import InputError
from scoring.phrases import Phrases
from scoring.scorecard import NA, NO, UNSURE, YES, Answered, Question, Rule, load, score, shipped

VALUES = st.sampled_from([YES, NO, UNSURE, NA])
WEIGHTS = st.floats(min_value=0.5, max_value=100)


def answered(value: str, weight: float, *, critical: bool = False) -> Answered:
    question = Question(
        key="q", title={"en": "Q", "fa": "س"}, weight=weight, rule=Rule(any_of=("a",)), critical=critical
    )
    return Answered(question=question, value=value, confidence=1.0, method="rule")


@given(st.lists(st.tuples(VALUES, WEIGHTS)))
def test_a_score_lies_between_0_and_100_or_is_none(pairs):
    result = score([answered(value, weight) for value, weight in pairs])
    assert result is None or 0 <= result <= 100 + 1e-9
    assert (result is None) == all(value in {NA, UNSURE} for value, _ in pairs)


@given(st.lists(st.tuples(VALUES, WEIGHTS), min_size=1), st.sampled_from([NA, UNSURE]), WEIGHTS)
def test_an_answer_that_does_not_count_changes_no_score(pairs, value, weight):
    answers = [answered(v, w) for v, w in pairs]
    assert (
        score([*answers, answered(value, weight)]) == pytest.approx(score(answers), nan_ok=True)
        or score(answers) is None
    )


@given(st.lists(st.tuples(VALUES, WEIGHTS), min_size=1), st.floats(min_value=0.1, max_value=10))
def test_scaling_every_weight_changes_no_score(pairs, factor):
    one, other = score([answered(v, w) for v, w in pairs]), score([answered(v, w * factor) for v, w in pairs])
    assert one == pytest.approx(other) if one is not None else other is None


@given(st.lists(st.tuples(st.sampled_from([YES, NO]), WEIGHTS), min_size=1))
def test_turning_a_no_into_a_yes_never_lowers_the_score(pairs):
    before = score([answered(v, w) for v, w in pairs])
    for n, (_, weight) in enumerate(pairs):
        changed = [answered(YES if m == n else v, w) for m, (v, w) in enumerate(pairs)]
        after = score(changed)
        assert after is not None
        assert before is not None
        assert after >= before - 1e-9
        assert weight > 0


def test_unsure_and_a_critical_no_go_to_a_person():
    assert answered(UNSURE, 1).needs_person
    assert answered(NO, 1, critical=True).needs_person
    assert not answered(NO, 1).needs_person
    assert not answered(YES, 1, critical=True).needs_person


def test_the_shipped_scorecard_is_whole_and_speaks_both_languages():
    card = shipped()
    assert sum(question.weight for question in card.questions) == 100
    assert [question.key for question in card.questions] == [
        "greeting", "own_name", "customer_confirmed", "courtesy", "hold_announced", "next_step", "closing", "forbidden_words",
    ]  # fmt: skip
    slots = {"agent": ["a"], "number": ["1"], "customer_name": ["b"], "said": ["c"]}
    for question in card.questions:
        assert question.title["en"]
        assert question.title["fa"]
        assert Phrases(question.rule.any_of + question.rule.none_of + question.na_when, slots)


CARD = """key: tiny
version: 1
title: {en: Tiny, fa: کوچک}
questions:
  - key: hello
    title: {en: Greets, fa: سلام می‌کند}
    weight: 100
    rule: {any: {en: [hello], fa: [سلام]}}
"""


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("weight: 100", "weight: 90", "add up to 90"),
        ("weight: 100", "weight: heavy", r"question 1 \(hello\): weight"),
        ("weight: 100", "wieght: 100", "unknown key wieght"),
        ("rule: {any", "rule: {some", "any or none"),
        ("{any: {en: [hello], fa: [سلام]}}", "{any: {de: [hallo]}}", "under en and one under fa"),
        ("fa: کوچک", "de: klein", "title needs a text under en and one under fa"),
        ("key: tiny", "key: [", "not YAML"),
    ],
)
def test_a_fault_in_a_scorecard_is_named_with_its_place(before, after, told):
    assert load(CARD, "tiny.yaml").questions
    with pytest.raises(InputError, match=told) as error:
        load(CARD.replace(before, after), "tiny.yaml")
    assert "tiny.yaml" in str(error.value)


def test_package_data_lies_where_the_wheel_takes_it_from():
    folder = Path(__file__).parents[2] / "scoring"
    assert (folder / "scorecards/service.yaml").is_file()
    assert (folder / "data/heads.json").is_file()
    assert (folder / "data/customer_phrases.yaml").is_file()
