"""Calls in the ledger for tests of topics: what they are about is given, not read."""

import datetime
import uuid

import numpy as np

from avasanj.database import Database
from scoring.topics.about import STORED
from scoring.topics.tables import CallAbout, CallTopic, StoredPromise
from telephony.tables import Call

NOW = datetime.datetime(2026, 11, 22, 9, 0, tzinfo=datetime.UTC)
NUMBER = "+14165550127"


def add_call(
    database: Database,
    *,
    ago: datetime.timedelta,
    direction: str = "inbound",
    disposition: str = "answered",
    number: str | None = NUMBER,
    source: str = "live",
) -> uuid.UUID:
    """A call of three minutes that began so long before NOW."""
    id_ = uuid.uuid4()
    call = Call(
        id=id_, pbx="pbx", linked_id=str(id_), source=source, direction=direction, state="ended", disposition=disposition,
        customer_e164=number, started_at=NOW - ago, ended_at=NOW - ago + datetime.timedelta(minutes=3),
    )  # fmt: skip
    with database.transaction() as session:
        session.add(call)
    return id_


def add_about(
    database: Database,
    call_id: uuid.UUID,
    *,
    driver: str | None = None,
    text: str = "",
    vector: np.ndarray | None = None,
) -> None:
    reason = {"party": "customer", "turn": 1, "start_s": 3.0, "end_s": 6.0, "text": text} if text else None
    stored = None if vector is None else vector.astype(STORED).tobytes()
    with database.transaction() as session:
        session.add(
            CallAbout(
                call_id=call_id, language="en", list_version=0, driver=driver, reason=reason, vector=stored, summary=[]
            )
        )
        if driver:
            session.add(
                CallTopic(call_id=call_id, topic=driver, driver=True, confidence=0.85, method="rule", evidence=[])
            )


def add_promise(
    database: Database, call_id: uuid.UUID, *, kind: str = "call_back", due_at: datetime.datetime | None = None
) -> int:
    words = "i will call you back"
    evidence = {"party": "agent", "turn": 2, "start_s": 8.0, "end_s": 10.0, "text": "I'll call you back.", "kind": kind}
    row = StoredPromise(
        call_id=call_id, position=0, kind=kind, by="agent", words=words, due_at=due_at, evidence=evidence, made_at=NOW
    )
    with database.transaction() as session:
        session.add(row)
    return row.id
