"""Whatever dies and whenever: the ledger is the one that an undisturbed listener writes."""

from __future__ import annotations

import dataclasses
import gzip
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from avasanj import stuck
from avasanj.database import Database
from avasanj.migrate import upgrade
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings
from telephony import bookkeeper, store
from telephony.journal import segments_of
from telephony.tables import Call, CallState
from tests.telephony.conftest import OWN_STREAMS
from tests.telephony.following import QUICK, calls, eventually, following, pbx_state, work_started
from tests.telephony.small_pbx import SmallPbx

LISTEN = """
    import sys, threading, dataclasses
    from avasanj.database import Database
    from avasanj.settings import load_settings
    from telephony import listener
    settings = load_settings()
    patience = listener.Patience(first_retry_s=0.1, longest_retry_s=0.3, checkpoint_every_s=0.2)
    listener.run(settings, Database(settings.database_url.get_secret_value()), threading.Event(), patience=patience)
"""
END = b"\r\n\r\n"


def stream_of(name: str) -> list[bytes]:
    path = OWN_STREAMS / f"{name}.txt"
    raw = path.read_bytes() if path.exists() else gzip.decompress(path.with_suffix(".txt.gz").read_bytes())
    return [part + END for part in raw.split(END)[:-1] if b"Event: " in part]


def day() -> list[bytes]:
    """Some calls after one another, as one PBX would have told them."""
    streams = [
        stream_of(name)
        for name in ("22-blind_sip", "22-hold", "22-abandon", "22-outbound", "22-answered_customer_hangup")
    ]
    return [event for stream in sorted(streams, key=_began) for event in stream]


def _began(stream: list[bytes]) -> float:
    return float(re.search(rb"Timestamp: ([\d.]+)", b"".join(stream))[1])  # type: ignore[index]


def alive(events: list[bytes]) -> list[str]:
    """CoreShowChannel bodies of what is up after these events."""
    up: dict[str, str] = {}
    for event in events:
        fields = dict(line.partition(": ")[::2] for line in event.decode().rstrip().split("\r\n"))
        if fields["Event"] == "Newchannel":
            up[fields["Uniqueid"]] = "\r\n".join(
                f"{key}: {fields[key]}" for key in ("Channel", "Uniqueid", "Linkedid", "Context", "Exten")
            )
        elif fields["Event"] == "Hangup":
            up.pop(fields["Uniqueid"], None)
    return list(up.values())


def rows(database: Database) -> list[dict[str, Any]]:
    """The ledger, without what says when it was written and that a connection was away."""
    kept: list[dict[str, Any]] = []
    for call in calls(database):
        one = {column.name: getattr(call, column.name) for column in Call.__table__.columns}
        for gone in ("updated_at", "complete", "gaps"):
            del one[gone]
        one["spans"] = [
            (s.position, s.interface, s.agent_name, s.started_at, s.ended_at, s.hold_s, s.ring_s) for s in call.spans
        ]
        one["hold_spans"] = [(h.started_at, h.ended_at, h.by) for h in call.hold_spans]
        one["recordings"] = sorted((r.party, r.path, r.offset_s) for r in call.recordings)
        kept.append(one)
    return kept


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A database server that may go away in mid-test."""
    folder = Path("/tmp") / f"av-pg-{os.getpid()}-exact"
    folder.mkdir(mode=0o711)
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        upgrade(server.url("postgres"))
        yield server
    finally:
        server.stop()
        subprocess.run(["rm", "-rf", str(folder)], check=True)


def on(settings: Settings, pbx: SmallPbx, **more: object) -> Settings:
    found = {"ami_host": pbx.host, "ami_port": pbx.port, "ami_secret": SecretStr("right"), "recording_wait_s": 0.5}
    return settings.model_copy(update={**found, **more})


def begun(settings: Settings, url: str, pbx: SmallPbx) -> subprocess.Popen[bytes]:
    """A listener in a process of its own, which has asked for everything."""
    pbx.actions.clear()
    environment = {
        **os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "AVASANJ_DATABASE_URL": url,
        "AVASANJ_DATA_DIR": str(settings.data_dir), "AVASANJ_AMI_HOST": pbx.host, "AVASANJ_AMI_PORT": str(pbx.port),
        "AVASANJ_AMI_SECRET": "right", "AVASANJ_RECORDING_WAIT_S": "0.5",
        "AVASANJ_RECORDINGS_DIR": str(settings.recordings_dir[0]),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(LISTEN)], env=environment, cwd=settings.data_dir.parent
    )
    assert pbx.logged_in.wait(20)
    eventually(lambda: any(a["Action"] == "BridgeList" for a in pbx.actions), what="the questions after a connect")
    return process


def in_journal(settings: Settings) -> int:
    return sum(path.stat().st_size for path in segments_of(settings.journal_dir / "pbx"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_listener_killed_again_and_again_while_the_database_comes_and_goes_writes_the_same_ledger(
    settings: Settings, database: Database, server: EmbeddedPostgres, seed: int
) -> None:
    events = day()
    with SmallPbx() as pbx, following(on(settings, pbx, data_dir=settings.data_dir / "calm"), database):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        for event in events:
            pbx.say(event)
        eventually(lambda: len(work_started(database)) == 5, what="the calm ledger", limit_s=20)
        calm = rows(database)

    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(5, len(events)), 4))
    url = server.url("postgres")
    with SmallPbx() as pbx:
        process = begun(settings, url, pbx)
        try:
            for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
                before = in_journal(settings)
                for event in events[start:end]:
                    pbx.say(event)
                eventually(lambda before=before: in_journal(settings) > before, what="the events")
                time.sleep(chance.uniform(0.05, 0.6))
                if end == len(events):
                    break
                away = chance.random() < 0.5
                if away:
                    server.stop()
                process.send_signal(signal.SIGKILL)
                process.wait(5)
                pbx.drop()
                pbx.channels = alive(events[:end])
                process = begun(settings, url, pbx)
                if away:
                    server.start()
            disturbed = Database(url)
            eventually(lambda: len(work_started(disturbed)) == 5, what="every call's intake", limit_s=30)
            for one, undisturbed in zip(rows(disturbed), calm, strict=True):
                assert {key: (one[key], value) for key, value in undisturbed.items() if one[key] != value} == {}
            assert work_started(disturbed) == sorted(f"intake:{call.id}" for call in calls(disturbed))
            disturbed.close()
        finally:
            process.kill()
            process.wait(5)


def test_flipped_bit_in_the_journal_costs_no_other_call_and_is_shown(settings: Settings, database: Database) -> None:
    events = stream_of("22-hold")
    half = next(number for number, event in enumerate(events) if event.startswith(b"Event: Hold\r\n"))
    with SmallPbx() as pbx:
        process = begun(settings, str(database.url), pbx)
        try:
            for event in events[:half]:
                pbx.say(event)
                time.sleep(0.002)
            eventually(lambda: [c for c in calls(database) if c.state == CallState.TALKING], what="the talk")
        finally:
            process.kill()
            process.wait(5)
        pbx.drop()
        (segment,) = segments_of(settings.journal_dir / "pbx")
        spoilt = bytearray(segment.read_bytes())
        spoilt[-len(spoilt) // 4] ^= 4
        segment.write_bytes(spoilt)
        pbx.channels = alive(events[:half])
        with following(on(settings, pbx), database):
            eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
            (trouble,) = eventually(lambda: store_troubles(database), what="the damage to be shown")
            for event in events[half:]:
                pbx.say(event)
            (call,) = eventually(lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the end")
    assert segment.name in trouble
    assert (call.complete, bool(call.gaps)) == (False, True)
    assert call.disposition == "answered"


def store_troubles(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalar(text("select troubles from telephony.pbx where name = 'pbx'")) or [])


def test_call_that_can_not_be_saved_is_shown_to_a_person_and_tried_again_when_asked(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = store.save

    class UnwritableError(Exception):
        """A fault of one call, not of the database."""

    def refuse(*arguments: Any, **more: Any) -> bool:
        if not mended:
            raise UnwritableError("Sara's number")
        return save(*arguments, **more)

    mended: list[bool] = []
    monkeypatch.setattr(store, "save", refuse)
    monkeypatch.setattr(bookkeeper, "_FIRST_RETRY_S", 0.01)
    with SmallPbx() as pbx:
        with following(on(settings, pbx), database, patience=dataclasses.replace(QUICK, checkpoint_every_s=0.2)):
            eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
            pbx.say(b"".join(stream_of("22-hold")))
            (shown,) = eventually(lambda: waiting(database), what="the stuck call", limit_s=20)
            assert shown.stage == "ledger"
            assert "UnwritableError" in shown.error
            assert "Sara" not in shown.error
        with following(on(settings, pbx), database):
            time.sleep(4)
            assert len(waiting(database)) == 1, "shown once, however often it fails"
            mended.append(True)
            with database.transaction() as session:
                stuck.requeue(session, waiting(database)[0].id)
            (call,) = eventually(lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the call")
    assert call.disposition == "answered"
    assert not waiting(database)


def waiting(database: Database) -> list[Any]:
    with database.read() as session:
        return stuck.waiting(session)
