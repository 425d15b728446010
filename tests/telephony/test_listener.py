"""The listener's life: what it says of the PBX, and that it goes on whatever comes."""

from __future__ import annotations

import os
import threading
import time

import pytest
from pydantic import SecretStr

from avasanj.database import Database
from avasanj.errors import SettingsError
from avasanj.notify import listen
from avasanj.settings import Settings
from telephony import listener
from telephony.tables import CallState
from tests.telephony.conftest import OWN_STREAMS
from tests.telephony.following import calls, eventually, following, pbx_state, work_started
from tests.telephony.small_pbx import ALL_ACTIONS, SmallPbx

ANSWERED = (OWN_STREAMS / "22-answered_agent_hangup.txt").read_bytes()
HOLD = (OWN_STREAMS / "22-hold.txt").read_bytes()


def on(settings: Settings, pbx: SmallPbx, **more: object) -> Settings:
    return settings.model_copy(
        update={
            "ami_host": pbx.host,
            "ami_port": pbx.port,
            "ami_secret": SecretStr("right"),
            "recording_wait_s": 1.0,
            **more,
        }
    )


def halves(stream: bytes, event: bytes) -> tuple[bytes, bytes]:
    """The stream up to, and from, the first event of that name."""
    at = stream.index(b"Event: " + event + b"\r\n")
    return stream[:at], stream[at:]


def channels(stream: bytes) -> list[str]:
    """CoreShowChannel bodies of the channels that a stream opens."""
    found = []
    for frame in stream.decode().split("\r\n\r\n"):
        if frame.startswith("Event: Newchannel"):
            lines = [
                line
                for line in frame.split("\r\n")
                if line.partition(":")[0] in ("Channel", "Uniqueid", "Linkedid", "Context", "Exten")
            ]
            found.append("\r\n".join([*lines, "Duration: 00:00:10"]))
    return found


def state_is(database: Database, state: str, *, limit_s: float = 10.0) -> str:
    """Wait for a state of the connection; its detail."""
    return eventually(
        lambda: pbx_state(database) if pbx_state(database)[0] == state else None, what=state, limit_s=limit_s
    )[1]


def test_wrong_secret_is_said_with_its_remedy_and_tried_again(
    pbx: SmallPbx, settings: Settings, database: Database
) -> None:
    pbx.secret = "changed"
    with following(on(settings, pbx), database):
        detail = state_is(database, "refused")
        assert "AVASANJ_AMI_SECRET" in detail
        assert "right" not in detail.split()
        pbx.secret = "right"
        state_is(database, "connected")


def test_missing_write_privilege_is_said_with_what_to_add(
    pbx: SmallPbx, settings: Settings, database: Database
) -> None:
    pbx.allowed = tuple(action for action in ALL_ACTIONS if action not in ("CoreShowChannels", "MixMonitor"))
    with following(on(settings, pbx, record_calls=True), database):
        detail = state_is(database, "unprivileged")
    assert "write = reporting,system" in detail
    assert "manager reload" in detail


def test_missing_read_privilege_is_told_by_a_channel_that_was_never_announced(
    pbx: SmallPbx, settings: Settings, database: Database
) -> None:
    patience = listener.Patience(watch_every_s=0.3)
    with following(on(settings, pbx), database, patience=patience):
        state_is(database, "connected")
        time.sleep(0.5)
        pbx.channels = ["Channel: PJSIP/1001-00000001\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nDuration: 00:00:00"]
        time.sleep(1)
        assert pbx_state(database)[0] == "connected", "a channel this young proves nothing"
        pbx.channels = [pbx.channels[0].replace("00:00:00", "00:00:06")]
        time.sleep(5.5)
        detail = state_is(database, "unprivileged", limit_s=12)
        assert "read = call" in detail
        pbx.say(ANSWERED)
        state_is(database, "connected")


def test_pbx_that_is_not_there_yet_goes_away_and_comes_back(settings: Settings, database: Database) -> None:
    with SmallPbx() as first:
        port = first.port
    with following(on(settings, first), database):
        detail = eventually(lambda: pbx_state(database)[1], what="a detail")
        assert pbx_state(database)[0] == "connecting"
        assert f"127.0.0.1:{port}" in detail
        with SmallPbx(port=port) as second:
            state_is(database, "connected")
            second.say(ANSWERED)
            eventually(lambda: work_started(database), what="the call's intake")
        state_is(database, "lost")
        with SmallPbx(port=port):
            state_is(database, "connected")
    assert pbx_state(database)[0] == "stopped"


def test_half_open_connection_is_noticed_and_replaced(pbx: SmallPbx, settings: Settings, database: Database) -> None:
    with following(on(settings, pbx), database):
        state_is(database, "connected")
        pbx.silent.set()
        assert "no answer for" in state_is(database, "lost")
        pbx.silent.clear()
        state_is(database, "connected")


def test_silent_but_living_connection_is_kept(pbx: SmallPbx, settings: Settings, database: Database) -> None:
    with following(on(settings, pbx), database):
        state_is(database, "connected")
        time.sleep(4)
        assert sum(action["Action"] == "Login" for action in pbx.actions) == 1
        assert sum(action["Action"] == "Ping" for action in pbx.actions) >= 4


def test_something_else_on_the_port_is_recognised(settings: Settings, database: Database) -> None:
    with SmallPbx(greeting=b"SSH-2.0-OpenSSH_9.2\r\n", secret="x") as other:
        other.silent.set()
        with following(on(settings, other), database):
            detail = eventually(lambda: pbx_state(database)[1], what="a detail")
    assert "no Asterisk manager interface" in detail


def test_garbage_and_floods_do_not_end_it(pbx: SmallPbx, settings: Settings, database: Database) -> None:
    with following(on(settings, pbx), database):
        state_is(database, "connected")
        pbx.say(os.urandom(200_000) + b"\r\n\r\n" + b"Event: " + b"x" * 3_000_000 + b"\r\n\r\n")
        pbx.say(b"Event: Nonsense\r\nChannel\r\n:\r\n\r\n" * 20_000)
        pbx.say(ANSWERED)
        (call,) = eventually(lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the call")
    assert call.disposition == "answered"
    assert sum(action["Action"] == "Login" for action in pbx.actions) == 1


def test_watchers_are_told_of_each_state_and_of_the_call(pbx: SmallPbx, settings: Settings, database: Database) -> None:
    stop = threading.Event()
    seen: list[tuple[str, str]] = []
    watcher = threading.Thread(target=lambda: seen.extend((n.kind, n.id) for n in listen(database.url, stop)))
    watcher.start()
    time.sleep(0.5)
    with following(on(settings, pbx), database):
        state_is(database, "connected")
        pbx.say(ANSWERED)
        eventually(lambda: work_started(database), what="the call's intake")
    time.sleep(0.5)
    stop.set()
    watcher.join(5)
    (call,) = calls(database)
    assert ("pbx", "pbx") in seen
    assert seen.count(("call", str(call.id))) >= 2


def test_call_that_went_on_through_a_gap_is_followed_to_its_end_and_marked(
    pbx: SmallPbx, settings: Settings, database: Database
) -> None:
    before, after = halves(HOLD, b"Hold")
    with following(on(settings, pbx), database):
        state_is(database, "connected")
        pbx.say(before)
        eventually(lambda: [c for c in calls(database) if c.state == CallState.TALKING], what="the talk")
        pbx.channels = channels(HOLD)
        pbx.drop()
        assert pbx.logged_in.wait(10)
        state_is(database, "connected")
        pbx.say(after)
        (call,) = eventually(lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the end")
    assert not call.complete
    assert (call.disposition, len(call.spans), call.hung_up_by) == ("answered", 1, "agent")


def test_without_a_pbx_in_the_settings_it_says_what_to_set(settings: Settings, database: Database) -> None:
    with pytest.raises(SettingsError, match="AVASANJ_AMI_HOST"):
        listener.run(settings, database, threading.Event())
