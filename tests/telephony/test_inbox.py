"""Between the socket and the ledger: in order, bounded, and nothing lost when the ledger can't follow."""

from __future__ import annotations

import threading
import time

from telephony.ami import ManagerConnection
from telephony.inbox import Inbox, Lost, Received
from tests.telephony.small_pbx import SmallPbx


def received(number: int, size: int = 100) -> Received:
    return Received(at=float(number), raw=b"x" * size, messages=())


def test_reader_waits_for_room_and_what_waits_is_handed_over_in_order() -> None:
    inbox = Inbox(waiting_bytes=1000)
    writer = threading.Thread(target=lambda: [inbox.put(received(number)) for number in range(50)])
    writer.start()
    time.sleep(0.2)
    assert inbox.full
    taken: list[float] = []
    while len(taken) < 50:
        taken += [item.at for item in inbox.take(1.0) if isinstance(item, Received)]
    writer.join(5)
    assert taken == [float(number) for number in range(50)]
    assert not inbox.full
    assert inbox.take(0.01) == []


def test_one_batch_is_no_larger_than_a_block_should_be() -> None:
    inbox = Inbox()
    for number in range(20):
        inbox.put(received(number, size=64 << 10))
    inbox.put(Lost(why="x"))
    assert len(inbox.take(1.0)) == 4
    while (taken := inbox.take(0.1))[-1:] != [Lost(why="x")]:
        assert taken


def test_reader_that_waits_is_let_go_when_nobody_will_take_any_more() -> None:
    inbox = Inbox(waiting_bytes=100)
    inbox.put(received(0))
    writer = threading.Thread(target=lambda: inbox.put(received(1)))
    writer.start()
    inbox.close()
    writer.join(2)
    assert not writer.is_alive()


def test_ledger_that_is_slow_holds_the_pbx_up_and_loses_nothing() -> None:
    event = b"Event: E%06d\r\nFiller: " + b"x" * 900 + b"\r\n\r\n"
    with SmallPbx() as pbx:
        connection = ManagerConnection(pbx.host, pbx.port, inbox=Inbox(waiting_bytes=200_000))
        connection.connect()
        connection.request("Login", {"Username": "avasanj", "Secret": "right"})
        stream = b"".join(event % number for number in range(20_000))
        said = threading.Thread(target=lambda: pbx.say(stream))
        said.start()
        time.sleep(2.5)
        assert connection.inbox.full
        assert said.is_alive(), "18 MB do not fit anywhere on the way"
        assert connection.silence_s() == 0.0, "it is us who don't listen"
        names: list[str] = []
        while len(names) < 20_000 and (taken := connection.inbox.take(5)):
            for item in taken:
                assert isinstance(item, Received)
                names += [message.name for message in item.messages if message.kind == "event"]
        said.join(5)
        connection.disconnect()
    assert names == [f"E{number:06}" for number in range(20_000)]
