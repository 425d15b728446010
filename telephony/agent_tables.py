"""Tables of the agents themselves: what each did besides and in calls, and who sits at which line."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint, text, true
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from avasanj.database import Base
from avasanj.people import SCHEMA as PEOPLE

SCHEMA = "telephony"


class AgentActivity(Base):
    """One stretch of what an agent did; `ended_at` is None while it goes on.

    Where its beginning is not known (`from_known` is False) `started_at` is when it was first seen, and where its end isn't,
    `ended_at` when it was last seen.
    """

    __tablename__ = "agent_activity"
    __table_args__ = (
        UniqueConstraint("pbx", "interface", "state", "started_at"),
        Index("ix_agent_activity_started_at", "started_at"),
        Index("ix_agent_activity_open", "pbx", "interface", postgresql_where="ended_at is null"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    pbx: Mapped[str] = mapped_column(String(60))
    interface: Mapped[str]  #: the queue member's, e.g. PJSIP/1001 or Local/1001@from-queue/n
    agent_name: Mapped[str | None]  #: the queue member's name
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{PEOPLE}.user.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(15))
    reason: Mapped[str | None]  #: why paused, as the agent or the PBX gave it
    #: the call that rings, is talked on, or is wrapped up; no foreign key, since a call's row may come later
    call_id: Mapped[uuid.UUID | None]
    started_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    from_known: Mapped[bool] = mapped_column(default=True, server_default=true())
    to_known: Mapped[bool] = mapped_column(default=True, server_default=true())
    #: stretches in and beside it in which events of the agent may have been missed: what they did else is not known
    gaps: Mapped[Sequence[Range[datetime.datetime]]] = mapped_column(
        TSTZMULTIRANGE, default=list, server_default=text("'{}'")
    )


class AgentLine(Base):
    """Who sits at a line, and from when to when: an extension or a queue member's name on one PBX (or on every one)."""

    __tablename__ = "agent_line"
    __table_args__ = (Index("ix_agent_line_line", "line", "valid_from"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{PEOPLE}.user.id", ondelete="CASCADE"))
    pbx: Mapped[str | None] = mapped_column(String(60))  #: None: every PBX
    line: Mapped[str]  #: an interface (PJSIP/1001) or a member's name, as the PBX writes it
    valid_from: Mapped[datetime.datetime]
    valid_to: Mapped[datetime.datetime | None]
