"""One answer to a satisfaction survey a call."""

from __future__ import annotations

import datetime
import uuid

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from avasanj.database import Base, utc_now
from scoring.tables import SCHEMA


class Survey(Base):
    """What the customer answered. One row a call: the first answer stands, a second one that differs is refused."""

    __tablename__ = "survey"
    __table_args__ = {"schema": SCHEMA}

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"), primary_key=True)
    grade: Mapped[float]  #: on the scale from 1 to 5
    given: Mapped[float]  #: as it was given
    low: Mapped[float]  #: the scale of what was given
    high: Mapped[float]
    comment: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(String(100))  #: where it comes from: the file's name
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("avasanj.user.id", ondelete="SET NULL"))
    at: Mapped[datetime.datetime] = mapped_column(default=utc_now)  #: when the customer answered, as far as is known
