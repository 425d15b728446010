"""Promises and reasons that no phrase foresees, by meaning, on texts that nothing was written or learnt from."""

from pathlib import Path

import pytest

from avasanj.errors import InputError
from scoring.mood import Encodes
from scoring.promises import Kind, all_promises, untold
from scoring.topics import lists, measuring
from tests.scoring.dialogues import talk

FRESH = Path(__file__).parent / "fresh"


def test_what_is_asked_or_heard_already_is_not_read_for_its_meaning():
    turns = talk(
        ("a", "Shall I ring you tomorrow?"), ("a", "I'll call you back at ten."), ("a", "Bye now."),
        ("c", "I will pay you on Monday."), ("a", "Leave that one with me for an hour."),
    )  # fmt: skip
    assert untold(turns) == ["Leave that one with me for an hour."]


@pytest.mark.parametrize(
    "text",
    [
        "If it hasn't come by Friday I'll call you back.", "My colleague said he would call you back.",
        "I'll just confirm your details first.", "I'll put you through to the technicians.",
        "اگه تا جمعه نرسید باهاتون تماس می‌گیریم.", "معمولاً ظرف دو روز با مشتری تماس می‌گیریم.",
        "چند لحظه گوشی دستتون، الان بررسی می‌کنم.", "الان وصلتون می‌کنم به کارشناس فنی.",
    ],
)  # fmt: skip
def test_what_is_conditioned_reported_or_done_at_once_is_not_read_for_its_meaning(text):
    assert untold(talk(("a", text))) == []


def test_a_promise_that_words_say_stands_for_one_that_was_meant():
    turns = talk(("a", "Give me till noon tomorrow and leave it with me."), ("a", "I'll call you back."))
    [found] = all_promises(turns, measuring.SAID_AT, measuring.ZONE, {turns[0].text: Kind.TELL})
    assert (found.meant, found.turn) == (False, turns[1])
    assert found.due_at is not None
    assert "meant" not in found.stored()


@pytest.mark.model
@pytest.mark.parametrize("language", ["en", "fa"])
def test_promises_in_fresh_words_are_heard(language, encoder: Encodes):
    rows = [line.split("\t") for line in (FRESH / f"promises-{language}.tsv").read_text("utf-8").splitlines()]
    heard, _ = measuring.count_promises(rows[::2], language, lists.shipped(), encoder)
    assert (heard.precision or 0) >= 0.8
    assert (heard.recall or 0) >= 0.7


@pytest.mark.model
@pytest.mark.parametrize(("language", "recall"), [("en", 0.5), ("fa", 0.3)])
def test_reasons_in_fresh_words_are_found(language, recall, encoder: Encodes):
    rows = [line.split("\t") for line in (FRESH / f"reasons-{language}.tsv").read_text("utf-8").splitlines()]
    (found,) = measuring.count_reasons(rows[::2], language, lists.shipped(), encoder)
    assert (found.precision or 0) >= 0.7
    assert (found.recall or 0) >= recall


@pytest.mark.parametrize("line", ["call_back\tI will ring you.", "call_back"])
def test_a_labelled_line_that_lacks_a_column_is_told_with_its_place(tmp_path, line):
    (tmp_path / "promises-en.tsv").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"promises-en.tsv, line 1"):
        measuring.measure(tmp_path, lists.shipped(), encoder=None)  # type: ignore[arg-type]


def test_a_folder_without_labelled_texts_is_told(tmp_path):
    with pytest.raises(InputError, match="holds no file"):
        measuring.measure(tmp_path, lists.shipped(), encoder=None)  # type: ignore[arg-type]
