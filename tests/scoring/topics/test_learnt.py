"""Promises and reasons that no phrase foresees, by meaning, on texts that nothing was written or learnt from."""

from pathlib import Path

import pytest

from avasanj.errors import InputError
from scoring.mood import Encodes
from scoring.promises import untold
from scoring.topics import lists, measuring
from tests.scoring.dialogues import talk

FRESH = Path(__file__).parent / "fresh"


def test_what_is_asked_or_heard_already_is_not_read_for_its_meaning():
    turns = talk(
        ("a", "Shall I ring you tomorrow?"), ("a", "I'll call you back at ten."), ("a", "Bye now."),
        ("c", "I will pay you on Monday."), ("a", "Leave that one with me for an hour."),
    )  # fmt: skip
    assert untold(turns) == ["Leave that one with me for an hour."]


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
