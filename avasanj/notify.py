"""What changed, told to whoever watches: PostgreSQL's LISTEN/NOTIFY, ids only."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from avasanj.database import KEEP_ALIVE
from avasanj.log import get_logger

CHANNEL = "avasanj"
_WAKE_S = 1.0
_ALIVE: dict[str, Any] = dict(KEEP_ALIVE)
_log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something of this kind with this id is new or different. `gap` as kind: notices may have been missed."""

    kind: str
    id: str


def announce(session: Session, kind: str, id: object) -> None:  # noqa: A002 - the field's name
    """Tell watchers when (and only if) the session's transaction commits."""
    payload = json.dumps({"kind": kind, "id": str(id)})
    session.execute(text("select pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload})


def listen(database_url: str, stop: threading.Event) -> Iterator[Notice]:
    """Notices until `stop` is set. Connects again by itself; each connection begins with a `gap` notice, since what was
    said before it nobody heard.
    """
    url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    while not stop.is_set():
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=5, **_ALIVE) as connection:
                connection.execute(f"listen {CHANNEL}")
                yield Notice(kind="gap", id="")
                while not stop.is_set():
                    for notice in connection.notifies(timeout=_WAKE_S):
                        yield from _read(notice.payload)
                        if stop.is_set():
                            return
        except psycopg.OperationalError:
            _log.warning("notices_lost", remedy="waiting for the database")
            stop.wait(_WAKE_S)


def _read(payload: str) -> Iterator[Notice]:
    """The notice, if it is one of ours: anybody who can log in to the database can send to the channel."""
    try:
        found = json.loads(payload)
        yield Notice(kind=str(found["kind"]), id=str(found["id"]))
    except (ValueError, TypeError, KeyError):
        _log.warning("notice_unreadable", chars=len(payload))
