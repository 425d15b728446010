"""People who use Avasanj, how they log in, and the record of what they did. Owned by the floor, since all rooms speak of them."""

from __future__ import annotations

import datetime
import enum
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from avasanj.database import Base, utc_now

SCHEMA = "avasanj"


class Role(enum.StrEnum):
    """What a person may do; each includes the ones before it."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class Team(Base):
    """People who work together, and who looks after them."""

    __tablename__ = "team"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    #: made apart from the table, since each of the two tables names the other
    supervisor_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.user.id", ondelete="SET NULL", use_alter=True)
    )


class User(Base):
    """A person who logs in. Under which names the PBX knows an agent, telephony's lines say."""

    __tablename__ = "user"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    login: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str | None]
    language: Mapped[str] = mapped_column(String(5), default="fa")
    active: Mapped[bool] = mapped_column(default=True)
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.team.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class LoginLink(Base):
    """A one-time link; only its sha256 is stored, so that the database does not let anyone in."""

    __tablename__ = "login_link"
    __table_args__ = {"schema": SCHEMA}

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.user.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime.datetime]
    used_at: Mapped[datetime.datetime | None]


class WebSession(Base):
    """A logged-in browser. The cookie carries a random token; its sha256 is the key here."""

    __tablename__ = "web_session"
    __table_args__ = {"schema": SCHEMA}

    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.user.id", ondelete="CASCADE"))
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime.datetime]


class AuditEntry(Base):
    """One thing that somebody did: who, what, to what, when. Never changed."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    user_id: Mapped[uuid.UUID | None]
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class StuckWork(Base):
    """A piece of the pipeline that keeps failing and waits for a person: nothing is dropped silently."""

    __tablename__ = "stuck_work"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    workflow_id: Mapped[str] = mapped_column(unique=True)
    stage: Mapped[str] = mapped_column(String(30))
    subject_id: Mapped[str]
    error: Mapped[str]
    failed_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    requeued_at: Mapped[datetime.datetime | None]


class Worker(Base):
    """A process that does the pipeline's work, as long as it says so: what a dead one was doing is given to another."""

    __tablename__ = "worker"
    __table_args__ = {"schema": SCHEMA}

    executor_id: Mapped[str] = mapped_column(String(120), primary_key=True)
    queues: Mapped[list[str]]
    started_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    #: how its speech engine does (`transcription.engine.SpeechEngine.report`); None where it transcribes nothing
    speech: Mapped[dict[str, Any] | None]
