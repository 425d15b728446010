"""What agents did while nobody listened: known to its last sight before, from its first after, and marked in between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from telephony.frames import Message
from telephony.replay import Replay
from telephony.tables import ActivityState
from tests.telephony.hand_made import AGENT, CUSTOMER, listing, mark, over, talking, waiting
from tests.telephony.test_assembler import event, on

#: (from, to, both known, gaps), each in seconds
Told = tuple[float | None, float | None, str, list[tuple[float | None, float | None]]]
AWAY = (130.0, 200.0)


def member(name: str = "QueueMemberStatus", at: float = 100, **more: object) -> Message:
    fields = {"Paused": "0", "Wrapuptime": "0", "LoginTime": "50", "LastPause": "0"} | more
    return event(name, at, **{"Queue": "sales", "Interface": "PJSIP/1001", "MemberName": "Sara"} | fields)


def paused(at: float, since: str, name: str = "QueueMemberPause", **more: object) -> Message:
    return member(name, at, Paused="1", PausedReason="tea", LastPause=since, **more)


def again(*listed: Message, complete: bool = True) -> list[Message]:
    """The connection was away from 130 to 200; then the queues' listing, which names no time of its own."""
    rows = [
        Message("\r\n".join(line for line in ("Event: QueueMember", *one.lines()) if "Timestamp" not in line))
        for one in listed
    ]
    end = [Message("Event: QueueStatusComplete\r\nActionID: avasanj-3")] if complete else []
    return [mark("received", AWAY[0]), mark("connected", AWAY[1]), *rows, *end]


def did(stream: Iterable[Message], state: ActivityState, **wrap_up_s: float) -> list[Told]:
    """What PJSIP/1001 did of that kind, as `replay --json` tells it."""
    replay = Replay(wrap_up_s=wrap_up_s)
    replay.run((None, message) for message in stream)
    found = []
    for activity in replay._activities.values():
        assert activity.ended_at is None or activity.ended_at >= activity.started_at
        if activity.interface == "PJSIP/1001" and activity.state is state:
            known = f"{'known' if activity.from_known else '?'} {'known' if activity.to_known else '?'}"
            gaps = [(_s(gap.started_at), _s(gap.ended_at)) for gap in activity.gaps]
            found.append((_s(activity.started_at), _s(activity.ended_at), known, gaps))
    return sorted(found)


def _s(moment: Any) -> float | None:
    return None if moment is None else moment.timestamp()


CAME = member("QueueMemberAdded", 50.4)


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        # the same log-in by the PBX's own word: what else they did meanwhile is not known
        ([CAME, *again(member())], [(50.4, None, "known known", [AWAY])]),
        # logged out and in again
        (
            [CAME, *again(member(LoginTime="160"))],
            [(50.4, 130, "known ?", [AWAY]), (160, None, "known known", [(160, 200)])],
        ),
        ([CAME, *again()], [(50.4, 130, "known ?", [AWAY])]),
        # a PBX that names no log-in's time
        (
            [CAME, *again(member(LoginTime=""))],
            [(50.4, 130, "known ?", [AWAY]), (200, None, "? known", [AWAY])],
        ),
        # first seen by a listing, and by an event
        (again(member(LoginTime="60")), [(60, None, "known known", [(130, 200)])]),
        ([mark("connected", 200), *again(member(LoginTime="60"))[2:]], [(60, None, "known known", [(60, 200)])]),
        ([member(at=100)], [(50, None, "known known", [(50, 100)])]),
        ([member(at=100, LoginTime="")], [(100, None, "? known", [(None, 100)])]),
        # a log-out between two log-ins that was lost
        (
            [CAME, member(at=70), member("QueueMemberAdded", 90, LoginTime="90")],
            [(50.4, 70, "known ?", [(70, 90)]), (90, None, "known known", [])],
        ),
        ([CAME, CAME, member(at=70)], [(50.4, None, "known known", [])]),
        # a part of the journal that is damaged
        (
            [CAME, mark("received", 130), mark("hole", 200), member("QueueMemberRemoved", 210)],
            [(50.4, 210, "known known", [AWAY])],
        ),
    ],
)  # fmt: skip
def test_log_in_through_a_gap(stream: list[Message], told: list[Told]) -> None:
    assert did(stream, ActivityState.LOGGED_IN) == told


RESUMED = member("QueueMemberPause", 210, LastPause="110")


@pytest.mark.parametrize(
    ("stream", "told"),
    [
        ([CAME, paused(110.5, "110"), *again(paused(0, "110")), RESUMED], [(110.5, 210, "known known", [AWAY])]),
        # resumed, and resumed and paused again
        ([CAME, paused(110.5, "110"), *again(member(LastPause="110"))], [(110.5, 130, "known ?", [AWAY])]),
        (
            [CAME, paused(110.5, "110"), *again(paused(0, "170")), RESUMED],
            [(110.5, 130, "known ?", [AWAY]), (170, 210, "known known", [(170, 200)])],
        ),
        ([CAME, paused(110.5, "110"), *again()], [(110.5, 130, "known ?", [AWAY])]),
        ([CAME, *again(paused(0, "140"))], [(140, None, "known known", [(140, 200)])]),
        ([CAME, *again(paused(0, ""))], [(200, None, "? known", [AWAY])]),
        # before the listing told, they were seen to go on
        ([CAME, paused(110.5, "110"), *again(complete=False), RESUMED], [(110.5, 210, "known known", [AWAY])]),
        # the whole of it lay in the gap
        ([CAME, *again(member(LastPause="150"))], [(150, 150, "known ?", [(150, 200)])]),
        ([CAME, paused(110.5, "110"), RESUMED, member("QueueMemberPause", 310, LastPause="300")],
         [(110.5, 210, "known known", []), (300, 310, "known known", [])]),
        # the event that they went on, or paused, was lost
        ([CAME, paused(110.5, "110"), paused(120, "110", "QueueMemberStatus"), member(at=125)],
         [(110.5, 120, "known ?", [(120, 125)])]),
        ([CAME, paused(120, "110", "QueueMemberStatus")], [(110, None, "known known", [])]),
        ([CAME, paused(120, "", "QueueMemberStatus")], [(120, None, "? known", [(None, 120)])]),
    ],
)  # fmt: skip
def test_pause_through_a_gap(stream: list[Message], told: list[Told]) -> None:
    assert did(stream, ActivityState.PAUSED) == told


def test_talk_through_a_gap_goes_on_and_is_marked() -> None:
    there = listing(CUSTOMER, AGENT, BridgeId="x")
    stream = [*talking(), *again(complete=False), *there, *over(230)]
    assert did(stream, ActivityState.TALKING) == [(105, 230, "known known", [AWAY])]


def test_talk_and_ring_that_a_gap_swallowed_are_known_to_its_beginning() -> None:
    for stream, state, since in ((talking(), ActivityState.TALKING, 105), (waiting(), ActivityState.RINGING, 102)):
        gone = [*stream, *again(complete=False), *listing()]
        assert did(gone, state) == [(since, 130, "known ?", [AWAY])]


def test_talk_that_began_in_a_gap_is_known_from_its_first_sight() -> None:
    there = [*listing(CUSTOMER, AGENT, BridgeId="x"), Message("Event: StatusComplete")]
    found = [*waiting(), *again(complete=False), *there, *over(230)]
    assert did(found, ActivityState.TALKING) == [(200, 230, "? known", [AWAY])]
    assert did(found, ActivityState.RINGING) == [(102, 130, "known ?", [AWAY])]


def test_wrap_up_whose_end_or_beginning_nobody_saw_has_no_length() -> None:
    ended = [CAME, *talking(), *over(120)]
    for seconds, until, known in ((60, 180, "known ?"), (90, 210, "known known"), (5, 125, "known known")):
        (wrap,) = did([*ended, *again(member()), mark("received", 400)], ActivityState.WRAPPING_UP, sales=seconds)
        assert wrap[:3] == (120, min(until, 130) if known == "known ?" else until, known)
        replay = Replay(wrap_up_s={"sales": seconds})
        replay.run((None, message) for message in [*ended, *again(member()), mark("received", 400)])
        assert replay.calls["c"].wrap_s == (5 if seconds == 5 else None)
    stream = [CAME, *talking(), *again(member(), complete=False), *listing(), mark("received", 400)]
    assert did(stream, ActivityState.WRAPPING_UP, sales=20) == []


def test_clock_that_is_set_marks_what_goes_on() -> None:
    stream = [CAME]
    for second in range(51, 200):
        stream += [mark("received", second), member(at=second)]
    stream += [mark("received", 200), member(at=3800), mark("received", 210), member("QueueMemberRemoved", 3810)]
    ((start, end, known, gaps),) = did(stream, ActivityState.LOGGED_IN)
    assert (start, end, known, len(gaps)) == (50.4, 3810, "known known", 1)
    assert gaps[0][1] - gaps[0][0] == pytest.approx(3600, abs=2)  # type: ignore[operator]


def test_lost_event_of_a_call_marks_what_its_agent_did() -> None:
    """Nothing told how the ringing came out, so when it ended is not known; nor what else the agent did then."""
    stream = [CAME, *[m for m in talking() if m.name not in ("DialEnd", "BridgeEnter", "AgentConnect")], *over(140)[3:]]
    ((start, _, known, gaps),) = did(stream, ActivityState.RINGING)
    assert (start, known, bool(gaps)) == (102, "known ?", True)
    assert did(stream, ActivityState.LOGGED_IN)[0][3]


@pytest.mark.parametrize("lost", ["c", "a"])
def test_talk_of_which_one_side_was_not_seen_to_begin_is_marked(lost: str) -> None:
    stream = [m for m in talking() if m.name != "BridgeEnter" or m.get("Uniqueid") != lost]
    assert did([*stream, *over(140)], ActivityState.TALKING) == [(140, 140, "? known", [(105, 140)])]


def test_what_is_read_again_after_a_restart_was_heard_before() -> None:
    """The journal is read from somewhere in its midst: what a call or a log-in was before, its row tells already."""
    tail = [event("Hold", 110, **on(*AGENT)), event("Unhold", 115, **on(*AGENT)), *over(140)]
    replay = Replay()
    replay.assembler.resume(["c"])
    replay.run((None, message) for message in [member(at=108), *tail, mark("received", 150), mark("connected", 200)])
    (only,) = replay._activities.values()
    told = (
        only.state,
        _s(only.started_at),
        only.ended_at,
        [(_s(gap.started_at), _s(gap.ended_at)) for gap in only.gaps],
    )
    assert told == (ActivityState.LOGGED_IN, 50, None, [(150, 200)])


def test_member_who_is_told_of_before_the_listing_names_them_was_not_seen_since_the_connection_went() -> None:
    stream = [*again(member(at=201, Interface="PJSIP/1002"), complete=False), member(at=202)]
    assert did(stream, ActivityState.LOGGED_IN) == [(50, None, "known known", [AWAY])]


def test_replay_tells_gaps_beside_what_it_told_before() -> None:
    replay = Replay()
    replay.run((None, message) for message in [CAME, *again()])
    (agent,) = replay.told()["agents"]
    assert agent["activities"] == [{
        "state": "logged_in", "reason": None, "from_at": "1970-01-01T00:00:50.400000Z", "to_at": "1970-01-01T00:02:10Z",
        "from_known": True, "to_known": False,
        "gaps": [{"from_at": "1970-01-01T00:02:10Z", "to_at": "1970-01-01T00:03:20Z"}],
    }]  # fmt: skip
    assert on(*CUSTOMER)["Uniqueid"] == "c"
