"""Two transcripts of a call: what differs, and which corrections stand in the new one too."""

from __future__ import annotations

import dataclasses

from tests.transcription.test_exports import line
from transcription import timed
from transcription.carrying import carry
from transcription.comparing import ADDED, CHANGED, GONE, SAME, compare
from transcription.exports import Line


def corrected(found: Line, text: str) -> Line:
    words = timed.corrected(text, found.heard)
    return dataclasses.replace(found, text=text, original=found.text, words=words)


def test_words_are_compared_within_one_stretch_of_speech_of_one_party() -> None:
    old = [
        line("good morning sir", at_s=1),
        line("yes", at_s=1, party="agent", position=1),
        line("bye", at_s=30, position=2),
    ]
    new = [
        line("good evening sir", at_s=1.2),
        line("yes", at_s=1, party="agent", position=1),
        line("bye", at_s=60, position=2),
    ]
    found = compare(old, new)
    assert [(s.party, [p.kind for p in s.pieces]) for s in found.stretches] == [
        ("agent", [SAME]), ("customer", [SAME, CHANGED, SAME]), ("customer", [GONE]), ("customer", [ADDED]),
    ]  # fmt: skip
    assert (found.same, found.changed, found.added, found.gone) == (3, 1, 1, 1)
    assert found.share_same == 0.5


def test_spelling_that_only_looks_different_counts_as_the_same() -> None:
    found = compare([line("كتاب ٤ می‌خواهم")], [line("کتاب ۴ می‌خواهم")])
    assert found.share_same == 1.0


def test_nothing_and_nothing_are_the_same() -> None:
    assert compare([], []).share_same == 1.0


def test_turns_without_word_times_are_compared_by_their_place() -> None:
    bare = dataclasses.replace(line("the red house"), words=[], heard=[])
    assert compare([bare], [line("the blue house")]).changed == 1


def test_a_correction_is_carried_to_the_same_words_heard_elsewhere_in_time_and_turn() -> None:
    old = corrected(line("I live in Zabolstan near the market", at_s=10), "I live in Zabolestan near the market")
    new = [line("well", at_s=2), line("I live in Zabolstan near a market", at_s=10.4, position=1)]
    found = carry([old], new)
    assert found.texts == {1: "I live in Zabolestan near a market"}
    assert found.sources == {1: (0,)}
    assert not found.left


def test_a_correction_that_the_new_model_made_itself_is_counted_and_not_made_again() -> None:
    old = corrected(line("call the farm a sea"), "call the pharmacy")
    found = carry([old], [line("call the pharmacy now")])
    assert (found.texts, found.right, found.left) == ({}, 1, ())


def test_a_correction_whose_words_were_heard_in_a_third_way_is_left_for_a_person() -> None:
    old = corrected(line("call the farm a sea"), "call the pharmacy")
    (left,) = carry([old], [line("call the army")]).left
    assert left.instead == "pharmacy"


def test_added_words_go_beside_their_neighbour_and_nothing_said_takes_all_away() -> None:
    added = corrected(line("hello dear friend"), "oh hello my dear friend")
    assert carry([added], [line("hello dear old friend")]).texts == {0: "oh hello my dear old friend"}
    nothing = corrected(line("thank you for watching"), "")
    assert carry([nothing], [line("thank you for watching")]).texts == {0: ""}


def test_a_word_that_was_only_written_otherwise_is_carried_too() -> None:
    old = corrected(line("call harbor broadband now."), "call Harbor Broadband now")
    assert carry([old], [line("please call harbor broadband now.")]).texts == {0: "please call Harbor Broadband now"}
    found = carry([old], [line("call Harbor Broadband now")])
    assert (found.texts, found.right) == ({}, 3)


def test_marks_that_are_words_of_their_own_are_no_change() -> None:
    heard = timed.heard(
        "Hello, is it?",
        [["Hello", 0, 1, 0.9], [",", 1, 1, 0.9], ["is", 1, 2, 0.9], ["it", 2, 3, 0.9], ["?", 3, 3, 0.5]],
    )
    assert [(word.text, word.last) for word in heard] == [("Hello,", 6), ("is", 9), ("it?", 13)]
    new = dataclasses.replace(line("x"), end_s=3, text="Hello, is it?", words=heard, heard=heard)
    old = dataclasses.replace(new, text="Hello is it that?", original="Hello, is it?")
    assert carry([old], [new]).texts == {0: "Hello is it that?"}


def test_another_partys_equal_words_are_left_alone() -> None:
    old = corrected(line("no problem"), "no problems")
    assert carry([old], [line("no problem", party="agent")]).texts == {}


def test_two_corrections_of_one_turn_are_both_made() -> None:
    old = corrected(line("one too three fore five"), "one two three four five")
    assert carry([old], [line("one too three fore five six")]).texts == {0: "one two three four five six"}
