"""Who said what, when; and the one file in which a browser plays it."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from avasanj.database import Base, utc_now

SCHEMA = "transcription"


class Playback(Base):
    """The stereo Opus file of a call (left: customer, right: agent) and its peaks. All turns' times are on its clock."""

    __tablename__ = "playback"
    __table_args__ = {"schema": SCHEMA}

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str]  #: relative to the media folder
    duration_s: Mapped[float]
    #: loudest sample, 0 to 1, per party in equal steps over the call: {"customer": [...], "agent": [...]}, at most 1000 each
    peaks: Mapped[dict[str, Any]]
    mono: Mapped[bool] = mapped_column(default=False)  #: both parties in one channel: nobody knows who spoke
    warning: Mapped[str | None]  #: what was wrong with the recordings, in words for a person


class Transcript(Base):
    """One transcript of a call."""

    __tablename__ = "transcript"
    __table_args__ = (UniqueConstraint("call_id"), {"schema": SCHEMA})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(5))
    source: Mapped[str]  #: "whisper" or, for one made elsewhere, what its file says
    model: Mapped[str | None]  #: e.g. whisper-base int8
    too_weak: Mapped[bool] = mapped_column(default=False)  #: the model is known to be bad at this language
    dropped: Mapped[list[Any]] = mapped_column(
        default=list
    )  #: windows taken out as invented: [{party,start_s,end_s,reason}]
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    seconds_spent: Mapped[float | None]

    turns: Mapped[list[Turn]] = relationship(
        lazy="raise_on_sql", order_by="Turn.position", cascade="all, delete-orphan"
    )


class Turn(Base):
    """What one party said until the other spoke or a pause came. Seconds on the playback's clock."""

    __tablename__ = "turn"
    __table_args__ = (UniqueConstraint("transcript_id", "position"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    transcript_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.transcript.id", ondelete="CASCADE"))
    position: Mapped[int]
    party: Mapped[str] = mapped_column(String(10))  #: customer, agent, mixed
    start_s: Mapped[float]
    end_s: Mapped[float]
    text: Mapped[str]
    confidence: Mapped[float | None]  #: mean token probability, 0 to 1; None for a transcript made elsewhere
