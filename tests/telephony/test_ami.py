"""Our connection over asterisk-ami: what the library does wrong must not happen here."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from telephony.ami import ActionRefused, ConnectionFault, Lost, ManagerConnection, Received, UnsafeAction
from tests.telephony.small_pbx import SmallPbx


@pytest.fixture
def pbx() -> SmallPbx:
    return SmallPbx()


def logged_in(pbx: SmallPbx) -> ManagerConnection:
    connection = ManagerConnection(pbx.host, pbx.port)
    connection.connect()
    connection.request("Login", {"Username": "avasanj", "Secret": pbx.secret})
    return connection


def items(connection: ManagerConnection) -> Iterator[Received | Lost]:
    """What comes, until nothing does for 5 s."""
    while taken := connection.inbox.take(5):
        yield from taken


def received(connection: ManagerConnection, count: int) -> list[str]:
    """Names of the next messages that are events."""
    names: list[str] = []
    for item in items(connection):
        assert isinstance(item, Received)
        names += [message.name for message in item.messages if message.kind == "event"]
        if len(names) >= count:
            break
    return names


def test_two_hundred_events_in_one_segment_keep_their_order(pbx: SmallPbx) -> None:
    with pbx:
        connection = logged_in(pbx)
        pbx.say(b"".join(b"Event: E%d\r\n\r\n" % number for number in range(200)))
        assert received(connection, 200) == [f"E{number}" for number in range(200)]
        connection.disconnect()


def test_letter_split_over_two_reads_and_odd_line_ends_arrive_whole(pbx: SmallPbx) -> None:
    name = "سارا\u2028\u0085\x0bاحمدی"
    whole = f"Event: Newchannel\r\nCallerIDName: {name}\r\n\r\n".encode()
    with pbx:
        connection = logged_in(pbx)
        for byte in whole:
            pbx.say(bytes([byte]))
        item = next(
            item for item in items(connection) if isinstance(item, Received) and item.messages[0].kind == "event"
        )
        assert item.messages[0].get("CallerIDName") == name
        assert item.raw == whole
        connection.disconnect()


@pytest.mark.parametrize("value", ["x\r\nAction: Logoff", "x\n", "\r"])
def test_line_break_in_an_action_is_refused_before_a_byte_is_sent(pbx: SmallPbx, value: str) -> None:
    with pbx:
        connection = logged_in(pbx)
        with pytest.raises(UnsafeAction, match="line break"):
            connection.request("Getvar", {"Variable": value})
        with pytest.raises(UnsafeAction):
            connection.post("Getvar", {value: "x"})
        connection.request("Ping")
        assert [action["Action"] for action in pbx.actions] == ["Login", "Ping"]
        connection.disconnect()


def test_silence_does_not_end_the_reader_and_an_unanswered_action_is_an_error(pbx: SmallPbx) -> None:
    with pbx:
        connection = logged_in(pbx)
        time.sleep(3.3)  # the library's own reader gives up after 3 s
        connection.request("Ping")
        pbx.silent.set()
        with pytest.raises(ConnectionFault, match=r"did not answer the action Ping within 0\.2 s"):
            connection.request("Ping", timeout_s=0.2)
        assert not connection._replies, "a future that nobody waits for is kept"
        connection.disconnect()


def test_refusal_is_an_error_in_the_pbxs_words(pbx: SmallPbx) -> None:
    with pbx:
        connection = ManagerConnection(pbx.host, pbx.port)
        connection.connect()
        with pytest.raises(ActionRefused, match="Authentication failed"):
            connection.request("Login", {"Username": "avasanj", "Secret": "wrong"})
        connection.disconnect()


def test_peer_that_closes_is_noticed(pbx: SmallPbx) -> None:
    with pbx:
        connection = logged_in(pbx)
        pbx.drop()
        item = next(item for item in items(connection) if isinstance(item, Lost))
        assert item.why
        with pytest.raises(ConnectionFault):
            connection.request("Ping", timeout_s=0.2)
        connection.disconnect()


def test_actions_of_many_threads_do_not_mix(pbx: SmallPbx) -> None:
    with pbx:
        connection = logged_in(pbx)
        threads = [threading.Thread(target=lambda: [connection.request("Ping") for _ in range(20)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sum(action["Action"] == "Ping" for action in pbx.actions) == 160
        connection.disconnect()


def test_ipv6_is_spoken() -> None:
    with SmallPbx(host="::1") as pbx:
        connection = logged_in(pbx)
        connection.request("Ping")
        connection.disconnect()


def test_nobody_there_is_a_fault_with_the_address() -> None:
    with SmallPbx() as pbx:
        port = pbx.port
    with pytest.raises(ConnectionFault, match=f"127.0.0.1:{port}: Connection refused"):
        ManagerConnection("127.0.0.1", port).connect()
