"""A hundred calls at once on the tests' real Asterisk, followed by a listener of their own. Only in a checkout, as root."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, select

import avasanj
from avasanj.bench import telephony
from avasanj.database import Database
from avasanj.settings import Settings
from telephony.tables import Call, CallState, Recording

_CONNECTED_S = 20.0
_SETTLED_S = 60.0


def hundred_calls(settings: Settings, say: Callable[[str], None], names: Sequence[str]) -> list[telephony.Measure]:
    root = str(Path(avasanj.__file__).resolve().parents[1])
    sys.path.insert(0, root)
    try:
        load = importlib.import_module("tests.peers.load")
        missing = importlib.import_module("tests.peers").PeerMissing
    except ImportError:
        note = "the real Asterisk of the tests is not here: run it from a checkout"
        return [telephony.Measure(name=name, value=None, note=note) for name in names]
    finally:
        sys.path.remove(root)
    say("a hundred calls at once on a real Asterisk …")
    try:
        with load.ready() as pbx:
            return _followed(settings, load, pbx)
    except missing as peer:
        return [telephony.Measure(name=name, value=None, note=str(peer)) for name in names]


def _followed(settings: Settings, load: Any, pbx: Any) -> list[telephony.Measure]:
    own = {
        "AMI_USER": pbx.ami_user, "AMI_SECRET": pbx.ami_secret, "RECORDINGS_DIR": str(pbx.recordings_dir),
        "RECORDING_WAIT_S": "20", "INBOUND_CONTEXTS": "from-trunk,from-customer",
    }  # fmt: skip
    with telephony.ledger(settings, port=pbx.ami_port, **own) as running:
        database = Database(running.url, pool_size=1)
        try:
            time.sleep(_CONNECTED_S / 4)
            process = psutil.Process(running.process.pid)
            before, started = process.cpu_times(), time.monotonic()
            played = load.hundred_calls(pbx)
            after, took_s = process.cpu_times(), time.monotonic() - started
            calls, recordings = _told(database, played)
        finally:
            database.close()
    core = 100 * (after.user + after.system - before.user - before.system) / took_s
    return [
        telephony.Measure(name="sip_calls", value=float(calls), at_least=float(len(played.callers))),
        telephony.Measure(name="sip_recordings_complete", value=float(recordings), at_least=float(played.recordings)),
        telephony.Measure(name="listener_core_percent", value=core, at_most=10.0),
    ]


def _told(database: Database, played: Any) -> tuple[int, int]:
    """Calls that are in the ledger as they were played, and recordings of one party that are whole."""
    deadline = time.monotonic() + _SETTLED_S
    calls = recordings = 0
    while time.monotonic() < deadline and recordings < played.recordings:
        time.sleep(1.0)
        with database.read() as session:
            right = [
                Call.state == CallState.ENDED, Call.disposition == "answered", Call.hung_up_by == "customer",
                Call.complete, Call.caller_raw.in_(played.callers), func.abs(Call.talk_s - played.talk_s) <= 1.5,
            ]  # fmt: skip
            calls = session.scalar(select(func.count()).select_from(Call).where(*right)) or 0
            whole = [
                Recording.problem.is_(None), Recording.party.in_(("customer", "agent")),
                func.abs(Recording.duration_s - played.talk_s) <= 2.0,
            ]  # fmt: skip
            recordings = session.scalar(select(func.count()).select_from(Recording).where(*whole)) or 0
    return calls, recordings
