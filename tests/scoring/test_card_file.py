"""Scorecards from YAML and back, and what a faulty file is told, with the line."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from avasanj.errors import InputError
from scoring import card_faults as faults
from scoring import phrase_patterns
from scoring.card_faults import CardError
from scoring.card_file import SHIPPED, check, kept, load, shipped, shipped_text
from scoring.card_text import written
from scoring.phrases import Phrases
from tests.scoring.cards import CARDS

FOLDER = Path(__file__).parents[2] / "scoring"
CARD = """key: tiny
version: 1
title: {en: Tiny, fa: کوچک}
for: {directions: [inbound]}
sections:
  - key: first
    title: {en: First, fa: نخست}
    questions:
      - key: hello
        title: {en: Greets, fa: سلام می‌کند}
        weight: 60
        rule: {any: {en: [hello], fa: [سلام]}}
      - key: how
        title: {en: How, fa: چطور}
        type: choice
        weight: 20
        when: {question: hello, is: yes}
        options:
          - {key: warm, title: {en: Warm, fa: گرم}, points: 2}
          - {key: cold, title: {en: Cold, fa: سرد}}
      - key: quick
        title: {en: Quick, fa: سریع}
        weight: 20
        fact: {name: wait_s, at_most: 30}
"""


@settings(max_examples=150, deadline=None)
@given(CARDS)
def test_what_is_written_is_read_back_as_it_was(card):
    assert kept(written(card)) == card


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scorecard_is_whole_and_comes_back_as_it_was(name):
    card = shipped(name)
    assert not [problem for problem in check(shipped_text(name)).problems if not problem.warning]
    assert card.key == name
    assert load(written(card), name) == card
    assert sum(question.weight for question in card.questions) == 100
    for part in (*card.sections, *card.questions):
        assert part.title["en"]
        assert part.title["fa"]


def test_the_service_scorecard_asks_what_old_evaluations_answered():
    assert [question.key for question in shipped().questions] == [
        "greeting", "own_name", "customer_confirmed", "courtesy", "hold_announced", "next_step", "closing", "forbidden_words",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "line", "fault"),
    [
        ("weight: 60", "weight: 50", 5, faults.WEIGHTS),
        ("weight: 60", "weight: heavy", 11, faults.WANTS_NUMBER),
        ("weight: 60", "weight: .nan", 11, faults.WANTS_NUMBER),
        ("weight: 60", "wieght: 60", 11, faults.UNKNOWN_NEAR),
        ("weight: 60", "zzzz: 60", 11, faults.UNKNOWN),
        ("weight: 60", "weight: 60\n        weight: 60", 12, faults.TWICE),
        ("- key: quick", "- key: hello", 9, faults.SAME_KEY),
        ("- key: quick", "- key: Quick One", 21, faults.WANTS_KEY),
        ("{en: Greets, fa: سلام می‌کند}", "{en: Greets}", 10, faults.LANGUAGE_MISSING),
        ("{en: Greets, fa: سلام می‌کند}", "{en: Greets, fa: ''}", 10, faults.WANTS_TEXT),
        ("fa: [سلام]", "fa: []", 12, faults.NO_PHRASES_IN),
        ("en: [hello]", "en: ['(hello']", 12, phrase_patterns.BAD_FORM),
        ("en: [hello]", "en: ['{nobody} here']", 12, phrase_patterns.UNKNOWN_SLOT),
        ("fa: [سلام]", "fa: ['[گنجشکیدن]']", 12, phrase_patterns.UNKNOWN_VERB),
        ("{any: {en: [hello], fa: [سلام]}}", "{first_s: 20}", 12, faults.RULE_EMPTY),
        ("{any: {en: [hello], fa: [سلام]}}", "{any: hello}", 12, faults.WANTS_KEYS),
        ("{any:", "{first_s: 5, last_s: 5, any:", 12, faults.WINDOWS_CROSS),
        ("{any: {en: [hello], fa: [سلام]}}", "{near: [{en: [a], fa: [ب]}]}", 12, faults.NEAR_ALONE),
        ("is: yes", "is: warm", 17, faults.CONDITION_VALUE),
        ("is: yes", "at_least: 3", 17, faults.CONDITION_NUMBER),
        ("question: hello", "question: quick", 17, faults.CONDITION_LATER),
        ("question: hello", "question: helo", 17, faults.CONDITION_UNKNOWN),
        ("{question: hello, is: yes}", "[{question: hello, is: yes}, {question: hello, is: no}]", 17, faults.UNREACHABLE),
        (", points: 2}", "}", 13, faults.NO_POINTS),
        ("type: choice", "type: text", 16, faults.TEXT_WEIGHT),
        ("type: choice", "type: number", 16, faults.NUMBER_UNSCORED),
        ("type: choice", "type: choise", 15, faults.WANTS_ONE_OF),
        ("type: choice", "rule: {any: {en: [a], fa: [ب]}}\n        type: choice", 15, faults.WRONG_TYPE),
        ("name: wait_s", "name: loudness", 24, faults.LOUDNESS),
        ("name: wait_s", "name: weight_s", 24, faults.WANTS_ONE_OF),
        (", at_most: 30", "", 24, faults.NO_LIMITS),
        (", at_most: 30", ", at_least: 40, at_most: 30", 24, faults.LIMITS_CROSS),
        ("directions: [inbound]", "directions: [outbound]", 24, faults.NO_WAIT_OUTBOUND),
        ("directions: [inbound]", "queues: [a], not_queues: [a]", 4, faults.SCOPE_EMPTY),
        ("key: tiny", "key: [", 3, faults.NOT_YAML),
        ("version: 1\n", "", 1, faults.MISSING),
        (CARD, "", 1, faults.EMPTY),
        (CARD, "- a\n- b", 1, faults.WANTS_KEYS),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_and_nothing_is_taken(before, after, line, fault):
    assert check(CARD).card
    assert before in CARD
    found = check(CARD.replace(before, after))
    assert found.card is None
    assert (line, fault) in [(problem.line, problem.id) for problem in found.problems], [*map(str, found.problems)]
    with pytest.raises(CardError, match=r"tiny\.yaml, .*Nothing was imported"):
        load(CARD.replace(before, after), "tiny.yaml")


def test_the_nearest_known_key_is_named():
    [problem] = check(CARD.replace("fact: {name", "facts: {name")).problems[:1]
    assert "do you mean fact?" in str(problem)
    assert str(problem).startswith("line 24, quick.facts")


def test_an_unreachable_condition_is_seen_through_the_ones_it_hangs_on():
    more = """      - key: third
        title: {en: T, fa: س}
        when: [{question: how, is: warm}, {question: hello, is: no}]
        rule: {any: {en: [hello], fa: [سلام]}}
"""
    [problem] = [one for one in check(CARD + more).problems if not one.warning]
    assert (problem.line, problem.id, problem.values["name"]) == (27, faults.UNREACHABLE, "hello")


def test_what_only_a_person_can_answer_is_a_warning_and_no_fault():
    found = check(CARD)
    assert found.card
    assert [(one.line, one.id, one.warning) for one in found.problems] == [(13, faults.PERSON_ONLY, True)]


def test_a_fatal_question_without_weight_is_warned_of():
    found = check(CARD.replace("weight: 60", "fatal: true").replace("weight: 20", "weight: 50"))
    assert found.card
    assert (9, faults.FATAL_UNSCORED, True) in [(one.line, one.id, one.warning) for one in found.problems]


def test_a_form_for_one_language_needs_phrases_in_that_one_only():
    assert check(CARD.replace("for: {", "for: {languages: [fa], ").replace("en: [hello], ", "")).card
    assert not check(CARD.replace("for: {", "for: {languages: [en], ").replace("en: [hello], ", "")).card


def test_every_fault_of_a_file_is_told_at_once():
    broken = (
        CARD.replace("weight: 60", "wieght: 60")
        .replace("type: choice", "type: choise")
        .replace("fa: کوچک", "de: klein")
    )
    assert [problem.line for problem in check(broken).problems] == [3, 3, 11, 15]


def test_a_huge_file_and_one_that_holds_itself_are_refused():
    assert not check("key: " + "a" * 600_000).card
    assert not check("key: &a [*a]\nversion: 1\ntitle: *a\nsections: *a").card


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 50_000])
def test_what_lies_too_deep_is_refused_and_ends_no_process(text):
    [problem] = check(text).problems
    assert (problem.id, problem.line) == (faults.TOO_DEEP, 1)


def test_a_few_lines_that_stand_for_millions_are_refused():
    ten = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))
    [problem] = check(f"a0: &a0 [x]\n{ten}\n").problems
    assert problem.id == faults.TOO_MANY_PLACES


def test_every_shipped_phrase_can_be_read():
    slots = {"agent": ["a"], "number": ["1"], "customer_name": ["b"], "said": ["c"]}
    for name in SHIPPED:
        for question in shipped(name).questions:
            rules = [one for one in (question.rule, *(option.rule for option in question.options)) if one]
            wordings = [group for rule in rules for group in (*rule.wanted, rule.none_of)] + [question.na_when]
            assert Phrases([phrase for group in wordings for phrase in group.all], slots)


def test_package_data_lies_where_the_wheel_takes_it_from():
    assert {path.stem for path in (FOLDER / "scorecards").glob("*.yaml")} == {*SHIPPED}
    assert (FOLDER / "data/heads.json").is_file()
    assert (FOLDER / "data/customer_phrases.yaml").is_file()


def test_a_card_error_is_an_error_of_the_input():
    with pytest.raises(InputError):
        load("key: 1", "x.yaml")
