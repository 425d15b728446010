"""Calls as JSON. Names and units are the ledger's; times are ISO 8601 in UTC."""

from __future__ import annotations

import datetime
from typing import Any

from dashboard.queries.call import CallDetail
from dashboard.queries.calls import CallRow
from dashboard.queries.wall import Wall
from scoring.tables import Answer, Evaluation
from telephony.tables import AgentSpan, Call, RecordingRequest, Transfer
from telephony.wall import AgentNow, QueueNow

_CALL = (
    "pbx", "linked_id", "source", "direction", "state", "disposition", "queue", "customer_e164", "started_at", "answered_at",
    "ended_at", "wait_s", "talk_s", "hold_s", "holds", "transfers", "hung_up_by", "language", "complete",
)  # fmt: skip
_MOOD = ("dissatisfied", "model", "contributions", "evidence", "curve", "promises")
_VISIT = ("queue", "joined_at", "left_at", "outcome")
_FOLLOW_UP = ("id", "rule", "reason", "state", "due_at", "owner_id", "owner_name", "note", "closed_at")


def row_json(row: CallRow) -> dict[str, Any]:
    """One call of the list."""
    return _call(row.call) | {
        "agents": row.agents,
        "repeat_of": row.call.repeat_of,
        "customer": {"id": row.customer_id, "name": row.customer_name},
        "dissatisfied": row.dissatisfied,
        "score": row.score,
        "needs_person": row.needs_person,
        "open_follow_ups": row.open_follow_ups,
        "stage": row.stage,
        "said_at": [{"turn": place.position, "party": place.party, "start_s": place.start_s} for place in row.places],
    }


def call_json(d: CallDetail) -> dict[str, Any]:
    """One call with its transcript, mood, scores and follow-ups."""
    return _call(d.call) | {
        "agents": d.agents,
        "repeat_of": d.call.repeat_of,
        "wrap_s": d.call.wrap_s,
        "gaps": d.call.gaps,
        "mutes": d.call.mutes,
        "spans": [_span(span, d.call) for span in d.call.spans],
        "handovers": [_handover(found, d.call) for found in d.call.handovers],
        "visits": [{name: getattr(found, name) for name in _VISIT} for found in d.call.visits],
        "recording_request": request_json(d.muting.last) if d.muting and d.muting.last else None,
        "customer": {"id": d.facts.customer.id, "name": d.facts.customer.name} if d.facts else None,
        "stage": d.stage,
        "problems": d.problems,
        "duration_s": d.playback.duration_s if d.playback else None,
        "transcript": _transcript(d),
        "mood": {name: getattr(d.mood, name) for name in _MOOD} if d.mood else None,
        "evaluations": [_evaluation(found) for found in d.evaluations],
        "follow_ups": [{name: getattr(found, name) for name in _FOLLOW_UP} for found in d.follow_ups],
    }


def request_json(request: RecordingRequest) -> dict[str, Any]:
    """What was asked of a running recording, and what came of it."""
    return {name: getattr(request, name) for name in ("id", "mute", "asked_at", "done_at", "problem")}


def wall_json(w: Wall) -> dict[str, Any]:
    """The wall. Rates are shares 0 to 1, lengths seconds, None where there is nothing to measure."""
    return {
        "at": w.at,
        "threshold_s": w.threshold_s,
        "pbx_away": {pbx.name: pbx.since for pbx in w.away},
        "calls": w.calls,
        "total": _queue(w.total, w.at),
        "queues": [_queue(found, w.at) for found in w.queues],
        "agents_by_state": w.by_state,
        "agents": [_agent(found, w) for found in w.agents],
    }


def _queue(found: QueueNow, at: datetime.datetime) -> dict[str, Any]:
    names = (
        "queue",
        "longest_since",
        "answered",
        "abandoned",
        "unanswered",
        "answered_within",
        "abandoned_rate",
        "service_level",
    )
    longest_s = (at - found.longest_since).total_seconds() if found.longest_since else None
    return {name: getattr(found, name) for name in names} | {"waiting": len(found.waiting), "longest_wait_s": longest_s}


def _agent(found: AgentNow, w: Wall) -> dict[str, Any]:
    day = w.spent.get(found.seen.key)
    lengths = (
        "logged_in_s", "free_s", "paused_s", "ringing_s", "talking_s", "wrapping_up_s", "unseen_s", "occupancy",
    )  # fmt: skip
    return {
        "name": found.seen.name,
        "line": found.seen.line,
        "pbx": found.seen.pbx,
        "user_id": found.seen.user_id,
        "state": found.state,
        "reason": found.reason,
        "since": found.since,
        "since_known": found.since_known,
    } | {name: getattr(day, name) if day else None for name in lengths}


def _call(call: Call) -> dict[str, Any]:
    return {"id": call.id} | {name: getattr(call, name) for name in _CALL}


def _span(span: AgentSpan, call: Call) -> dict[str, Any]:
    return {
        "agent": span.interface,
        "name": span.agent_name,
        "user_id": span.user_id,
        "start_s": _after(span.started_at, call),
        "end_s": _after(span.ended_at, call),
    } | {name: getattr(span, name) for name in ("hold_s", "ring_s", "wrap_s")}


def _handover(found: Transfer, call: Call) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "from": found.from_number,
        "to": found.to_number,
        "at": found.at,
        "at_s": _after(found.at, call),
    }


def _after(moment: datetime.datetime | None, call: Call) -> float | None:
    """Seconds from the call's start."""
    return None if moment is None else (moment - call.started_at).total_seconds()


def _transcript(d: CallDetail) -> dict[str, Any] | None:
    if d.transcript is None:
        return None
    names = ("position", "party", "start_s", "end_s", "confidence")
    turns = [
        {name: getattr(turn, name) for name in names}
        | {"text": turn.said, "original": turn.text if turn.corrected is not None else None}
        for turn in d.turns
    ]
    facts = ("language", "language_probability", "source", "model", "model_version", "too_weak", "speakers_guessed")
    return {name: getattr(d.transcript, name) for name in facts} | {"turns": turns}


def _evaluation(found: Evaluation) -> dict[str, Any]:
    names = (
        "scorecard", "scorecard_version", "title", "score", "agent_name", "needs_person", "counts", "kept_out", "passed", "failed",
        "doubted", "critical", "critical_score", "sections", "answered", "reviewed_at",
    )  # fmt: skip
    return {name: getattr(found, name) for name in names} | {"answers": [_answer(answer) for answer in found.answers]}


def _answer(answer: Answer) -> dict[str, Any]:
    names = (
        "question", "title", "section", "kind", "value", "label", "critical", "fatal", "needs_person", "points", "points_possible",
        "confidence", "method", "made_by", "evidence", "reason", "machine",
    )  # fmt: skip
    return {name: getattr(answer, name) for name in names}
