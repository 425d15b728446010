"""Who goes first when windows of many calls wait, and which windows go together."""

import time
from concurrent.futures import Future

import pytest

from tests.transcription.recorder import asked
from transcription.believing import Recognised
from transcription.line import LATER, LIVE, NORMAL, URGENT, Caller, Line, Waiting


def never() -> bool:
    return False


def put(line: Line, caller: Caller, *lengths_s: float, language: str = "en") -> list[Future[Recognised]]:
    return [line.put(caller, asked(length_s, language)) for length_s in lengths_s]


def lengths(batch: list[Waiting]) -> list[float]:
    return [len(waiting.asked.window.samples) / 16_000 for waiting in batch]


def test_windows_of_like_length_go_together() -> None:
    line, caller = Line(), Caller(urgency=NORMAL)
    put(line, caller, 15, 4, 15, 5, 14, 13, 4)
    assert lengths(line.take(3, never)) == [15, 15, 14]
    assert lengths(line.take(3, never)) == [4, 4, 5]


def test_what_a_window_is_filled_up_to_does_not_depend_on_its_batch() -> None:
    line, caller = Line(), Caller(urgency=NORMAL)
    put(line, caller, 9, 10, 11, 12.1, 15, 3)
    assert [lengths(line.take(4, never)) for _ in range(3)] == [[9, 10, 3], [11], [12.1, 15]]


def test_urgent_windows_go_first_whenever_they_came() -> None:
    line = Line()
    order = [LATER, NORMAL, URGENT, LIVE]
    for number, urgency in enumerate(order):
        put(line, Caller(urgency=urgency), 10 + number)
    assert [lengths(line.take(1, never)) for _ in order] == [[12], [13], [11], [10]]


def test_a_short_call_is_not_held_up_by_a_long_one() -> None:
    line, long, short = Line(), Caller(urgency=NORMAL), Caller(urgency=NORMAL)
    put(line, long, *[15] * 16)
    assert line.take(1, never)[0].caller is long
    put(line, short, *[15] * 3)
    taken = [line.take(1, never)[0].caller for _ in range(7)]
    assert taken.count(short) == 3


def test_a_call_that_becomes_urgent_overtakes_with_what_it_has_in_line() -> None:
    line, first, second = Line(), Caller(urgency=NORMAL), Caller(urgency=LATER)
    put(line, first, 15, 15)
    put(line, second, 15, 15)
    line.set_urgency(second, URGENT)
    assert [line.take(1, never)[0].caller for _ in range(4)] == [second, second, first, first]


def test_running_calls_hold_a_finished_one_up_for_a_bounded_time() -> None:
    line = Line(overtaken_s=30)
    now_s = time.monotonic()
    fresh, held_up = Caller(urgency=NORMAL), Caller(urgency=NORMAL, since_s=now_s - 31)
    live, archive = Caller(urgency=LIVE), Caller(urgency=LATER, since_s=now_s - 3600)
    for caller in (archive, fresh, held_up, live):
        put(line, caller, 15)
    assert [line.take(1, never)[0].caller for _ in range(4)] == [held_up, live, fresh, archive]


def test_a_long_call_that_was_held_up_takes_turns_with_running_ones() -> None:
    line, live = Line(overtaken_s=30), Caller(urgency=LIVE)
    long = Caller(urgency=NORMAL, since_s=time.monotonic() - 31)
    put(line, long, *[15] * 8)
    put(line, live, *[5] * 4)
    taken = [line.take(1, never)[0].caller for _ in range(8)]
    assert taken.count(live) == taken.count(long) == 4


def test_an_urgent_batch_takes_others_along_only_where_that_costs_nothing() -> None:
    for most, together in ((4, 1), (32, 3)):
        line = Line()
        put(line, Caller(urgency=LATER), 10, 10)
        put(line, Caller(urgency=URGENT), 10)
        assert len(line.take(most, never)) == together


def test_an_archives_windows_fill_the_batches_of_todays_calls() -> None:
    line = Line()
    put(line, Caller(urgency=LATER), 10, 10)
    put(line, Caller(urgency=NORMAL), 10)
    assert len(line.take(4, never)) == 3


def test_a_batch_has_one_language_and_one_list_of_hot_words() -> None:
    line, caller = Line(), Caller(urgency=NORMAL)
    put(line, caller, 10)
    put(line, caller, 10, language="fa")
    line.put(caller, asked(10, hot_words=("Avasanj",)))
    put(line, caller, 10)
    batches = [line.take(4, never) for _ in range(3)]
    assert [len(batch) for batch in batches] == [2, 1, 1]
    assert [batch[0].asked.language for batch in batches] == ["en", "fa", "en"]


def test_a_batch_waits_a_moment_for_a_call_that_is_being_read_and_no_longer() -> None:
    line = Line()
    with line.caller(NORMAL) as reading:
        put(line, reading, 15)
        began_s = time.monotonic()
        assert len(line.take(4, never)) == 1
        assert 0.1 < time.monotonic() - began_s < 2
        put(line, reading, 15)
        with line.not_reading():
            began_s = time.monotonic()
            assert len(line.take(4, never)) == 1
            assert time.monotonic() - began_s < 0.1


def test_a_model_that_others_may_join_begins_at_once() -> None:
    line = Line()
    with line.caller(NORMAL) as reading:
        put(line, reading, 15)
        began_s = time.monotonic()
        assert len(line.take(4, never, mixed=True)) == 1
        assert time.monotonic() - began_s < 0.1
        line.put(reading, asked(15, hot_words=("Avasanj",)))
        assert len(line.take(4, never, mixed=True)) == 1
        assert time.monotonic() - began_s > 0.15


def test_what_a_caller_leaves_in_line_goes_with_it() -> None:
    line = Line()
    with line.caller(NORMAL) as caller:
        put(line, caller, 15, 15)
        assert line.length == 2
    assert (line.length, line.oldest_s) == (0, pytest.approx(0, abs=0.01))


def test_windows_of_any_length_may_join_a_batch_that_goes_on() -> None:
    line, caller = Line(), Caller(urgency=NORMAL)
    put(line, caller, 15, 4, 11, 9)
    (first,) = line.take(1, never, mixed=True)
    assert lengths(line.join(2, first)) == [4, 11]
    assert lengths(line.join(2, first)) == [9]
    assert line.join(2, first) == []


def test_nothing_joins_while_a_window_waits_that_can_not_and_whose_turn_it_is() -> None:
    line, caller = Line(), Caller(urgency=NORMAL)
    put(line, caller, 15)
    (first,) = line.take(1, never, mixed=True)
    put(line, Caller(urgency=URGENT), 10, language="fa")
    put(line, caller, 10)
    assert line.join(4, first) == []
    assert [waiting.asked.language for waiting in line.take(1, never)] == ["fa"]
    assert len(line.join(4, first)) == 1


def test_a_batch_of_a_running_call_is_joined_by_no_finished_one() -> None:
    line, live = Line(), Caller(urgency=LIVE)
    put(line, live, 10)
    (first,) = line.take(1, never, mixed=True)
    put(line, Caller(urgency=NORMAL), 10)
    assert line.join(4, first) == []
    put(line, live, 9)
    assert lengths(line.join(4, first)) == [9]


def test_how_long_the_first_has_waited_is_told() -> None:
    line = Line()
    put(line, Caller(urgency=NORMAL), 15)
    time.sleep(0.05)
    assert 0.04 < line.oldest_s < 5
    assert line.length == 1
