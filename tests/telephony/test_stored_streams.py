"""What real Asterisks sent, written to the database step by step as it came: the rows end as the ledger ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from avasanj.database import Database
from avasanj.settings import Settings
from telephony import store
from telephony.ids import call_id
from telephony.ledger import Activity, CallSnapshot
from telephony.replay import Replay, placed
from telephony.tables import ActivityState, AgentActivity, Call

STREAMS = Path(__file__).resolve().parents[1] / "streams"
STEP = 25


def follow(
    settings: Settings, database: Database, stream: Path
) -> tuple[dict[str, CallSnapshot], dict[tuple[str, str], int]]:
    """Feed the stream and write what changed every STEP messages, twice, as a listener that is restarted does. The calls as
    they ended, and how many stretches each agent has of each state.
    """  # fmt: skip
    told = Replay()
    calls: dict[str, CallSnapshot] = {}
    seen: dict[tuple[str, ActivityState, object], Activity] = {}

    def write(found: list[CallSnapshot]) -> None:
        activities = told.assembler.activities_changed()
        for _ in range(2):
            with database.transaction() as session:
                for call in found:
                    store.save(session, call, settings)
                store.save_activities(session, activities)
        calls.update({call.linked_id: call for call in found})
        seen.update({(one.interface, one.state, one.started_at): one for one in activities})

    for count, (position, message) in enumerate(placed(stream, told)):
        told.assembler.position = position
        told.assembler.feed(message)
        if count % STEP == 0:
            write(told.assembler.changed())
    write(told.assembler.changed())
    write(told.assembler.end_of_stream())
    with database.read() as session:
        for row in session.scalars(select(AgentActivity)):
            one = seen[row.interface, ActivityState(row.state), row.started_at]
            assert (row.ended_at, row.from_known, row.to_known) == (one.ended_at, one.from_known, one.to_known)
            assert [(gap.lower, gap.upper) for gap in row.gaps] == [(gap.started_at, gap.ended_at) for gap in one.gaps]
    stretches: dict[tuple[str, str], int] = {}
    for interface, state, _ in seen:
        stretches[interface, state.value] = stretches.get((interface, state.value), 0) + 1
    return {id_: call for id_, call in calls.items() if call.merged_into is None}, stretches


@pytest.mark.parametrize(
    "name",
    [
        "22-agent_logs_in_pauses_and_leaves", "22-attended_refer", "22-attended_refer_to_queue", "22-blind_manager",
        "22-all_at_once", "16-attended_refer", "16-queue_customer_ends",
    ],
)  # fmt: skip
def test_rows_end_as_the_ledger_ends(settings: Settings, database: Database, name: str) -> None:
    stream = STREAMS / f"{name}.txt.gz"
    calls, stretches = follow(settings, database, stream)
    assert calls
    parts = (Call.spans, Call.handovers, Call.visits, Call.hold_spans)
    with database.read() as session:
        rows = {row.id: row for row in session.scalars(select(Call).options(*(selectinload(part) for part in parts)))}
        kept: dict[tuple[str, str], int] = {}
        for activity in session.scalars(select(AgentActivity)):
            kept[activity.interface, activity.state] = kept.get((activity.interface, activity.state), 0) + 1
    assert set(rows) == {call_id(call.pbx, linked_id) for linked_id, call in calls.items()}
    for linked_id, call in calls.items():
        row = rows[call_id(call.pbx, linked_id)]
        assert (row.state, row.disposition, row.talk_s) == (call.state, call.disposition, call.talk_s)
        assert [(s.interface, s.started_at, s.ended_at, s.wrap_s) for s in row.spans] == [
            (s.interface, s.started_at, s.ended_at, s.wrap_s) for s in call.spans
        ]
        assert [(v.queue, v.joined_at, v.left_at, v.outcome) for v in row.visits] == [
            (v.queue, v.joined_at, v.left_at, v.outcome) for v in call.visits
        ]
        assert [(t.kind, t.from_number, t.to_number, t.at) for t in row.handovers] == [
            (t.kind, t.transferrer, t.target, t.at) for t in call.transfers
        ]
        assert len(row.gaps) == len(call.gaps)
    assert kept == stretches
