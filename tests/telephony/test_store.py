"""What the assembler saw stands in the database in full, however often and in whatever order it is written."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from avasanj.database import Database
from avasanj.settings import Settings
from telephony import problems, store
from telephony.ids import call_id
from telephony.ledger import (
    Activity,
    CallSnapshot,
    HungUpBy,
    Span,
    Stretch,
    Transfer,
    TransferKind,
    Visit,
)
from telephony.recordings import SettledRecording
from telephony.soundfiles import SoundFacts
from telephony.tables import (
    ActivityState,
    AgentActivity,
    Call,
    CallState,
    Direction,
    Disposition,
    Party,
    VisitOutcome,
)

START = datetime.datetime(2026, 11, 22, 9, 0, tzinfo=datetime.UTC)


def at(seconds: float) -> datetime.datetime:
    return START + datetime.timedelta(seconds=seconds)


def seen(linked_id: str = "1.1", start_s: float = 0.0, **changes: Any) -> CallSnapshot:
    """An answered call of two minutes that two queues and two agents took part in."""
    facts: dict[str, Any] = {
        "pbx": "pbx", "linked_id": linked_id, "direction": Direction.INBOUND, "state": CallState.ENDED,
        "disposition": Disposition.ANSWERED, "queue": "sales", "caller_raw": "09120000042", "caller_name": None,
        "called_raw": "02100000100", "started_at": at(start_s), "queued_at": at(start_s + 1), "answered_at": at(start_s + 31),
        "ended_at": at(start_s + 120), "wait_s": 30.0, "ring_s": 5.0, "talk_s": 80.0, "hold_s": 0.0,
        "hung_up_by": HungUpBy.CUSTOMER, "complete": True, "holds": (), "recordings": (),
        "spans": (
            Span(uniqueid="2", interface="PJSIP/1001", agent_name="Sara", started_at=at(start_s + 31),
                 ended_at=at(start_s + 80), hold_s=0.0, ring_s=5.0),
            Span(uniqueid="3", interface="PJSIP/1002", agent_name="Ali", started_at=at(start_s + 80),
                 ended_at=at(start_s + 120), hold_s=0.0, ring_s=None, wrap_s=15.0),
        ),
        "transfers": (Transfer(kind=TransferKind.BLIND, transferrer="1001", target="1002", at=at(start_s + 79)),),
        "visits": (
            Visit(queue="support", joined_at=at(start_s + 1), left_at=at(start_s + 21), outcome=VisitOutcome.TIMED_OUT),
            Visit(queue="sales", joined_at=at(start_s + 21), left_at=at(start_s + 31), outcome=VisitOutcome.ANSWERED),
        ),
        "wrap_s": 15.0,
        "gaps": (Stretch(started_at=at(start_s + 90), ended_at=at(start_s + 95.5)),),
        "mutes": (Stretch(started_at=at(start_s + 40), ended_at=at(start_s + 52)),),
    }  # fmt: skip
    return CallSnapshot(**facts | changes)


def save(database: Database, settings: Settings, *calls: CallSnapshot) -> None:
    for call in calls:
        with database.transaction() as session:
            store.save(session, call, settings)


def load(database: Database, linked_id: str = "1.1") -> Call:
    parts = (Call.spans, Call.handovers, Call.visits, Call.hold_spans, Call.recordings)
    with database.read() as session:
        return session.get_one(Call, call_id("pbx", linked_id), options=[selectinload(part) for part in parts])


def test_all_of_a_call_is_kept(settings: Settings, database: Database) -> None:
    save(database, settings, seen(), seen())
    call = load(database)
    assert [(t.kind, t.from_number, t.to_number, t.at) for t in call.handovers] == [("blind", "1001", "1002", at(79))]
    assert [(v.queue, v.joined_at, v.left_at, v.outcome) for v in call.visits] == [
        ("support", at(1), at(21), "timed_out"), ("sales", at(21), at(31), "answered"),
    ]  # fmt: skip
    assert (call.gaps, call.mutes, call.wrap_s, call.transfers) == ([[90.0, 95.5]], [[40.0, 52.0]], 15.0, 1)
    assert [span.wrap_s for span in call.spans] == [None, 15.0]


def test_parts_that_turn_out_not_to_be_disappear_and_the_others_keep_their_ids(
    settings: Settings, database: Database
) -> None:
    save(database, settings, seen())
    first = load(database)
    whole = seen()
    save(database, settings, dataclasses.replace(whole, spans=whole.spans[:1], visits=whole.visits[1:], transfers=()))
    second = load(database)
    assert [span.id for span in second.spans] == [first.spans[0].id]
    assert [visit.queue for visit in second.visits] == ["sales"]
    assert (second.handovers, second.transfers) == ([], 0)


def test_a_mute_is_open_while_the_call_runs_and_ends_with_it(settings: Settings, database: Database) -> None:
    mutes = (Stretch(started_at=at(40), ended_at=None),)
    save(database, settings, seen(state=CallState.TALKING, disposition=None, ended_at=None, mutes=mutes))
    assert load(database).mutes == [[40.0, None]]
    save(database, settings, seen(mutes=mutes))
    assert load(database).mutes == [[40.0, 120.0]]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_repeat_calls_are_linked_in_whatever_order_they_arrive(
    settings: Settings, database: Database, order: Sequence[int]
) -> None:
    calls = [seen(f"{n}", start_s=n * 40 * 3600) for n in range(3)]
    save(database, settings, *(calls[n] for n in order))
    ids = [call_id("pbx", f"{n}") for n in range(3)]
    assert [load(database, f"{n}").repeat_of for n in range(3)] == [None, ids[0], ids[1]]


@pytest.mark.parametrize(
    "second",
    [
        seen("2", start_s=73 * 3600),
        seen("2", start_s=3600, caller_raw="09120000043"),
        seen("2", start_s=3600, caller_raw=None),
        seen("2", start_s=3600, caller_raw="1002"),
        seen("2", start_s=3600, direction=Direction.OUTBOUND, called_raw="09120000042"),
    ],
    ids=["too late", "another number", "hidden", "an extension", "outgoing"],
)
def test_other_calls_repeat_nothing(settings: Settings, database: Database, second: CallSnapshot) -> None:
    save(database, settings, seen(), second)
    assert load(database, "2").repeat_of is None


def test_a_repetition_follows_when_the_call_between_gets_another_number_or_turns_out_to_be_none(
    settings: Settings, database: Database
) -> None:
    running = {"state": CallState.WAITING, "disposition": None, "ended_at": None, "answered_at": None}
    between = seen("2", start_s=600, **running)
    save(database, settings, seen("1"), between, seen("3", start_s=1200))
    assert load(database, "3").repeat_of == call_id("pbx", "2")
    save(database, settings, dataclasses.replace(between, caller_raw="09120000043"))
    assert load(database, "3").repeat_of == call_id("pbx", "1")
    save(database, settings, between)
    assert load(database, "3").repeat_of == call_id("pbx", "2")
    save(database, settings, dataclasses.replace(between, merged_into="1"))
    assert load(database, "3").repeat_of == call_id("pbx", "1")


def did(state: ActivityState, start_s: float, end_s: float | None = None, **changes: Any) -> Activity:
    facts: dict[str, Any] = {
        "pbx": "pbx", "interface": "PJSIP/1001", "agent_name": "Sara", "state": state, "reason": None, "linked_id": None,
        "started_at": at(start_s), "ended_at": None if end_s is None else at(end_s),
    }  # fmt: skip
    return Activity(**facts | changes)


def activities(database: Database) -> list[tuple[str, datetime.datetime, datetime.datetime | None]]:
    with database.read() as session:
        rows = session.scalars(select(AgentActivity).order_by(AgentActivity.started_at, AgentActivity.state))
        return [(row.state, row.started_at, row.ended_at) for row in rows]


def test_an_activity_written_again_ends_once_and_does_not_open_again(database: Database) -> None:
    open_, ended = did(ActivityState.TALKING, 0), did(ActivityState.TALKING, 0, 30)
    for written in ([open_], [open_, ended], [open_], [ended, ended]):
        with database.transaction() as session:
            store.save_activities(session, written)
    assert activities(database) == [("talking", at(0), at(30))]


def test_a_new_log_in_ends_one_whose_end_was_missed(database: Database) -> None:
    with database.transaction() as session:
        store.save_activities(session, [did(ActivityState.LOGGED_IN, 0), did(ActivityState.TALKING, 5)])
        store.save_activities(session, [did(ActivityState.LOGGED_IN, 60), did(ActivityState.TALKING, 70)])
    assert activities(database) == [
        ("logged_in", at(0), at(60)), ("talking", at(5), None), ("logged_in", at(60), None), ("talking", at(70), None),
    ]  # fmt: skip


def test_calls_that_nobody_follows_any_more_end_with_all_their_parts(settings: Settings, database: Database) -> None:
    whole = seen()
    running = dataclasses.replace(
        whole,
        state=CallState.TALKING,
        ended_at=None,
        disposition=None,
        spans=(whole.spans[0]._replace(ended_at=None),),
        visits=(whole.visits[0]._replace(left_at=None, outcome=None),),
        mutes=(Stretch(started_at=at(40), ended_at=None),),
    )
    save(database, settings, running, dataclasses.replace(running, linked_id="2"))
    with database.transaction() as session:
        talking = [did(ActivityState.TALKING, 31, linked_id="1.1"), did(ActivityState.TALKING, 32, linked_id="2")]
        store.save_activities(session, [*talking, did(ActivityState.LOGGED_IN, 0)])
    with database.transaction() as session:
        store.close_orphans(session, "pbx", {"2"})
    call = load(database)
    assert (call.state, call.complete) == ("ended", False)
    assert None not in (call.spans[0].ended_at, call.visits[0].left_at, call.mutes[0][1])
    assert call.gaps[-1][1] is None
    assert load(database, "2").state == "talking"
    open_ = [(state, started) for state, started, ended in activities(database) if ended is None]
    assert open_ == [("logged_in", at(0)), ("talking", at(32))]
    assert [(state, start, known) for state, start, known, _ in unseen(database)] == [("talking", 31, "?")]


def test_log_ins_and_pauses_that_the_queues_no_longer_tell_ended_when_the_pbx_was_last_heard(
    database: Database,
) -> None:
    """After a crash of the listener or of the PBX: who is still there is listed anew."""
    gone, other = {"interface": "PJSIP/1002"}, {"pbx": "branch"}
    before = [
        did(ActivityState.LOGGED_IN, 0.4), did(ActivityState.PAUSED, 5), did(ActivityState.LOGGED_IN, 1, **gone),
        did(ActivityState.PAUSED, 2, **gone), did(ActivityState.LOGGED_IN, 3, **other), did(ActivityState.TALKING, 7),
    ]  # fmt: skip
    again = [did(ActivityState.LOGGED_IN, 0), did(ActivityState.PAUSED, 22.5), did(ActivityState.LOGGED_IN, 24, **gone)]
    with database.transaction() as session:
        store.save_activities(session, before)
        assert store.end_standing(session, "pbx", again, heard_at=at(10), again_at=at(20)) == 3
        store.save_activities(session, again)
        assert store.end_standing(session, "pbx", again, heard_at=at(10), again_at=at(20)) == 0
    told = [(state, started.second, ended and ended.second) for state, started, ended in activities(database)]
    assert told == [
        ("logged_in", 0, None), ("logged_in", 1, 10), ("paused", 2, 10), ("logged_in", 3, None), ("paused", 5, 10),
        ("talking", 7, None), ("paused", 22, None), ("logged_in", 24, None),
    ]  # fmt: skip
    assert unseen(database) == [
        ("logged_in", 1, "?", [(10, 20)]),
        ("paused", 2, "?", [(10, 20)]),
        ("paused", 5, "?", [(10, 20)]),
    ]


def unseen(database: Database) -> list[tuple[str, float, str, list[tuple[float | None, float | None]]]]:
    """Activities that are marked: state, start, which end is not known, gaps in seconds."""

    def s(moment: datetime.datetime | None) -> float | None:
        return None if moment is None else (moment - at(0)).total_seconds()

    with database.read() as session:
        rows = session.scalars(select(AgentActivity).order_by(AgentActivity.started_at, AgentActivity.state)).all()
        return [
            (row.state, s(row.started_at) or 0.0, ("" if row.from_known else "?from") + ("" if row.to_known else "?"),
             [(s(gap.lower), s(gap.upper)) for gap in row.gaps])
            for row in rows
            if row.gaps or not row.to_known or not row.from_known
        ]  # fmt: skip


def gap(start_s: float | None, end_s: float) -> Stretch:
    return Stretch(started_at=None if start_s is None else at(start_s), ended_at=at(end_s))


def test_what_was_not_seen_of_an_activity_stays_noted_when_it_is_told_again_without(database: Database) -> None:
    """A listener that was started anew knows of its own gap alone."""
    for written in (
        did(ActivityState.LOGGED_IN, 0.4, gaps=(gap(10, 20),)),
        did(ActivityState.LOGGED_IN, 0, gaps=(gap(50, 60),)),
        did(ActivityState.LOGGED_IN, 0, 70, to_known=False, gaps=(gap(50, 60), gap(70, 80))),
        did(ActivityState.LOGGED_IN, 0),
        did(ActivityState.PAUSED, 30.5, from_known=False, gaps=(gap(None, 30.5),)),
        did(ActivityState.RINGING, 80),
        did(ActivityState.RINGING, 80, 90, from_known=False, gaps=(gap(75, 85),)),
    ):
        with database.transaction() as session:
            store.save_activities(session, [written])
    assert unseen(database) == [
        ("logged_in", 0.4, "?", [(10, 20), (50, 60), (70, 80)]), ("paused", 30.5, "?from", [(None, 30.5)]),
        ("ringing", 80, "?from", [(75, 85)]),
    ]  # fmt: skip


def test_talk_that_seemed_to_end_unseen_and_went_on_has_its_true_end(database: Database) -> None:
    for end_s, known in ((10, False), (None, True), (30, True)):
        with database.transaction() as session:
            store.save_activities(session, [did(ActivityState.TALKING, 0, end_s, to_known=known)])
    assert (activities(database), unseen(database)) == ([("talking", at(0), at(30))], [])


def test_file_that_holds_the_same_for_two_calls_is_used_for_neither(settings: Settings, database: Database) -> None:
    def told(path: str, content: str) -> SettledRecording:
        facts = SoundFacts(duration_s=9.0, rate_hz=8000, codec="pcm", channels=1, sha256=content * 64, cut_off=False)
        return SettledRecording(party=Party.CUSTOMER, path=path, offset_s=0.0, facts=facts)

    save(database, settings, seen("1"), seen("2", start_s=600), seen("3", start_s=900))
    for linked_id, path, content in (("1", "/r/a.wav", "a"), ("2", "/r/b.wav", "a"), ("3", "/r/a.wav", "b")):
        with database.transaction() as session:
            store.settle(session, call_id("pbx", linked_id), [told(path, content)])
    assert [load(database, linked_id).recordings[0].problem for linked_id in "123"] == [None] * 3
    save(database, settings, seen("4", start_s=1200))
    for _ in range(2):
        with database.transaction() as session:
            store.settle(session, call_id("pbx", "4"), [told("/r/a.wav", "b")])
    text = problems.text(problems.SHARED, file="a.wav")
    assert [load(database, linked_id).recordings[0].problem for linked_id in "1234"] == [None, None, text, text]


def test_calls_of_one_customer_saved_at_the_same_moment_are_linked(settings: Settings, database: Database) -> None:
    calls = [seen(f"{number}", start_s=number * 60, pbx=pbx) for pbx in ("pbx", "branch") for number in range(12)]
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(save, database, settings, call) for call in calls]:
            done.result()
    with database.read() as session:
        kept = session.scalars(select(Call).order_by(Call.started_at, Call.id)).all()
    assert [call.repeat_of for call in kept] == [None, *(call.id for call in kept[:-1])]


def test_pause_that_was_seen_to_begin_is_the_same_when_a_listing_tells_the_second_alone(database: Database) -> None:
    """After a restart the listener may know of it from the PBX's listing only."""
    for written in (did(ActivityState.PAUSED, 0.518), did(ActivityState.PAUSED, 0), did(ActivityState.PAUSED, 0, 9)):
        with database.transaction() as session:
            store.save_activities(session, [written])
    assert activities(database) == [("paused", at(0.518), at(9))]
