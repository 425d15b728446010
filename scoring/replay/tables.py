"""What was tried on which stored calls, how far it has come, and what came of it. No score that stands is ever touched."""

from __future__ import annotations

import datetime
import enum
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from avasanj.database import Base, utc_now

SCHEMA = "scoring"
_RUN = f"{SCHEMA}.replay_run.id"
_CALL = "telephony.call.id"


class ReplayState(enum.StrEnum):
    """Where a replay has got to."""

    PLANNED = "planned"  #: its calls are chosen, nothing is tried yet
    RUNNING = "running"
    PAUSED = "paused"  #: goes on where it stopped
    DONE = "done"
    FAILED = "failed"  #: `problem` says why; goes on where it stopped, once that is mended
    CANCELLED = "cancelled"


class ReplayRun(Base):
    """Something tried on stored calls. The forms are kept with it: a draft may change meanwhile, or be published."""

    __tablename__ = "replay_run"
    __table_args__ = (Index("ix_replay_run_made_at", "made_at"), {"schema": SCHEMA})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    scorecard: Mapped[str | None] = mapped_column(String(60))  #: None: only heads are tried
    version: Mapped[int | None]
    source: Mapped[str | None]  #: the version's text as it was when the replay was planned
    title: Mapped[dict[str, Any]] = mapped_column(default=dict)  #: the form's, {"en": ..., "fa": ...}
    against: Mapped[int | None]  #: the version computed beside it; None: what stands is compared with
    against_source: Mapped[str | None]
    heads: Mapped[int | None]  #: number of the heads that are tried, 0 for the shipped ones; None: only a form is tried
    #: {"since", "until" (ISO), "queues", "directions", "agents", "languages", "sample_percent", "most"}; what is left out is no limit.
    #: Beside them "forms": those that were published as it was planned (`scoring.replay.pinned`)
    chosen: Mapped[dict[str, Any]] = mapped_column(default=dict)
    with_model: Mapped[bool] = mapped_column(default=False)  #: whether the language model is asked
    state: Mapped[str] = mapped_column(String(10), default=ReplayState.PLANNED.value)
    calls: Mapped[int] = mapped_column(default=0)  #: how many were chosen
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  #: {"id", "values"}
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("avasanj.user.id", ondelete="SET NULL"))
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime.datetime | None]
    ended_at: Mapped[datetime.datetime | None]
    seen_at: Mapped[datetime.datetime | None]  #: when somebody last worked on it
    #: what came of it, as `scoring.replay.comparing` puts it; None until it is done
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class ReplayChunk(Base):
    """Some calls that follow each other in time. Its results are saved with `done_at` in one transaction, or not at all."""

    __tablename__ = "replay_chunk"
    __table_args__ = {"schema": SCHEMA}

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_RUN, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    first_at: Mapped[datetime.datetime]
    first_id: Mapped[uuid.UUID]
    last_at: Mapped[datetime.datetime]
    last_id: Mapped[uuid.UUID]
    calls: Mapped[int]
    done_at: Mapped[datetime.datetime | None]
    broken: Mapped[int] = mapped_column(default=0)  #: calls that could not be tried: the log says why
    cpu_s: Mapped[float | None]  #: processor time of whoever did it, without the database's


class ReplayResult(Base):
    """One agent's part of one call before and after. Which of both there is, `before` and `after` say."""

    __tablename__ = "replay_result"
    __table_args__ = (Index("ix_replay_result_call_id", "call_id"), {"schema": SCHEMA})

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_RUN, ondelete="CASCADE"), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"), primary_key=True)
    span_position: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime.datetime]  #: of the call
    agent: Mapped[str | None]  #: as the call's page names them
    user_id: Mapped[uuid.UUID | None]  #: who that was, where a line says so
    queue: Mapped[str | None] = mapped_column(String(80))
    before: Mapped[bool]  #: judged by the form before
    after: Mapped[bool]  #: judged by what is tried
    score_before: Mapped[float | None]
    score_after: Mapped[float | None]
    passed_before: Mapped[bool | None]
    passed_after: Mapped[bool | None]
    failed_before: Mapped[bool] = mapped_column(default=False)
    failed_after: Mapped[bool] = mapped_column(default=False)
    counts: Mapped[bool] = mapped_column(default=True)  #: in averages, both before and after where there are both
    #: [{"q": question, "b", "a": values, "d": points more or less of 100, "why", "was": reasons,
    #: "at": [party, turn, start_s, end_s, words]}]
    changes: Mapped[list[Any]] = mapped_column(default=list)
    note: Mapped[str | None] = mapped_column(String(20))  #: why an unchanged form comes out otherwise; `trying.NOTES`


class ReplayMood(Base):
    """One call's dissatisfaction by the heads before and by those that are tried."""

    __tablename__ = "replay_mood"
    __table_args__ = (Index("ix_replay_mood_call_id", "call_id"), {"schema": SCHEMA})

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_RUN, ondelete="CASCADE"), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"), primary_key=True)
    started_at: Mapped[datetime.datetime]
    queue: Mapped[str | None] = mapped_column(String(80))
    before: Mapped[float | None]  #: 0 to 1; None where nothing could be said
    after: Mapped[float | None]
    #: what moved it most, in log-odds: [{"name", "label", "before", "after"}]
    moved: Mapped[list[Any]] = mapped_column(default=list)
