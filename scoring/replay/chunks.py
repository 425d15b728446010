"""One chunk of a replay: taken by one process at a time, read, tried, and saved whole or not at all."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from avasanj.log import get_logger
from scoring.asking import Asks
from scoring.heads import Heads
from scoring.mood import Encodes
from scoring.replay import before
from scoring.replay.mooding import try_heads
from scoring.replay.pinned import earlier, others
from scoring.replay.planning import card_of, chosen_by
from scoring.replay.reading import StoredCall, stored_calls
from scoring.replay.tables import ReplayChunk, ReplayMood, ReplayResult, ReplayRun, ReplayState
from scoring.replay.trying import Form, Outcome, Tried, try_card

_log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What a process tries calls with."""

    tried: Tried | None
    heads: Heads | None
    encoder: Encodes
    model: Asks | None = None


def tried_in(session: Session, run: ReplayRun) -> Tried | None:
    """The form of a replay with the forms that it stands among; None where only heads are tried."""
    if run.source is None or run.scorecard is None:
        return None
    return Tried(
        form=Form(card_of(run.source)),
        others=others(session, run),
        beside=Form(card_of(run.against_source)) if run.against_source else None,
        earlier=earlier(session, run),
        agents=chosen_by(run).agents,
    )


def take(session: Session, run_id: uuid.UUID) -> ReplayChunk | None:
    """A chunk that nobody is at, for as long as the transaction lasts: whose process dies, gives it back. None if there is none."""
    running = select(ReplayRun.id).where(ReplayRun.id == run_id, ReplayRun.state == ReplayState.RUNNING)
    return session.scalar(
        select(ReplayChunk)
        .where(ReplayChunk.run_id == run_id, ReplayChunk.done_at.is_(None), running.exists())
        .order_by(ReplayChunk.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def do(session: Session, run: ReplayRun, chunk: ReplayChunk, bench: Bench) -> None:
    """Try every call of the chunk, and add what came of it to the session's transaction."""
    began_s = time.process_time()
    calls = stored_calls(session, chunk, chosen_by(run))
    results, moods, broken = _tried(session, run, calls, bench)
    if results:
        session.execute(insert(ReplayResult), results)
    if moods:
        session.execute(insert(ReplayMood), moods)
    done = {"done_at": utc_now(), "broken": broken, "cpu_s": time.process_time() - began_s}
    key = (ReplayChunk.run_id == chunk.run_id, ReplayChunk.number == chunk.number)
    session.execute(update(ReplayChunk).where(*key).values(done))
    session.execute(update(ReplayRun).where(ReplayRun.id == run.id).values(seen_at=func.clock_timestamp()))


def _tried(
    session: Session, run: ReplayRun, calls: Sequence[StoredCall], bench: Bench
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    ids = [stored.call.id for stored in calls]
    standing = (
        before.standing(session, run.scorecard, [*bench.tried.earlier], ids) if run.scorecard and bench.tried else {}
    )
    moods = before.moods(session, ids) if bench.heads else {}
    holds = before.unannounced_holds(session, ids) if bench.heads else {}
    results, felt, broken = [], [], 0
    for stored in calls:
        id_ = stored.call.id
        try:
            if bench.tried is not None:
                parts = _by_part(standing, stored)
                outcomes = try_card(stored, bench.tried, parts, bench.encoder, bench.model)
                results += [_row(run.id, stored, outcome) for outcome in outcomes]
            if bench.heads is not None:
                mood = try_heads(stored, bench.heads, moods.get(id_), holds.get(id_, 0), bench.encoder)
                felt.append(
                    {
                        "run_id": run.id,
                        "call_id": id_,
                        "started_at": stored.call.started_at,
                        "queue": stored.call.queue,
                        **mood,
                    }
                )
        except Exception:  # noqa: BLE001 - one odd call must not end the trial of the others: it is logged, counted and shown
            broken += 1
            _log.exception("replay_call_failed", run=str(run.id), call=str(id_))
    return results, felt, broken


def _by_part(standing: Mapping[before.Part, before.Stood], stored: StoredCall) -> dict[int, before.Stood]:
    positions = {0, *(span.position for span in stored.call.spans)}
    return {position: one for position in positions if (one := standing.get((stored.call.id, position)))}


def _row(run_id: uuid.UUID, stored: StoredCall, outcome: Outcome) -> dict[str, Any]:
    part, old, new = outcome.part, outcome.before, outcome.after
    span = next((one for one in stored.call.spans if one.position == part.position), None)
    return {
        "run_id": run_id,
        "call_id": stored.call.id,
        "span_position": part.position,
        "started_at": stored.call.started_at,
        "agent": part.name or part.interface,
        "user_id": span.user_id if span else None,
        "queue": part.queue,
        "before": old is not None,
        "after": new is not None,
        "score_before": old.score if old else None,
        "score_after": new.score if new else None,
        "passed_before": old.passed if old else None,
        "passed_after": new.passed if new else None,
        "failed_before": old is not None and old.failed,
        "failed_after": new is not None and new.failed,
        "counts": all(one.counts for one in (old, new) if one),
        "changes": list(outcome.changes),
        "note": outcome.note,
    }
