"""Transcripts as other programs read them: whole, timed, and with nothing in them that those programs would run."""

from __future__ import annotations

import csv
import io
import itertools
import json

import pytest

from transcription import timed
from transcription.exports import Format, Line, Note, Script, written
from transcription.subtitles import cues, marked, stamp

FORMULAS = ["=1+1", "+98912", "-2", "@SUM(A1)", "＝1", "\t=1"]


def line(text: str, *, at_s: float = 0.0, position: int = 0, party: str = "customer", pace_s: float = 0.5) -> Line:
    words = [[word, at_s + n * pace_s, at_s + (n + 0.8) * pace_s, 0.9] for n, word in enumerate(text.split())]
    known = timed.heard(text, words)
    return Line(
        position=position, party=party, start_s=at_s, end_s=at_s + len(words) * pace_s, text=text, original=None,
        confidence=0.9, words=known, heard=known,
    )  # fmt: skip


def script(*lines: Line, language: str = "en", notes: tuple[Note, ...] = ()) -> Script:
    return Script(call="c", facts={"language": language}, lines=lines, notes=notes)


def test_vtt_keeps_markup_and_arrows_as_text() -> None:
    vtt = written(script(line("a <b>bold</b> & --> x")), Format.VTT)
    assert "<v Customer>a &lt;b&gt;bold&lt;/b&gt; &amp; --&gt; x\n" in vtt
    assert vtt.startswith("WEBVTT\n\n")
    assert vtt.count("-->") == 1


def test_vtt_tells_what_could_not_be_heard_in_the_readers_language() -> None:
    note = Note(kind="dropped", start_s=3, end_s=5, party="agent", reason="the text repeats “no --> no”")
    vtt = written(script(line("سلام"), language="fa", notes=(note,)), Format.VTT, "fa")
    said = next(part for part in vtt.split("\n") if part.startswith("NOTE ۰:۰۳"))
    assert "کارشناس" in said
    assert "شنیده نشد" in said
    assert "-->" not in said


def test_srt_numbers_its_pieces_and_embeds_persian() -> None:
    srt = written(
        script(line("سلام علیکم."), line("بله؟", at_s=4, party="agent", position=1), language="fa"), Format.SRT, "fa"
    )
    first, second = srt.strip().split("\n\n")
    assert first == "1\n00:00:00,000 --> 00:00:01,000\n\u202bمشتری: سلام علیکم.\u202c"
    assert second.startswith("2\n00:00:04,000 --> 00:00:04,500\n")


def test_srt_has_no_markup_in_it() -> None:
    assert "<" not in written(script(line("say <i>this</i>")), Format.SRT)


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_gives_a_spreadsheet_no_formula(text: str) -> None:
    rows = list(csv.reader(io.StringIO(written(script(line(text)), Format.CSV).removeprefix("\ufeff"))))
    assert rows[1][5] == f"'{text}"


def test_csv_is_read_back_as_it_was_said() -> None:
    said = 'He said "no, never"; then,\tنه'
    text = written(script(line(said), line("two", at_s=9, position=1)), Format.CSV)
    assert text.startswith("\ufeffcall,turn,party,")
    assert text.count("\r\n") == 3
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["text"] for row in rows] == [said, "two"]
    assert rows[1]["start_s"] == "9"


def test_json_carries_each_word_with_its_time() -> None:
    found = json.loads(written(script(line("one two", at_s=2)), Format.JSON))
    assert found["turns"][0]["words"] == [["one", 2, 2.4, 0.9], ["two", 2.5, 2.9, 0.9]]


def test_text_has_a_line_for_each_turn_and_each_hole() -> None:
    holes = (Note(kind="mute", start_s=1, end_s=2),)
    assert written(script(line("hello"), language="en", notes=holes), Format.TEXT) == (
        "0:00 Customer: hello\n0:01 [0:01–0:02 muted]\n"
    )
    assert written(script(), Format.TEXT) == ""


def test_a_long_turn_is_cut_into_pieces_that_can_be_read_while_they_are_said() -> None:
    text = " ".join(f"word{n}" for n in range(120))
    long = line(text, pace_s=0.4)
    pieces = cues("agent", long.start_s, long.end_s, text, long.words)
    assert " ".join(piece.text for piece in pieces) == text
    assert all(len(piece.text) <= 84 and piece.end_s - piece.start_s <= 7.01 for piece in pieces)
    assert all(one.end_s == other.start_s for one, other in itertools.pairwise(pieces))
    untimed = cues("agent", 0, 48, text)
    assert " ".join(piece.text for piece in untimed) == text
    assert untimed[-1].end_s == 48


def test_stamps_go_beyond_an_hour_and_round_to_the_millisecond() -> None:
    assert stamp(3725.0049, ",") == "01:02:05,005"
    assert stamp(0, ".") == "00:00:00.000"


def test_a_persian_line_that_begins_with_a_foreign_word_keeps_its_direction() -> None:
    assert marked("VIP هستم", "fa") == "\u200fVIP هستم"
    assert marked("سلام VIP", "fa") == "سلام VIP"
    assert marked("VIP", "en") == "VIP"


def test_words_of_a_corrected_text_keep_the_times_of_those_that_stayed() -> None:
    known = timed.heard(
        "I live in Zabolstan now", [[w, n, n + 0.5, 0.9] for n, w in enumerate(["I", "live", "in", "Zabolstan", "now"])]
    )
    words = timed.corrected("I live in old Zabolestan, now", known)
    assert [(word.text, word.start_s) for word in words] == [
        ("I", 0), ("live", 1), ("in", 2), ("old", 3.0), ("Zabolestan,", pytest.approx(3.11, abs=0.01)), ("now", 4),
    ]  # fmt: skip
    assert words[3].probability is None
    assert [(word.first, word.last) for word in words[:2]] == [(0, 1), (2, 6)]


def test_words_that_are_not_in_the_text_are_left_out() -> None:
    assert [
        word.text for word in timed.heard("one three", [["one", 0, 1, 1], ["two", 1, 2, 1], ["three", 2, 3, 1]])
    ] == [
        "one",
        "three",
    ]
    assert timed.heard("anything", None) == []
