"""Who said what, when; and the one file in which a browser plays it."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship

from avasanj.database import Base, utc_now
from avasanj.persian import searchable

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
    mono: Mapped[bool] = mapped_column(default=False)  #: both parties in one channel: who spoke can only be guessed
    warning: Mapped[str | None]  #: what was wrong with the recordings, in words for a person
    #: parties whose recording ends before its own end, and the second up to which it could be heard: {"agent": 61.2}
    breaks_off: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Transcript(Base):
    """One transcript of a call. A call may have several, by different models; one is current: the one that is scored."""

    __tablename__ = "transcript"
    __table_args__ = (
        Index("uq_transcript_current", "call_id", unique=True, postgresql_where="current"),
        Index("ix_transcript_call_id", "call_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"))
    current: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(5))
    #: probability, 0 to 1, with which the language was recognised; None where it was set
    language_probability: Mapped[float | None]
    source: Mapped[str]  #: the kind of model, "whisper" or "ctc"; or, for one made elsewhere, what its file says
    model: Mapped[str | None]  #: e.g. whisper-base int8
    model_version: Mapped[str | None]  #: first 12 digits of the weights' sha256
    too_weak: Mapped[bool] = mapped_column(default=False)  #: the model is known to be bad at this language
    #: both parties came in one channel and were told apart by their voices: who spoke is a guess
    speakers_guessed: Mapped[bool] = mapped_column(default=False)
    dropped: Mapped[list[Any]] = mapped_column(
        default=list
    )  #: stretches taken out as invented: [{party,start_s,end_s,reason}]
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    #: when the words to go by last changed: it was made, corrected, or made the current one
    changed_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    set_aside_at: Mapped[datetime.datetime | None]  #: since when it is not the current one; None for the current one
    seconds_spent: Mapped[float | None]

    turns: Mapped[list[Turn]] = relationship(
        lazy="raise_on_sql", order_by="Turn.position", cascade="all, delete-orphan"
    )


class Turn(Base):
    """What one party said until the other spoke or a pause came. Seconds on the playback's clock."""

    __tablename__ = "turn"
    __table_args__ = (
        UniqueConstraint("transcript_id", "position"),
        Index("ix_turn_plain", text("to_tsvector('simple', plain)"), postgresql_using="gin"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    transcript_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.transcript.id", ondelete="CASCADE"))
    position: Mapped[int]
    party: Mapped[str] = mapped_column(String(10))  #: customer, agent, mixed
    start_s: Mapped[float]
    end_s: Mapped[float]
    text: Mapped[str]  #: as the model heard it; a correction leaves it as it is
    corrected: Mapped[str | None]  #: what a person says was said; "" where nothing was
    plain: Mapped[str] = mapped_column(default="")  #: `said` in the form in which it is searched; kept by itself
    confidence: Mapped[float | None]  #: mean token probability, 0 to 1; None for a transcript made elsewhere
    #: each word with its times and probability: [[text, start_s, end_s, probability], ...]; None where it isn't known
    words: Mapped[list[Any] | None]

    @property
    def said(self) -> str:
        """The words to go by: a person's correction, else the model's."""
        return self.text if self.corrected is None else self.corrected


@event.listens_for(Turn, "before_insert")
@event.listens_for(Turn, "before_update")
def _keep_searchable(_mapper: Mapper[Turn], _connection: object, turn: Turn) -> None:
    turn.plain = searchable(turn.said)


class Correction(Base):
    """One change of a turn's words by a person. The latest stands in the turn; all are kept."""

    __tablename__ = "correction"
    __table_args__ = (Index("ix_correction_turn_id", "turn_id"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    turn_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.turn.id", ondelete="CASCADE"))
    before: Mapped[str]
    after: Mapped[str | None]  #: None: the correction was taken back
    carried: Mapped[bool] = mapped_column(default=False)  #: made in an earlier transcript, and taken over into this one
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("avasanj.user.id", ondelete="SET NULL"))
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class HotWord(Base):
    """A word that the center's calls are full of: a product, a name, a place."""

    __tablename__ = "hot_word"
    __table_args__ = (UniqueConstraint("language", "text"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    language: Mapped[str] = mapped_column(String(5))
    text: Mapped[str] = mapped_column(String(80))
    position: Mapped[int]  #: lower ones come first, into the model too, which has room for some only
    added_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("avasanj.user.id", ondelete="SET NULL"))
    added_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class Rehearing(Base):
    """Somebody asked for another transcript of a call, by another model."""

    __tablename__ = "rehearing"
    __table_args__ = (Index("ix_rehearing_call_id", "call_id"), {"schema": SCHEMA})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"))
    model: Mapped[str]  #: as in AVASANJ_SPEECH_MODEL
    make_current: Mapped[bool]  #: whether the new transcript takes the old one's place by itself
    asked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("avasanj.user.id", ondelete="SET NULL"))
    asked_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    done_at: Mapped[datetime.datetime | None]
    problem: Mapped[str | None]  #: why there is none, in words for a person
    transcript_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.transcript.id", ondelete="SET NULL"))


class Measures(Base):
    """What was measured in a call's sound, as `transcription/measures.py` defines it. Seconds, decibels, hertz."""

    __tablename__ = "measures"
    __table_args__ = {"schema": SCHEMA}

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"), primary_key=True)
    silence_s: Mapped[float | None]  #: nobody speaks and nobody is on hold; None where only one party was recorded
    longest_silence_s: Mapped[float | None]
    talk_over_s: Mapped[float | None]  #: both speak
    customer_talk_s: Mapped[float | None]
    agent_talk_s: Mapped[float | None]
    details: Mapped[dict[str, Any]]  #: all the rest, per party and per turn


class LiveTurn(Base):
    """What was heard while the call ran. Taken over by the transcript that is made when the call is over, then removed."""

    __tablename__ = "live_turn"
    __table_args__ = (UniqueConstraint("call_id", "file", "start_s"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"))
    file: Mapped[str]  #: the recording, as the ledger names it
    party: Mapped[str] = mapped_column(String(10))
    start_s: Mapped[float]  #: on the file's own clock
    end_s: Mapped[float]
    at_s: Mapped[float]  #: `start_s` in seconds from the call's start
    text: Mapped[str]
    confidence: Mapped[float]
    words: Mapped[list[Any]]
    model: Mapped[str]
    model_version: Mapped[str]
    heard_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class Watch(Base):
    """Someone has the page of this call open: it is heard before others."""

    __tablename__ = "watch"
    __table_args__ = {"schema": SCHEMA}

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime.datetime]
