"""What agents do beside calls: wrap-ups, pauses, log-ins, by their events and by listings."""

from __future__ import annotations

import pytest

from telephony.frames import Message
from telephony.replay import Replay
from telephony.tables import ActivityState
from tests.telephony.hand_made import Followed, mark, over, talking
from tests.telephony.test_assembler import event


def member(at: float, **more: object) -> Message:
    fields = {"Paused": "0", "Wrapuptime": "15", "LoginTime": "50", "LastPause": "0"} | more
    return event("QueueMemberStatus", at, Queue="sales", Interface="PJSIP/1001", MemberName="Sara", **fields)


def test_wrap_up_lasts_as_long_as_the_queue_says() -> None:
    followed = Followed()
    call = followed.feed([member(100), *talking(), *over(140)])
    assert call.wrap_s is None
    call = followed.feed([mark("received", 170)])
    assert (call.wrap_s, call.spans[0].wrap_s) == (15, 15)
    (wrap,) = followed.doing(ActivityState.WRAPPING_UP)
    assert wrap.ended_at is not None
    assert (wrap.started_at.timestamp(), wrap.ended_at.timestamp()) == (140, 155)


@pytest.mark.parametrize(
    "sooner",
    [
        event("QueueMemberPause", 144, Queue="sales", Interface="PJSIP/1001", MemberName="Sara", Paused="1"),
        event("QueueMemberRemoved", 144, Queue="sales", Interface="PJSIP/1001", MemberName="Sara"),
    ],
)
def test_wrap_up_ends_sooner_by_a_pause_or_a_log_out(sooner: Message) -> None:
    followed = Followed()
    call = followed.feed([member(100), *talking(), *over(140), sooner])
    assert call.wrap_s == 4


def test_queue_that_names_no_wrap_up_time_leaves_it_unknown() -> None:
    followed = Followed()
    call = followed.feed([member(100, Wrapuptime="0"), *talking(), *over(140), mark("received", 400)])
    assert call.wrap_s is None
    assert not followed.doing(ActivityState.WRAPPING_UP)


def test_wrap_up_time_of_the_settings_counts_where_the_member_has_none() -> None:
    followed = Followed(sales=20, other=60)
    call = followed.feed([member(100, Wrapuptime="0"), *talking(), *over(140), mark("received", 400)])
    assert call.wrap_s == 20
    assert Followed(sales=20).feed([member(100), *talking(), *over(140), mark("received", 400)]).wrap_s == 15


def test_agent_is_paused_who_is_paused_in_every_queue() -> None:
    followed = Followed()

    def paused(queue: str, at: float, reason: str) -> Message:
        return event("QueueMemberPause", at, Queue=queue, Interface="PJSIP/1001", MemberName="Sara",
                     Paused="1" if reason else "0", PausedReason=reason)  # fmt: skip

    def added(queue: str, at: float) -> Message:
        return event("QueueMemberAdded", at, Queue=queue, Interface="PJSIP/1001", MemberName="Sara", Paused="0")

    for message in (
        added("a", 10),
        added("b", 11),
        paused("a", 20, "ناهار"),
        paused("b", 30, "ناهار"),
        paused("a", 40, ""),
    ):
        followed.assembler.feed(message)
    for message in (
        event("QueueMemberRemoved", at, Queue=q, Interface="PJSIP/1001") for q, at in (("a", 50), ("b", 60))
    ):
        followed.assembler.feed(message)
    found = [
        (a.state.value, a.started_at.timestamp(), a.ended_at and a.ended_at.timestamp(), a.reason)
        for a in followed.assembler.activities_changed()
    ]
    assert sorted(found, key=lambda one: one[1]) == [
        ("logged_in", 10, 60, None),
        ("paused", 30, 40, "ناهار"),
        ("paused", 50, 60, "ناهار"),
    ]


def test_member_whom_a_listing_no_longer_names_logged_out_in_the_gap() -> None:
    followed = Followed()
    followed.assembler.feed(member(100))
    followed.assembler.feed(mark("connected", 130))
    followed.assembler.feed(Message("Event: QueueStatusComplete\r\nActionID: avasanj-3"))
    (activity,) = followed.assembler.activities_changed()
    assert activity.ended_at is not None
    assert (activity.started_at.timestamp(), activity.ended_at.timestamp()) == (50, 100)


def test_pause_begins_when_its_event_says_and_by_the_whole_second_where_only_a_listing_tells() -> None:
    def paused(name: str) -> list[Message]:
        return [event(name, 100.518, Queue="sales", Interface="PJSIP/1001", MemberName="Sara", Paused="1",
                      PausedReason="x", LoginTime="90", LastPause="100")]  # fmt: skip

    began = {}
    for name in ("QueueMemberPause", "QueueMemberStatus"):
        followed = Followed()
        followed.assembler.feed(mark("received", 100.6))
        for message in (*paused(name), *paused("QueueMemberStatus")):
            followed.assembler.feed(message)
        began[name] = [
            activity.started_at.timestamp()
            for activity in followed.assembler.activities_changed()
            if activity.state is ActivityState.PAUSED
        ]
    assert began == {"QueueMemberPause": [100.518], "QueueMemberStatus": [100]}


@pytest.mark.parametrize("login", [{}, {"LoginTime": "50"}])
def test_pause_in_one_of_two_queues_is_none_however_late_the_other_is_heard_of(login: dict[str, str]) -> None:
    def heard(name: str, queue: str, paused: str, at: float) -> Message:
        return event(name, at, Queue=queue, Interface="PJSIP/1001", MemberName="Sara", Paused=paused, **login)

    stream = [heard("QueueMemberPause", "b", "1", 100.5), heard("QueueMemberStatus", "a", "0", 160)]
    replay = Replay()
    replay.run((None, message) for message in stream)
    assert {activity.state for activity in replay._activities.values()} == {ActivityState.LOGGED_IN}
    stream.append(heard("QueueMemberPause", "a", "1", 170.5))
    replay = Replay()
    replay.run((None, message) for message in stream)
    assert [
        activity.started_at.timestamp()
        for activity in replay._activities.values()
        if activity.state is ActivityState.PAUSED
    ] == [170.5]
