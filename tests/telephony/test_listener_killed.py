"""No call is lost or doubled when the listener or its database dies in the midst of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from avasanj.database import Database
from avasanj.migrate import upgrade
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings
from telephony.tables import CallState
from tests.telephony.following import calls, eventually, following, work_started
from tests.telephony.small_pbx import SmallPbx
from tests.telephony.test_listener import ANSWERED, HOLD, channels, halves, on, state_is


def test_database_away_loses_nothing(pbx: SmallPbx, settings: Settings, tmp_path: Path) -> None:
    folder = Path("/tmp") / f"av-pg-{os.getpid()}-away"
    folder.mkdir(mode=0o711)
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        upgrade(server.url("postgres"))
        database = Database(server.url("postgres"))
        with following(on(settings, pbx), database):
            state_is(database, "connected")
            server.stop()
            pbx.say(ANSWERED)
            time.sleep(2)
            pbx.say(HOLD)
            server.start()
            eventually(lambda: len(work_started(database)) == 2, what="both calls' intake", limit_s=20)
            assert [call.disposition for call in calls(database)] == ["answered", "answered"]
        database.close()
    finally:
        server.stop()
        subprocess.run(["rm", "-rf", str(folder)], check=True)


LISTEN = """
    import sys, threading
    from pathlib import Path
    from avasanj.database import Database
    from avasanj.settings import load_settings
    from telephony import listener
    settings = load_settings()
    database = Database(settings.database_url.get_secret_value())
    listener.run(settings, database, threading.Event())
"""


def started(settings: Settings, pbx: SmallPbx) -> subprocess.Popen[bytes]:
    assert settings.database_url is not None
    environment = {
        **os.environ,
        "AVASANJ_DATA_DIR": str(settings.data_dir),
        "AVASANJ_DATABASE_URL": settings.database_url.get_secret_value(),
        "AVASANJ_AMI_HOST": pbx.host,
        "AVASANJ_AMI_PORT": str(pbx.port),
        "AVASANJ_AMI_SECRET": "right",
        "AVASANJ_RECORDING_WAIT_S": "1",
        "AVASANJ_RECORDINGS_DIR": str(settings.recordings_dir[0]),
    }
    root = Path(__file__).resolve().parent.parent.parent
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(LISTEN)],
        env=environment | {"PYTHONPATH": str(root)},
        cwd=settings.data_dir.parent,
    )


@pytest.mark.parametrize("killed_at", [b"AgentConnect", b"Unhold", b"AgentComplete"])
def test_listener_killed_in_mid_call_loses_and_doubles_nothing(
    pbx: SmallPbx, settings: Settings, database: Database, killed_at: bytes
) -> None:
    before, after = halves(HOLD, killed_at)
    process = started(settings, pbx)
    try:
        assert pbx.logged_in.wait(20)
        eventually(lambda: any(a["Action"] == "QueueStatus" for a in pbx.actions), what="the listing")
        pbx.say(before)
        eventually(lambda: calls(database), what="the call")
        time.sleep(0.3)
        process.send_signal(signal.SIGKILL)
        process.wait(5)
        pbx.drop()
        pbx.channels = channels(HOLD)
        process = started(settings, pbx)
        assert pbx.logged_in.wait(20)
        eventually(lambda: sum(a["Action"] == "QueueStatus" for a in pbx.actions) == 2, what="the second listing")
        pbx.say(after)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        (call,) = calls(database)
        assert work_started(database) == [f"intake:{call.id}"]
        assert (call.state, call.disposition, call.queue, call.hung_up_by) == ("ended", "answered", "support", "agent")
        assert [span.agent_name for span in call.spans] == ["Sara"]
        assert call.hold_s == pytest.approx(4.0, abs=0.2)
        assert call.talk_s == pytest.approx(7.0, abs=0.3)
    finally:
        process.kill()
        process.wait(5)


def test_listener_killed_after_the_end_settles_the_call_when_it_is_back(
    pbx: SmallPbx, settings: Settings, database: Database
) -> None:
    process = started(settings, pbx)
    try:
        assert pbx.logged_in.wait(20)
        eventually(lambda: any(a["Action"] == "QueueStatus" for a in pbx.actions), what="the listing")
        pbx.say(HOLD)
        eventually(lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the end")
        process.send_signal(signal.SIGKILL)
        process.wait(5)
        assert not work_started(database), "killed too late for what this test is about"
        pbx.drop()
        process = started(settings, pbx)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        (call,) = calls(database)
        assert call.complete
    finally:
        process.kill()
        process.wait(5)


def test_call_whose_journal_was_lost_does_not_go_on_for_ever(
    pbx: SmallPbx, settings: Settings, database: Database
) -> None:
    process = started(settings, pbx)
    try:
        assert pbx.logged_in.wait(20)
        eventually(lambda: any(a["Action"] == "QueueStatus" for a in pbx.actions), what="the listing")
        pbx.say(halves(HOLD, b"Unhold")[0])
        eventually(lambda: [c for c in calls(database) if c.hold_spans], what="the hold")
        process.send_signal(signal.SIGKILL)
        process.wait(5)
    finally:
        process.kill()
        process.wait(5)
    shutil.rmtree(settings.journal_dir)
    with following(on(settings, pbx), database):
        eventually(lambda: work_started(database), what="the call's intake")
    (call,) = calls(database)
    assert (call.state, call.disposition, call.complete) == ("ended", "answered", False)
    assert [span.ended_at is None for span in call.spans] == [False]
    assert [hold.ended_at is None for hold in call.hold_spans] == [False]
