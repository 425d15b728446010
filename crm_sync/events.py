"""What other systems are told about a call: one CloudEvents 1.0 document."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from avasanj.database import utc_now
from crm_sync.tables import Customer, FollowUp
from scoring.tables import Evaluation, Mood
from telephony.tables import Call

SCORED, MISSED = "avasanj.call.scored.v1", "avasanj.call.missed.v1"


def call_event(
    event_id: uuid.UUID,
    call: Call,
    customer: Customer | None,
    candidates: Sequence[str],
    mood: Mood | None,
    evaluations: Sequence[Evaluation],
    follow_ups: Sequence[FollowUp],
    *,
    address: str,
) -> dict[str, Any]:
    """The event of a finished call. Times are ISO 8601 in UTC, durations seconds, scores 0 to 100, probabilities 0 to 1."""
    return {
        "specversion": "1.0",
        "id": str(event_id),
        "source": f"{address}/",
        "type": SCORED if call.disposition == "answered" else MISSED,
        "subject": str(call.id),
        "time": _iso(utc_now()),
        "datacontenttype": "application/json",
        "data": {
            "call": _call(call, address),
            "customer": customer_of(customer) if customer else None,
            "customer_candidates": list(candidates),
            "dissatisfied": mood.dissatisfied if mood else None,
            "evidence": mood.evidence if mood else [],
            "agents": [
                {
                    "name": e.agent_name,
                    "interface": e.agent_interface,
                    "score": e.score,
                    "needs_person": e.needs_person,
                    "scorecard": e.scorecard,
                    "scorecard_version": e.scorecard_version,
                }
                for e in evaluations
            ],
            "follow_ups": [
                {"id": str(f.id), "rule": f.rule, "state": f.state, "due_at": _iso(f.due_at), "owner": f.owner_name}
                for f in follow_ups
            ],
        },
    }


def _call(call: Call, address: str) -> dict[str, Any]:
    return {
        "id": str(call.id),
        "pbx": call.pbx,
        "linked_id": call.linked_id,
        "direction": call.direction,
        "disposition": call.disposition,
        "queue": call.queue,
        "customer_number": call.customer_e164,
        "called": call.called_raw,
        "started_at": _iso(call.started_at),
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
        "wait_s": call.wait_s,
        "talk_s": call.talk_s,
        "hold_s": call.hold_s,
        "wrap_s": call.wrap_s,
        "transfers": call.transfers,
        "hung_up_by": call.hung_up_by,
        "repeat_of": str(call.repeat_of) if call.repeat_of else None,
        "url": f"{address}/calls/{call.id}",
    }


def customer_of(customer: Customer) -> dict[str, Any]:
    """A customer as events name them."""
    return {"id": str(customer.id), "name": customer.name, "numbers": sorted(phone.e164 for phone in customer.phones)}


def _iso(moment: datetime.datetime | None) -> str | None:
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z") if moment else None
