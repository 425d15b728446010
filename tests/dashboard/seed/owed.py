"""What is owed, and how the product itself is."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy.orm import Session

from avasanj.people import StuckWork, Worker
from crm_sync.tables import Connection, Customer, FollowUp, OutboxEvent
from telephony import problems
from telephony.tables import Pbx
from tests.dashboard.seed.names import call_id
from tests.dashboard.seed.words import ANGRY_EN, ANGRY_FA


def add_follow_ups(
    session: Session, now: datetime.datetime, customers: dict[str, Customer], people: dict[str, uuid.UUID]
) -> dict[str, uuid.UUID]:
    def add(
        name: str, call: str, customer: str, rule: str, due_min: float, reason: dict[str, Any], **facts: Any
    ) -> None:
        made[name] = FollowUp(
            call_id=call_id(call),
            customer_id=customers[customer].id,
            rule=rule,
            due_at=now + datetime.timedelta(minutes=due_min),
            reason=reason,
            **facts,
        )
        session.add(made[name])
        session.flush()

    made: dict[str, FollowUp] = {}
    unhappy = {"id": "The customer was dissatisfied (likelihood %(percent)s of 100)", "values": {"percent": "87"}}
    promise = {"id": "The agent promised: “%(words)s”", "values": {"words": ANGRY_FA[8][4]}}
    missed = {"id": "The caller waited %(wait)s and hung up", "values": {"wait": "3:40"}}
    add("late", "angry", "sara", "dissatisfied", -35, unhappy)
    add("promise", "angry", "sara", "promise", 50, promise, owner_id=people["agent"])
    add("missed", "abandoned", "unnamed", "abandoned", 110, missed)
    add(
        "named",
        "english",
        "olivia",
        "promise",
        60 * 20,
        {"id": promise["id"], "values": {"words": ANGRY_EN[6][4]}},
        owner_name="Dana Whitfield",
    )
    done: dict[str, Any] = {
        "state": "done",
        "closed_at": now - datetime.timedelta(minutes=30),
        "closed_by": people["supervisor"],
    }
    add(
        "done",
        "calm",
        "reza",
        "manual-1",
        -60,
        {"id": "Opened by hand", "values": {}},
        note="فاکتور رسمی برایش فرستاده شد.",
        **done,
    )
    session.flush()
    return {name: found.id for name, found in made.items()}


def add_health(session: Session, now: datetime.datetime) -> None:
    session.add(
        Pbx(
            name="main",
            state="connected",
            since=now - datetime.timedelta(hours=30),
            version="22.6.0",
            last_event_at=now,
        )
    )
    session.flush()
    damaged = problems.text(problems.DAMAGED, bytes=512, segment="20261122-0600.zst", offset=40960)
    session.get_one(Pbx, "main").troubles = [damaged]
    lost = problems.text(problems.UNREACHABLE, address="192.0.2.7:5038", fault="connection refused")
    session.add(Pbx(name="branch", state="lost", since=now - datetime.timedelta(minutes=12), detail=lost))
    connection = Connection(
        name="webhook", kind="webhook", url="https://crm.example.org/hooks/avasanj", state="paused", failures=12
    )
    connection.detail = "The receiver answered 500 twelve times in a row."
    session.add(connection)
    session.flush()
    event = OutboxEvent(
        event_id=uuid.uuid4(),
        connection_id=connection.id,
        call_id=call_id("angry"),
        kind="call.scored",
        partition="x",
        ordered_at=now,
    )
    event.state, event.attempts, event.last_reply = "ready", 12, "500 Internal Server Error"
    event.placed_at, event.next_try_at = now - datetime.timedelta(minutes=40), now + datetime.timedelta(minutes=3)
    dead = OutboxEvent(
        event_id=uuid.uuid4(),
        connection_id=connection.id,
        call_id=call_id("calm"),
        kind="call",
        partition="y",
        ordered_at=now - datetime.timedelta(minutes=95),
        payload={"call": str(call_id("calm"))},
    )
    dead.state, dead.attempts, dead.last_reply = "dead", 1, "422 Unprocessable: field 'agent' is unknown"
    session.add_all([event, dead])
    # seen tomorrow: alive for as long as the tests take
    seen = {"started_at": now - datetime.timedelta(hours=30), "seen_at": now + datetime.timedelta(days=1)}
    session.add(Worker(executor_id="host-a:up-1", queues=["intake", "speech", "scoring", "sync"], **seen))
    gone = now - datetime.timedelta(minutes=6)
    session.add(Worker(executor_id="host-b:work-1", queues=["speech"], started_at=gone, seen_at=gone))
    error = "Recording for call 1763800000.12 is not at /var/spool/asterisk/monitor/stuck-t.wav after 30 s. Check MixMonitor's folder."
    session.add(
        StuckWork(
            workflow_id=f"transcribe:{call_id('stuck')}",
            stage="transcribe",
            subject_id=str(call_id("stuck")),
            error=error,
        )
    )
