"""One process of a replay: `python -m scoring.replay.process`, with a JSON document on standard input that stays open.

It takes chunk after chunk until there is none left or the replay is stopped. It runs behind everything else on the machine, and ends at
once when whoever started it is gone: the chunk that it was at is then nobody's again.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr
from sqlalchemy import select

from avasanj import log, migrate
from avasanj.database import Database
from avasanj.errors import LastingError
from avasanj.settings import Settings
from scoring import heads as shipped_heads
from scoring import language_model, models
from scoring.heads import Heads, loads
from scoring.learning.tables import HeadVersion
from scoring.mood import Encodes
from scoring.replay.chunks import Bench, do, take, tried_in
from scoring.replay.planning import found, is_encoded
from scoring.replay.tables import ReplayRun

#: Behind the scoring of today's calls, and before what is only done when nothing else is.
NICENESS = 10
#: What a process is told of the settings, and how it ends.
TOLD = ("data_dir", "language", "language_model_url", "language_model", "language_model_timeout_s")
WELL, ORPHANED = 0, 3


class NoEncoder:
    """For forms by rules alone: no model is loaded."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        del texts
        raise LastingError("This replay was planned without the text model. Plan it anew.")


class Once:
    """The text model, asked once for the same texts of a call: by two forms, or by a form and the heads.

    Whole questions are remembered, since int8 rounds by what else is encoded with a text; so numbers are those of live scoring.
    """

    def __init__(self, encoder: Encodes) -> None:
        self._encoder = encoder
        self._known: dict[tuple[str, ...], NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        key = tuple(texts)
        if key not in self._known:
            if len(self._known) >= 64:
                self._known.clear()
            self._known[key] = self._encoder.encode(texts)
        return self._known[key].copy()


def told(settings: Settings, url: str, run_id: uuid.UUID, threads: int) -> dict[str, Any]:
    """The document that a process is started with; it goes through a pipe and is seen by nobody."""
    key = settings.language_model_key
    facts = {name: value for name in TOLD if (value := getattr(settings, name)) is not None}
    return {
        "url": url,
        "run": str(run_id),
        "threads": threads,
        "level": settings.log_level,
        "settings": {name: str(value) if isinstance(value, Path) else value for name, value in facts.items()},
        "language_model_key": key.get_secret_value() if key else None,
    }


def work(document: Mapping[str, Any]) -> None:
    """Do chunks until none is left that nobody is at."""
    run_id = uuid.UUID(document["run"])
    database = Database(document["url"], pool_size=1)
    try:
        with database.read() as session:
            run = found(session, run_id)
            bench = _bench(document, run, _heads(session, run), tried_in(session, run))
        while _do_one(database, run, bench):
            pass
    finally:
        database.close()


def _do_one(database: Database, run: ReplayRun, bench: Bench) -> bool:
    with database.transaction() as session:
        chunk = take(session, run.id)
        if chunk is not None:
            do(session, run, chunk, bench)
        return chunk is not None


def _bench(document: Mapping[str, Any], run: ReplayRun, heads: Heads | None, tried: Any) -> Bench:
    settings = _settings(document)
    encoder: Encodes = NoEncoder()
    if is_encoded(run):
        from scoring.encoder import Encoder  # takes seconds to load

        encoder = Once(Encoder(settings.models_dir / models.NAME, threads=document["threads"]))
    return Bench(
        tried=tried, heads=heads, encoder=encoder, model=language_model.of(settings) if run.with_model else None
    )


def _settings(document: Mapping[str, Any]) -> Settings:
    key = document["language_model_key"]
    folders = {name: Path(value) for name, value in document["settings"].items() if name.endswith("_dir")}
    given: Any = {**document["settings"], **folders, "language_model_key": SecretStr(key) if key else None}
    return Settings.model_construct(**given)


def _heads(session: Any, run: ReplayRun) -> Heads | None:
    if run.heads is None:
        return None
    if run.heads == 0:
        return shipped_heads.shipped()
    text = session.scalar(select(HeadVersion.heads).where(HeadVersion.number == run.heads))
    if text is None:
        raise LastingError(f"The weights {run.heads} are gone. Plan the replay anew.")
    return loads(text)


def _end_with_parent() -> None:
    """The pipe from whoever started us closes with them."""
    sys.stdin.read()
    os._exit(ORPHANED)


def main() -> None:
    document = json.loads(sys.stdin.readline())
    os.nice(NICENESS)
    log.configure(document["level"])
    migrate.import_tables()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work(document)
    sys.stdout.flush()
    os._exit(WELL)  # the thread that reads standard input would hold an orderly exit up


if __name__ == "__main__":
    main()
