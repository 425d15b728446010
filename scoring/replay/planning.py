"""A replay from being planned to being thrown away: what is tried is written down, its calls are cut into chunks, people steer it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import Integer, cast, func, insert, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from avasanj.errors import AvasanjError, InputError
from avasanj.i18n import N_
from avasanj.login import audit
from avasanj.notify import announce
from scoring import library
from scoring.learning.tables import HeadVersion
from scoring.replay.pinned import pin
from scoring.replay.selection import Selection, selection_of
from scoring.replay.tables import ReplayChunk, ReplayRun, ReplayState
from scoring.scorecard import Scorecard
from scoring.tables import CardVersion

#: Calls tried in one transaction: what is lost at most when a process is killed, and the longest that a stop takes.
CHUNK_CALLS = 200
#: The text model takes a hundred times as long over a call.
CHUNK_CALLS_ENCODED = 10
NOTHING_TRIED = N_("Choose a scorecard, other weights of the text model, or both: nothing would be tried.")
NO_CALLS = N_("No call with words fits. Choose a longer time or fewer limits.")
NO_QUESTIONS = N_("Version %(version)s of %(key)s can't be tried yet: %(reason)s")
EMPTY_FORM = N_("it has no questions.")
NO_HEADS = N_("There are no weights with the number %(number)s.")
NO_RUN = N_("There is no such replay.")
NOT_NOW = N_("This replay is over, or at work: that can't be done with it now.")
BAD_ID = N_("%(id)s is no replay's id. `avasanj scorecards replays` lists them.")
TEXTS = (NOTHING_TRIED, NO_CALLS, NO_QUESTIONS, EMPTY_FORM, NO_HEADS, NO_RUN, NOT_NOW, BAD_ID)
STEERABLE = frozenset({ReplayState.PLANNED, ReplayState.RUNNING, ReplayState.PAUSED, ReplayState.FAILED})


def plan(
    session: Session,
    selection: Selection,
    *,
    scorecard: str | None = None,
    version: int | None = None,
    against: int | None = None,
    heads: int | None = None,
    with_model: bool = False,
    by: uuid.UUID | None = None,
) -> ReplayRun:
    """Write down what is tried on which calls. Nothing is tried yet.

    `version` of whatever state (None: the newest); `against` is a version computed beside it (None: what stands is compared with);
    `heads` is a number of the center's own heads, 0 for the shipped ones. Raises InputError where nothing can be tried.
    """
    if scorecard is None and heads is None:
        raise InputError(NOTHING_TRIED)
    run = ReplayRun(
        chosen=selection.stored(),
        heads=heads,
        with_model=with_model,
        made_by=by,
        state=ReplayState.PLANNED.value,
    )
    if scorecard is not None:
        tried = _version(session, scorecard, version)
        run.chosen |= pin(session, tried.key)
        run.scorecard, run.version, run.source, run.title = tried.key, tried.version, tried.source, tried.title
        if against is not None:
            run.against, run.against_source = against, _version(session, scorecard, against).source
    if heads and session.scalar(select(HeadVersion.id).where(HeadVersion.number == heads)) is None:
        raise InputError(NO_HEADS, number=heads)
    session.add(run)
    session.flush()
    run.calls = _cut(session, run.id, selection, CHUNK_CALLS_ENCODED if is_encoded(run) else CHUNK_CALLS)
    if not run.calls:
        raise InputError(NO_CALLS)
    audit(
        session, by, "replay.plan", run.id, scorecard=run.scorecard, version=run.version, heads=heads, calls=run.calls
    )
    return run


def is_encoded(run: ReplayRun) -> bool:
    """Whether the text model is needed: for heads, and for questions with examples."""
    cards = [card_of(source) for source in (run.source, run.against_source) if source]
    return run.heads is not None or any(question.likeness for card in cards for question in card.questions)


def card_of(source: str) -> Scorecard:
    return library.parsed(source)


def ask(session: Session, run_id: uuid.UUID, by: uuid.UUID | None) -> ReplayRun:
    """Have the workers try it, or go on with it, behind all calls of today. Raises InputError for one that is over."""
    run = _steered(session, run_id)
    if run.state == ReplayState.RUNNING:
        return run
    run.state, run.problem, run.seen_at = (
        ReplayState.RUNNING.value,
        None,
        None,
    )  # nobody is at it yet: a worker will see it
    audit(session, by, "replay.start", run_id)
    announce(session, "replay", run_id)
    return run


def stop(session: Session, run_id: uuid.UUID, by: uuid.UUID | None, *, for_good: bool = False) -> ReplayRun:
    """Let it rest after the chunk that it is at: to go on later, or for good. What came of it so far stays to be looked at."""
    run = _steered(session, run_id)
    run.state = (ReplayState.CANCELLED if for_good else ReplayState.PAUSED).value
    run.ended_at = utc_now() if for_good else None
    audit(session, by, "replay.cancel" if for_good else "replay.pause", run_id)
    announce(session, "replay", run_id)
    return run


def remove(session: Session, run_id: uuid.UUID, by: uuid.UUID | None) -> None:
    """Throw it away with its results. Raises InputError while it runs."""
    run = found(session, run_id, lock=True)
    if run.state == ReplayState.RUNNING:
        raise InputError(NOT_NOW)
    session.delete(run)
    audit(session, by, "replay.remove", run_id)


def found(session: Session, run_id: uuid.UUID | str, *, lock: bool = False) -> ReplayRun:
    """The replay. Raises InputError where there is none with this id."""
    try:
        key = uuid.UUID(str(run_id))
    except ValueError:
        raise InputError(BAD_ID, id=run_id) from None
    query = select(ReplayRun).where(ReplayRun.id == key)
    run = session.scalar(query.with_for_update() if lock else query)
    if run is None:
        raise InputError(NO_RUN)
    return run


def listed(session: Session, most: int = 100) -> Sequence[ReplayRun]:
    """The newest first."""
    return session.scalars(select(ReplayRun).order_by(ReplayRun.made_at.desc(), ReplayRun.id).limit(most)).all()


def _steered(session: Session, run_id: uuid.UUID) -> ReplayRun:
    run = found(session, run_id, lock=True)
    if run.state not in STEERABLE:
        raise InputError(NOT_NOW)
    return run


def _version(session: Session, key: str, version: int | None) -> CardVersion:
    """A version that can be tried: with questions, whatever else its weights lack."""
    known = library.versions(session, key)
    row = known[0] if version is None and known else library.find(session, key, version)
    try:
        card = card_of(row.source)
    except AvasanjError as error:
        raise InputError(NO_QUESTIONS, version=row.version, key=key, reason=error.stored) from None
    if not card.questions:
        raise InputError(NO_QUESTIONS, version=row.version, key=key, reason={"id": EMPTY_FORM})
    return row


def _cut(session: Session, run_id: uuid.UUID, selection: Selection, size: int) -> int:
    """Chunks of calls that follow each other in time, made by the database alone; how many calls there are."""
    chosen = selection.query().subquery()
    order = (chosen.c.started_at, chosen.c.id)
    number = cast(func.div(func.row_number().over(order_by=order) - 1, size), Integer)
    numbered = select(chosen.c.started_at, chosen.c.id, number.label("number")).subquery()
    ends = []
    for column in (numbered.c.started_at, numbered.c.id):
        for upwards in (True, False):
            by = [one.asc() if upwards else one.desc() for one in (numbered.c.started_at, numbered.c.id)]
            ends.append(func.array_agg(aggregate_order_by(column, *by))[1])
    first_at, last_at, first_id, last_id = ends
    chunks = select(
        literal(run_id), numbered.c.number, first_at, first_id, last_at, last_id, func.count(), literal(0)
    ).group_by(numbered.c.number)
    names = ["run_id", "number", "first_at", "first_id", "last_at", "last_id", "calls", "broken"]
    session.execute(insert(ReplayChunk).from_select(names, chunks))
    total = select(func.coalesce(func.sum(ReplayChunk.calls), 0)).where(ReplayChunk.run_id == run_id)
    return int(session.scalar(total) or 0)


def chosen_by(run: ReplayRun) -> Selection:
    return selection_of(run.chosen)
