"""Receivers that are down for long, or slow, or moved; calls whose stages end in another order than they began."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text

from avasanj.database import Database, utc_now
from avasanj.errors import SettingsError
from avasanj.settings import Settings
from crm_sync import connections, delivery, stage
from crm_sync.clients.webhook import Outcome, Reply, send
from crm_sync.rules import CallFacts, Promise, decide
from crm_sync.tables import Connection, FollowUp, OutboxEvent
from tests.crm_sync.test_delivery import let_time_pass, make_call, send_all
from tests.peers.receiver import SECRET, Receiver


@pytest.fixture
def receiver_settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"webhook_secret": SecretStr(SECRET), "webhook_timeout_s": 1.0, "webhook_attempts": 3}
    )


def put_through(settings: Settings, database: Database, *calls: object) -> None:
    for call in calls:
        stage.place(settings, database, call)  # type: ignore[arg-type]
    for call in calls:
        stage.sync(settings, database, call)  # type: ignore[arg-type]


def connection(database: Database) -> Connection:
    with database.read() as session:
        return session.scalars(select(Connection)).one()


def states(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(OutboxEvent.state).order_by(OutboxEvent.ordered_at)))


def test_a_receiver_down_for_long_loses_nothing_and_gets_all_in_order_once_resumed(
    receiver_settings: Settings, database: Database
) -> None:
    down = [True]
    with Receiver(lambda _n: 503 if down[0] else 200) as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        calls = [make_call(database, minute) for minute in (0, 1)]
        put_through(settings, database, *calls)
        for _ in range(settings.webhook_attempts + 2):
            send_all(settings, database)
            let_time_pass(database)
        assert connection(database).state == "paused", "a person sees that the receiver is down"
        assert states(database) == ["ready", "ready"]
        down[0] = False
        with database.transaction() as session:
            connections.resume(session, connection(database).id)
        send_all(settings, database)
        assert [event["body"]["subject"] for event in receiver.accepted] == [str(call) for call in calls]


def test_an_event_that_alone_keeps_failing_does_not_stop_the_others(
    receiver_settings: Settings, database: Database
) -> None:
    poison = make_call(database, 0)
    with Receiver() as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        others = [make_call(database, minute, number=f"+98912000010{minute}") for minute in range(1, 6)]
        put_through(settings, database, poison, *others)
        with database.transaction() as session:
            row = session.scalars(select(OutboxEvent).where(OutboxEvent.call_id == poison)).one().id
            session.execute(text("update crm_sync.outbox set attempts = 3 where id = :row"), {"row": row})
        failed = Reply(outcome=Outcome.RETRY, said="500 poison")
        delivery._note(settings, database, row, failed)
        send_all(settings, database)
        assert connection(database).state == "active"
        assert states(database) == ["dead", *["delivered"] * 5]


@pytest.mark.parametrize("status", [301, 308, 404, 405])
def test_a_receiver_that_has_moved_pauses_the_connection(
    receiver_settings: Settings, database: Database, status: int
) -> None:
    with Receiver(lambda _n: status) as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        put_through(settings, database, make_call(database, 0))
        send_all(settings, database)
        assert connection(database).state == "paused"
        assert states(database) == ["ready"]


def test_an_address_without_a_scheme_pauses_the_connection(receiver_settings: Settings, database: Database) -> None:
    settings = receiver_settings.model_copy(update={"webhook_url": "crm.example.org/hook"})
    put_through(settings, database, make_call(database, 0))
    send_all(settings, database)
    assert connection(database).state == "paused"


def test_a_secret_that_cannot_sign_is_named(receiver_settings: Settings, database: Database) -> None:
    update = {"webhook_url": "http://127.0.0.1:9/never", "webhook_secret": SecretStr("whsec_not base64!")}
    settings = receiver_settings.model_copy(update=update)
    put_through(settings, database, make_call(database, 0))
    with pytest.raises(SettingsError, match="AVASANJ_WEBHOOK_SECRET") as raised:
        send_all(settings, database)
    assert "not base64" not in str(raised.value)


def test_nothing_more_is_sent_once_the_address_is_taken_out_of_the_settings(
    receiver_settings: Settings, database: Database
) -> None:
    with Receiver() as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        call, later = make_call(database, 0), make_call(database, 1)
        put_through(settings, database, call)
        send_all(settings.model_copy(update={"webhook_url": None}), database)
        assert receiver.requests == []
        assert connection(database).state == "paused"
        put_through(settings, database, later)
        send_all(settings, database)
        assert [event["body"]["subject"] for event in receiver.accepted] == [str(call), str(later)]


def test_an_answer_that_comes_late_does_not_send_a_delivered_event_again(
    receiver_settings: Settings, database: Database
) -> None:
    """Two workers had the same event: one was taken for dead while it waited for an answer."""
    with Receiver() as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        put_through(settings, database, make_call(database, 0))
        send_all(settings, database)
        with database.read() as session:
            row = session.scalars(select(OutboxEvent.id)).one()
        delivery._note(settings, database, row, Reply(outcome=Outcome.RETRY, said="ReadTimeout"))
        assert states(database) == ["delivered"]
        assert connection(database).failures == 0


@contextmanager
def dribbling_receiver(every_s: float) -> Iterator[str]:
    """Answers with a header that never ends, a letter at a time."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not stop.wait(every_s):
                try:
                    peer.sendall(b"a")
                except OSError:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        stop.set()
        thread.join(5)
        server.close()


def test_a_receiver_that_dribbles_its_answer_is_left_after_the_timeout() -> None:
    with dribbling_receiver(every_s=0.3) as url:
        asked_s = time.monotonic()
        reply = send(url, SECRET, "event", {}, timeout_s=1.0)
        assert time.monotonic() - asked_s < 3
        assert reply.outcome is Outcome.RETRY


def test_a_call_missed_after_the_customer_was_spoken_to_is_still_owed_when_the_talk_is_understood_last(
    settings: Settings, database: Database
) -> None:
    """Transcribing takes minutes, a missed call none: the talk in between ends its way last."""
    first, talk, second = (
        make_call(database, 0, disposition="abandoned", wait_s=30.0),
        make_call(database, 20),
        make_call(database, 40, disposition="abandoned", wait_s=60.0),
    )
    for call in (first, talk, second):
        stage.place(settings, database, call)
    for call in (first, second, talk):
        stage.sync(settings, database, call)
    with database.read() as session:
        assert session.scalar(select(func.count()).where(FollowUp.state == "open", FollowUp.rule == "abandoned")) == 1


def test_colleagues_among_themselves_are_owed_nothing() -> None:
    promise = Promise(words="I will call you back", agent="Sara", due_at=None)
    facts = CallFacts(
        direction="internal",
        disposition="answered",
        ended_at=utc_now(),
        wait_s=1.0,
        has_number=False,
        dissatisfied=0.99,
        promises=[promise],
    )
    assert decide(facts, dissatisfied_above=0.6, within_h=4.0) == []
    assert len(decide(replace(facts, direction="inbound"), dissatisfied_above=0.6, within_h=4.0)) == 2
