"""What two versions of a form differ in, and that a form written out reads back as itself."""

import dataclasses

import pytest

from avasanj.i18n import translator
from scoring import drafts, library
from scoring.card_changes import changes
from scoring.card_file import SHIPPED, check, rule_of, shipped
from scoring.card_text import written

OLD = shipped("service")


def changed(text: str) -> object:
    read = check(text)
    assert read.unfinished
    return changes(OLD, read.unfinished)


def test_nothing_changed_is_said_to_be_nothing():
    found = changes(OLD, dataclasses.replace(OLD, version=2))
    assert found.none
    assert found.same == len(OLD.questions)


def test_a_question_is_found_new_gone_altered_or_moved_by_its_key():
    first, *rest = OLD.sections[0].questions
    other = dataclasses.replace(first, weight=12.0, title={"en": "Says hello", "fa": first.title["fa"]})
    section = dataclasses.replace(OLD.sections[0], questions=(rest[1], other, dataclasses.replace(first, key="fresh")))
    found = changes(OLD, dataclasses.replace(OLD, sections=(section, *OLD.sections[1:]), pass_mark=50.0))
    assert [one.key for one in found.come] == ["fresh"]
    assert [one.key for one in found.gone] == [rest[0].key]
    [altered] = found.altered
    assert {one.name: (one.was, one.now) for one in altered.changes if one.name == "weight"} == {"weight": (10, 12)}
    assert [(one.name, one.was, one.now) for one in found.card] == [("pass_mark", None, 50)]
    assert found.reordered


def test_of_phrases_only_those_that_come_and_go_are_named():
    first = OLD.questions[0]
    assert first.rule
    words = dataclasses.replace(first.rule.any_of, en=(*first.rule.any_of.en[1:], "ahoy"))
    rule = dataclasses.replace(first.rule, any_of=words, first_s=40.0)
    other = dataclasses.replace(first, rule=rule)
    section = dataclasses.replace(OLD.sections[0], questions=(other, *OLD.sections[0].questions[1:]))
    [altered] = changes(OLD, dataclasses.replace(OLD, sections=(section, *OLD.sections[1:]))).altered
    [change] = altered.changes
    assert (change.gone, change.come) == (("hello",), ("ahoy",))
    assert (change.was, change.now) == ({"first_s": 25}, {"first_s": 40})


@pytest.mark.parametrize("name", SHIPPED)
def test_a_new_number_changes_nothing_else_of_the_text(name: str):
    before = written(shipped(name))
    assert check(drafts.numbered(before, 7)).card == dataclasses.replace(shipped(name), version=7)


def test_a_rule_alone_is_read_and_refused_with_its_fault():
    rule, problems = rule_of("{any: {en: [hello]}, first_s: 10}")
    assert rule
    assert rule.first_s == 10
    assert not problems
    for text in ("{any: {en: ['(hello']}}", "{first_s: 10}", "any: [", "- hello"):
        rule, problems = rule_of(text)
        assert rule is None, text
        assert problems, text


def test_every_text_of_drafts_has_its_persian():
    texts = [text for room in (drafts, library) for name, text in vars(room).items() if name.isupper() and isinstance(text, str) and " " in text]  # fmt: skip
    assert len(texts) > 10
    assert [text for text in texts if translator("fa").gettext(text) == text] == []
