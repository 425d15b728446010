"""A call's rows in the database, brought to what was seen of it. Parts keep their ids, to which others may point."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from avasanj.database import utc_now
from avasanj.phone import to_e164
from avasanj.settings import Settings
from telephony.ledger import CallSnapshot, NamedRecording, Stretch
from telephony.tables import AgentSpan, Call, CallState, Direction, HoldSpan, QueueVisit, Transfer

_QUEUE_CHARS = 80
Row = TypeVar("Row", AgentSpan, QueueVisit, Transfer)


def fill(row: Call, seen: CallSnapshot, settings: Settings) -> None:
    """The call's own columns and all its parts."""
    row.direction, row.state, row.disposition = seen.direction, seen.state, seen.disposition
    row.queue = None if seen.queue is None else seen.queue[:_QUEUE_CHARS]
    row.caller_raw, row.caller_name, row.called_raw = seen.caller_raw, seen.caller_name, seen.called_raw
    row.customer_e164 = customer_number(seen.direction, seen.caller_raw, seen.called_raw, settings)
    row.started_at, row.queued_at = seen.started_at, seen.queued_at
    row.answered_at, row.ended_at = seen.answered_at, seen.ended_at
    row.wait_s, row.ring_s, row.talk_s, row.hold_s = seen.wait_s, seen.ring_s, seen.talk_s, seen.hold_s
    row.wrap_s, row.hung_up_by = seen.wrap_s, seen.hung_up_by
    row.holds, row.transfers = len(seen.holds), len(seen.transfers)
    row.complete, row.gaps = seen.complete, _stretches(seen, seen.gaps)
    row.mutes = _stretches(seen, seen.mutes, close=True)
    own = settings.call_language or settings.language
    row.language = settings.queue_languages.get(seen.queue or "", row.language or own)
    row.running = [_running(named) for named in seen.running] or None
    row.updated_at = utc_now()
    _fill_spans(row, seen)
    _fill_visits(row, seen)
    _fill_transfers(row, seen)
    _fill_holds(row, seen)


def close_parts(row: Call, at: datetime.datetime) -> None:
    """End at `at` whatever of a call is still open."""
    spans: list[AgentSpan | HoldSpan] = [*row.spans, *row.hold_spans]
    for part in spans:
        part.ended_at = part.ended_at or max(part.started_at, at)
    for visit in row.visits:
        visit.left_at = visit.left_at or max(visit.joined_at, at)
    length_s = (at - row.started_at).total_seconds()
    row.mutes = [[from_s, length_s if to_s is None else to_s] for from_s, to_s in row.mutes]


def customer_number(direction: str, caller: str | None, called: str | None, settings: Settings) -> str | None:
    """E.164 of the party outside, None when it is hidden, an extension, or one of the center's own numbers."""
    if direction == Direction.INTERNAL:
        return None
    raw = called if direction == Direction.OUTBOUND else caller
    if raw is None or (raw.isdigit() and len(raw) <= settings.local_extension_digits):
        return None
    number = to_e164(raw, settings.phone_region, settings.phone_area_code)
    own = {to_e164(mine, settings.phone_region, settings.phone_area_code) for mine in settings.own_numbers}
    return None if number in own else number


def _stretches(seen: CallSnapshot, stretches: Iterable[Stretch], *, close: bool = False) -> list[list[float | None]]:
    """As [from_s, to_s] from the call's start; `close` ends an open one with the call, once that has ended."""

    def seconds(at: datetime.datetime | None) -> float | None:
        return None if at is None else round((at - seen.started_at).total_seconds(), 3)

    last = seen.ended_at if close and seen.state is CallState.ENDED else None
    return [[seconds(stretch.started_at), seconds(stretch.ended_at or last)] for stretch in stretches]


def _running(named: NamedRecording) -> dict[str, Any]:
    def finite(stretches: Iterable[tuple[float, float]]) -> list[list[float | None]]:
        return [[from_s, to_s if math.isfinite(to_s) else None] for from_s, to_s in stretches]

    return {
        "party": named.party.value,
        "path": named.path,
        "offset_s": named.offset_s,
        "cuts": finite(named.cuts),
        "counts": None if named.counts is None else finite(named.counts),
    }


def _by_position(rows: list[Row], wanted: int, make: Callable[[int], Row]) -> Sequence[Row]:
    """`rows` with exactly the positions 0 to `wanted` - 1, in order."""
    known = {row.position: row for row in rows}
    for position in set(known) - set(range(wanted)):
        rows.remove(known[position])
    for position in set(range(wanted)) - set(known):
        known[position] = make(position)
        rows.append(known[position])
    return [known[position] for position in range(wanted)]


def _set(row: Any, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _fill_spans(row: Call, seen: CallSnapshot) -> None:
    kept = _by_position(row.spans, len(seen.spans), lambda position: AgentSpan(position=position))
    for part, span in zip(kept, seen.spans, strict=True):
        _set(part, interface=span.interface, agent_name=span.agent_name, hold_s=span.hold_s, ring_s=span.ring_s)
        _set(part, started_at=span.started_at, ended_at=span.ended_at, wrap_s=span.wrap_s)


def _fill_visits(row: Call, seen: CallSnapshot) -> None:
    kept = _by_position(row.visits, len(seen.visits), lambda position: QueueVisit(position=position))
    for part, visit in zip(kept, seen.visits, strict=True):
        _set(part, queue=visit.queue[:_QUEUE_CHARS], joined_at=visit.joined_at, left_at=visit.left_at)
        part.outcome = visit.outcome


def _fill_transfers(row: Call, seen: CallSnapshot) -> None:
    kept = _by_position(row.handovers, len(seen.transfers), lambda position: Transfer(position=position))
    for part, transfer in zip(kept, seen.transfers, strict=True):
        _set(part, kind=transfer.kind, from_number=transfer.transferrer, to_number=transfer.target, at=transfer.at)


def _fill_holds(row: Call, seen: CallSnapshot) -> None:
    by_start = {hold.started_at: hold for hold in row.hold_spans}
    for hold in {hold.started_at: hold for hold in seen.holds}.values():
        kept = by_start.pop(hold.started_at, None)
        if kept is None:
            kept = HoldSpan(started_at=hold.started_at)
            row.hold_spans.append(kept)
        kept.ended_at, kept.by = hold.ended_at, hold.by
    for gone in by_start.values():
        row.hold_spans.remove(gone)
