"""What the PBX's clock says against when its messages arrive: set clocks are noticed, delays and backlogs are none."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable

import pytest

from telephony import arrival
from telephony.arrival import ArrivalClock
from telephony.clock import PbxClock
from telephony.frames import Message


def steps(readings: Iterable[tuple[float, float]]) -> list[float]:
    """By how much the clock seemed set at each (arrived, stamp), where it did."""
    clock = PbxClock()
    found = []
    for arrived, stamp in readings:
        clock.arrived(arrived)
        clock.read(Message(f"Event: X\r\nTimestamp: {stamp:.6f}"))
        found += [clock.step_s] if clock.step_s else []
    return found


def quiet(count: int = 100, *, offset_s: float = 0.0, start: float = 100_000.0) -> list[tuple[float, float]]:
    """An event a second that arrives 10 ms after it happened, on a PBX whose clock is off by `offset_s`."""
    return [(start + index + 0.01, start + index + offset_s) for index in range(count)]


@pytest.mark.parametrize("step_s", [3.0, 30.0, 59.0, 3600.0])
@pytest.mark.parametrize("offset_s", [0.0, -7200.0, 45.0])
def test_clock_that_is_set_forward_is_noticed_once(step_s: float, offset_s: float) -> None:
    before, after = quiet(offset_s=offset_s), quiet(start=100_100.0, offset_s=offset_s + step_s)
    assert steps([*before, *after]) == [pytest.approx(step_s, abs=0.1)]


def test_clock_that_is_set_back_and_forth_is_noticed_each_time() -> None:
    parts = [quiet(), quiet(start=100_100.0, offset_s=20.0), quiet(start=100_200.0)]
    assert steps([reading for part in parts for reading in part]) == [
        pytest.approx(20, abs=0.1),
        pytest.approx(-20, abs=0.1),
    ]


def test_late_messages_and_their_return_to_time_are_no_step() -> None:
    """A PBX or a line that is slow for a while, even for minutes, and then quick again."""
    chance = random.Random(7)
    on_time, late = quiet(300), [(at + 8.0, stamp) for at, stamp in quiet(200, start=100_300.0)]
    jittery, reached = list[tuple[float, float]](), 0.0
    for at, stamp in quiet(500, start=100_510.0):
        reached = max(reached, at + chance.expovariate(0.5))
        jittery.append((reached, stamp))
    assert steps([*on_time, *late, *jittery]) == []


@pytest.mark.parametrize("times", [2.0, 20.0, 1e6])
def test_stream_that_is_played_faster_than_it_happened_is_no_step(times: float) -> None:
    """Up to a minute of silence between two of its events; what is longer can't be told from a clock that is set."""
    chance = random.Random(3)
    stamp, readings = 1000.0, list[tuple[float, float]]()
    for _ in range(2000):
        stamp += chance.choice([0.001, 0.01, 1.0, 5.0, 25.0])
        readings.append((5000.0 + (stamp - 1000.0) / times, stamp))
    assert steps(readings) == []


def test_backlog_that_is_read_at_once_is_no_step() -> None:
    backlog = [(2000.0, 1100.0 + index * 9.0) for index in range(100)]
    assert steps([*backlog, *quiet(200, start=2000.0)]) == []


def test_drifting_clocks_are_no_step_even_after_an_hour_of_silence() -> None:
    drift = 1.0003  # a bad crystal's
    shown = [(at, at * drift) for at in (*range(1000, 1200), *range(4800, 5000))]
    assert steps(shown) == []


def test_setting_our_own_clock_moves_no_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ArrivalClock()
    before = clock.now()
    assert before == pytest.approx(time.time(), abs=0.5)
    monkeypatch.setattr(arrival.time, "time", lambda: 5.0)
    assert 0 <= clock.now() - before < 5
