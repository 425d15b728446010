"""The wall's numbers, from rows alone."""

from __future__ import annotations

import dataclasses
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import wall
from telephony.occupancy import Did, length_s, spent
from telephony.tables import ActivityState
from telephony.wall import Doing, Seen, Visited

START = datetime.datetime(2026, 11, 22, 6, 0, tzinfo=datetime.UTC)


def at(seconds: float) -> datetime.datetime:
    return START + datetime.timedelta(seconds=seconds)


def visit(
    wait_s: float | None, outcome: str | None, queue: str = "support", *, start_s: float = 0.0, today: bool = True
) -> Visited:
    left = None if wait_s is None else at(start_s + wait_s)
    return Visited(queue=queue, joined_at=at(start_s), left_at=left, outcome=outcome, today=today)


def test_service_level_leaves_out_who_hung_up_early_and_counts_who_still_waits_too_long() -> None:
    visits = [
        *[visit(10, "answered")] * 6, visit(25, "answered"), visit(5, "abandoned"), visit(40, "abandoned"),
        visit(8, "no_agent"), visit(300, "timed_out"), visit(3, "left"), visit(None, None, start_s=70), visit(None, None, start_s=90),
    ]  # fmt: skip
    found = wall.queue_now("support", visits, now=at(100), threshold_s=20)
    assert (found.answered, found.abandoned, found.unanswered) == (7, 2, 2)
    assert (found.answered_within, found.counted) == (6, 11)  # 6 in time; 25 s, 40 s, sent away twice, 30 s and waiting
    assert found.service_level == pytest.approx(6 / 11)
    assert found.abandoned_rate == pytest.approx(2 / 11)
    assert found.waiting == (at(70), at(90))


def test_threshold_is_the_choosers() -> None:
    visits = [visit(10, "answered"), visit(25, "answered"), visit(50, "answered"), visit(70, "abandoned")]
    levels = [
        wall.queue_now(None, visits, now=at(100), threshold_s=seconds).service_level for seconds in (5, 10, 30, 60)
    ]
    assert levels == [0.0, 0.25, 0.5, 0.75]


def test_queue_that_nobody_called_today_has_no_rates_but_may_have_somebody_waiting_since_yesterday() -> None:
    found = wall.queue_now("support", [visit(None, None, today=False)], now=at(100), threshold_s=20)
    assert (found.service_level, found.abandoned_rate, len(found.waiting)) == (None, None, 1)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(0, 600)),
            st.sampled_from(["answered", "abandoned", "timed_out", "no_agent", "left"]),
            st.sampled_from(["a", "b"]),
        )
    ),
    st.integers(1, 120),
)
def test_queues_add_up_to_the_whole_and_shares_are_shares(
    visited: list[tuple[float | None, str, str]], threshold_s: int
) -> None:
    visits = [visit(wait, None if wait is None else outcome, queue) for wait, outcome, queue in visited]
    whole, a, b = (wall.queue_now(name, visits, now=at(700), threshold_s=threshold_s) for name in (None, "a", "b"))
    for name in ("answered", "abandoned", "unanswered", "answered_within", "counted"):
        assert getattr(whole, name) == getattr(a, name) + getattr(b, name)
    for found in (whole, a, b):
        assert all(share is None or 0 <= share <= 1 for share in (found.service_level, found.abandoned_rate))


def seen(key: str = "1", **changes: datetime.datetime) -> Seen:
    facts = {"done_at": None, "left_at": None} | changes
    return Seen(key=key, name=key, user_id=None, line=key, pbx="pbx", **facts)  # type: ignore[arg-type]


def doing(state: ActivityState, start_s: float, key: str = "1", reason: str | None = None) -> Doing:
    return Doing(key=key, state=state, reason=reason, started_at=at(start_s))


@pytest.mark.parametrize(
    ("agent", "open_", "state", "since_s"),
    [
        (seen(), [(ActivityState.LOGGED_IN, 0)], "free", 0),
        (seen(done_at=at(50)), [(ActivityState.LOGGED_IN, 0)], "free", 50),
        (seen(), [(ActivityState.LOGGED_IN, 0), (ActivityState.PAUSED, 30)], "paused", 30),
        (seen(), [(ActivityState.PAUSED, 30), (ActivityState.TALKING, 40)], "talking", 40),
        (seen(), [(ActivityState.WRAPPING_UP, 30), (ActivityState.RINGING, 40)], "ringing", 40),
        (seen(), [(ActivityState.TALKING, 40), (ActivityState.TALKING, 20)], "talking", 20),
        (seen(left_at=at(60)), [], "logged_out", 60),
        (seen(), [(ActivityState.TALKING, 5)], "talking", 5),
    ],
)
def test_an_agent_is_in_one_state_since_a_moment(
    agent: Seen, open_: list[tuple[ActivityState, float]], state: str, since_s: float
) -> None:
    (found,) = wall.agents_now([agent], [doing(one, since) for one, since in open_])
    assert (found.state, found.since) == (state, at(since_s))


def test_who_can_take_a_call_stands_first_and_who_waits_longest_before_the_others() -> None:
    agents = [seen(key) for key in "abc"] + [seen("d", left_at=at(1))]
    open_ = [
        doing(ActivityState.LOGGED_IN, 20, "a"), doing(ActivityState.LOGGED_IN, 10, "b"),
        doing(ActivityState.PAUSED, 5, "c", "lunch"),
    ]  # fmt: skip
    found = wall.agents_now(agents, open_)
    assert [one.seen.key for one in found] == ["b", "a", "c", "d"]
    assert found[2].reason == "lunch"


def did(state: ActivityState, start_s: float, end_s: float | None) -> Did:
    return Did(state=state, started_at=at(start_s), ended_at=None if end_s is None else at(end_s))


def test_occupancy_counts_two_calls_at_once_once_and_leaves_pauses_out() -> None:
    day = spent(
        [
            did(ActivityState.LOGGED_IN, -600, None),
            did(ActivityState.TALKING, 0, 100), did(ActivityState.TALKING, 50, 150), did(ActivityState.WRAPPING_UP, 140, 200),
            did(ActivityState.PAUSED, 190, 400), did(ActivityState.RINGING, 590, None),
        ],
        since=at(0), until=at(600),
    )  # fmt: skip
    assert (day.logged_in_s, day.talking_s, day.wrapping_up_s, day.busy_s) == (600, 150, 60, 200)
    assert (day.paused_s, day.ringing_s, day.free_s) == (210, 10, 200)
    assert day.occupancy == 0.5


def test_who_was_not_seen_was_neither_busy_nor_free() -> None:
    """Away from 100 to 300 and from 450 to 460: a talk went on into the first, a pause that the PBX tells of lay in it."""
    gaps = {"gaps": ((at(100), at(300)), (at(450), at(460)))}
    did_so = [
        did(ActivityState.LOGGED_IN, -600, None),
        did(ActivityState.TALKING, 50, 100),
        did(ActivityState.PAUSED, 220, 320),
    ]
    day = spent(
        [dataclasses.replace(one, **gaps) for one in did_so] + [did(ActivityState.TALKING, 400, 500)],
        since=at(0), until=at(600),
    )  # fmt: skip
    assert (day.logged_in_s, day.paused_s, day.talking_s) == (600, 100, 150)
    assert (day.busy_s, day.free_s, day.unseen_s) == (140, 230, 130)
    assert day.occupancy == pytest.approx(140 / 370)
    before = dataclasses.replace(did(ActivityState.LOGGED_IN, 200, None), gaps=((None, at(200)),))
    assert spent([before], since=at(0), until=at(600)).unseen_s == 0


def test_state_whose_beginning_was_not_seen_is_marked() -> None:
    agents = [seen(name) for name in ("a", "b", "c")]
    doing_now = [
        dataclasses.replace(doing(ActivityState.PAUSED, 5, "a"), from_known=False),
        dataclasses.replace(doing(ActivityState.LOGGED_IN, 0, "b"), unseen_until=at(50)),
        doing(ActivityState.LOGGED_IN, 0, "c"),
    ]
    assert {one.seen.key: one.since_known for one in wall.agents_now(agents, doing_now)} == {
        "a": False, "b": False, "c": True,
    }  # fmt: skip


def test_nobody_is_occupied_who_was_not_there() -> None:
    assert spent([], since=at(0), until=at(600)).occupancy is None
    assert spent([did(ActivityState.PAUSED, 0, 600)], since=at(0), until=at(600)).occupancy is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(ActivityState)), st.floats(-100, 700), st.one_of(st.none(), st.floats(-100, 700))
        )
    )
)
def test_lengths_never_exceed_the_day(stretches: list[tuple[ActivityState, float, float | None]]) -> None:
    day = spent([did(*one) for one in stretches], since=at(0), until=at(600))
    assert all(0 <= length <= 600 for length in vars(day).values())
    assert day.occupancy is None or 0 <= day.occupancy <= 1


def test_what_is_covered_twice_counts_once() -> None:
    assert length_s([(at(0), at(10)), (at(5), at(20)), (at(30), at(31)), (at(6), at(7))]) == 21
