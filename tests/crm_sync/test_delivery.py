"""Events reach a real HTTP receiver signed, in order, once; a receiver that fails is tried again, and people can see it."""

from __future__ import annotations

import datetime
import uuid

import pytest
from sqlalchemy import select, text

from avasanj.database import Database, utc_now
from avasanj.settings import Settings
from crm_sync import connections, customers, outbox, stage
from crm_sync.delivery import deliver, pause_s
from crm_sync.tables import Connection, Customer, CustomerPhone, FollowUp, OutboxEvent, TimelineEntry
from telephony.tables import AgentSpan, Call
from tests.peers.receiver import SECRET, Receiver

START = datetime.datetime(2026, 11, 20, 9, 0, tzinfo=datetime.UTC)


def make_call(database: Database, minute: int, number: str | None = "+989120000042", **values: object) -> uuid.UUID:
    started = START + datetime.timedelta(minutes=minute)
    fields: dict[str, object] = {
        "id": uuid.uuid4(),
        "pbx": "test",
        "linked_id": f"{minute}-{uuid.uuid4()}",
        "source": "live",
        "direction": "inbound",
        "state": "ended",
        "disposition": "answered",
        "queue": "support",
        "caller_raw": number,
        "caller_name": "رضا محمدی",
        "customer_e164": number,
        "started_at": started,
        "answered_at": started,
        "ended_at": started + datetime.timedelta(minutes=2),
    }
    call = Call(**fields | values)
    call.spans = [AgentSpan(position=0, interface="PJSIP/1001", agent_name="Sara", started_at=started)]
    with database.transaction() as session:
        session.add(call)
    return call.id


@pytest.fixture
def receiver_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_secret": _secret(), "webhook_timeout_s": 1.0})


def _secret() -> object:
    from pydantic import SecretStr

    return SecretStr(SECRET)


def send_all(settings: Settings, database: Database) -> None:
    with database.read() as session:
        waiting = session.execute(select(OutboxEvent.connection_id, OutboxEvent.partition).distinct()).all()
    for connection_id, partition in waiting:
        deliver(settings, database, str(connection_id), partition)


def let_time_pass(database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            text("update crm_sync.outbox set next_try_at = now() - interval '1 second' where next_try_at is not null")
        )


def test_events_of_a_customer_arrive_in_the_order_of_the_calls(receiver_settings: Settings, database: Database) -> None:
    with Receiver() as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        first, second = make_call(database, 0), make_call(database, 5)
        stage.place(settings, database, second)
        stage.place(settings, database, first)
        stage.sync(settings, database, second)
        send_all(settings, database)
        assert receiver.accepted == [], "the later call waits for the earlier one"
        stage.sync(settings, database, first)
        send_all(settings, database)
        subjects = [event["body"]["subject"] for event in receiver.accepted]
        assert subjects == [str(first), str(second)]
        body = receiver.accepted[0]["body"]
        assert body["specversion"] == "1.0"
        assert body["type"] == "avasanj.call.scored.v1"
        assert body["data"]["customer"]["numbers"] == ["+989120000042"]
        assert receiver.accepted[0]["headers"]["content-type"].startswith("application/cloudevents+json")


def test_running_a_stage_again_changes_nothing(receiver_settings: Settings, database: Database) -> None:
    with Receiver() as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        call = make_call(database, 0, disposition="abandoned", wait_s=75.0)
        for _ in range(3):
            stage.place(settings, database, call)
            stage.sync(settings, database, call)
            send_all(settings, database)
        assert len(receiver.requests) == 1
        with database.read() as session:
            assert len(session.scalars(select(Customer)).all()) == 1
            follow_up = session.scalars(select(FollowUp)).one()
            assert follow_up.reason == {"id": "The caller waited %(wait)s and hung up", "values": {"wait": "1:15"}}


def test_an_event_is_retried_with_the_same_id_until_taken(receiver_settings: Settings, database: Database) -> None:
    with Receiver(lambda n: [500, "hang", "drop", 200][n]) as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        call = make_call(database, 0)
        stage.place(settings, database, call)
        stage.sync(settings, database, call)
        for _ in range(4):
            send_all(settings, database)
            let_time_pass(database)
        assert len(receiver.requests) == 4
        assert len({event["id"] for event in receiver.requests}) == 1
        with database.read() as session:
            event = session.scalars(select(OutboxEvent)).one()
            assert (event.state, event.attempts) == ("delivered", 4)
            assert session.scalars(select(Connection)).one().failures == 0


def test_before_its_time_an_event_is_not_tried_again(receiver_settings: Settings, database: Database) -> None:
    with Receiver(lambda _n: 503) as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        call = make_call(database, 0)
        stage.place(settings, database, call)
        stage.sync(settings, database, call)
        send_all(settings, database)
        send_all(settings, database)
        assert len(receiver.requests) == 1
        with database.read() as session:
            assert (
                session.scalar(
                    text("select count(*) from work.workflow_status where status = 'DELAYED' and name = 'deliver'")
                )
                == 1
            )


def test_an_answer_of_rubbish_with_200_is_taken_as_delivered(receiver_settings: Settings, database: Database) -> None:
    with Receiver(answer=b"\x00\xff<html>" * 5000) as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        call = make_call(database, 0)
        stage.place(settings, database, call)
        stage.sync(settings, database, call)
        send_all(settings, database)
        with database.read() as session:
            event = session.scalars(select(OutboxEvent)).one()
            assert event.state == "delivered"
            assert len(event.last_reply or "") < 600


def test_a_refused_connection_is_paused_and_goes_on_when_a_person_resumes_it(
    receiver_settings: Settings, database: Database
) -> None:
    with Receiver(lambda n: 401 if n == 0 else 200) as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        calls = [make_call(database, minute) for minute in (0, 1)]
        for call in calls:
            stage.place(settings, database, call)
            stage.sync(settings, database, call)
        send_all(settings, database)
        send_all(settings, database)
        assert len(receiver.requests) == 1
        with database.transaction() as session:
            connection = session.scalars(select(Connection)).one()
            assert connection.state == "paused"
            assert (connection.detail or "").startswith("401")
            connections.resume(session, connection.id)
        send_all(settings, database)
        assert [event["body"]["subject"] for event in receiver.accepted] == [str(call) for call in calls]


def test_an_event_that_is_rejected_rests_until_replayed_and_lets_the_next_pass(
    receiver_settings: Settings, database: Database
) -> None:
    with Receiver(lambda n: 400 if n == 0 else 200) as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        calls = [make_call(database, minute) for minute in (0, 1)]
        for call in calls:
            stage.place(settings, database, call)
            stage.sync(settings, database, call)
        send_all(settings, database)
        assert [event["body"]["subject"] for event in receiver.accepted] == [str(calls[1])]
        with database.transaction() as session:
            dead = session.scalars(select(OutboxEvent).where(OutboxEvent.state == "dead")).one()
            outbox.replay(session, dead.id)
        send_all(settings, database)
        assert [event["body"]["subject"] for event in receiver.accepted] == [str(calls[1]), str(calls[0])]


def test_a_stuck_call_does_not_hold_its_customers_later_calls_for_ever(
    receiver_settings: Settings, database: Database
) -> None:
    with Receiver() as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        stuck, later = make_call(database, 0), make_call(database, 5)
        for call in (stuck, later):
            stage.place(settings, database, call)
        stage.sync(settings, database, later)
        with database.transaction() as session:
            session.execute(text("update crm_sync.outbox set placed_at = now() - interval '2 hours'"))
        send_all(settings, database)
        assert [event["body"]["subject"] for event in receiver.accepted] == [str(later)]


def test_pauses_grow_and_stay_under_an_hour() -> None:
    assert 2.5 <= pause_s(1) <= 5
    assert all(pause_s(attempts) <= 3600 for attempts in range(1, 200))
    assert pause_s(10) > pause_s(1)


def test_a_shared_number_asks_a_person(settings: Settings, database: Database) -> None:
    with database.transaction() as session:
        session.add_all([Customer(name=name, phones=[CustomerPhone(e164="+989120000042")]) for name in ("A", "B")])
    call = make_call(database, 0, disposition="abandoned")
    stage.place(settings, database, call)
    stage.sync(settings, database, call)
    with database.transaction() as session:
        entry = session.scalars(select(TimelineEntry)).one()
        assert entry.customer_id is None
        assert len(entry.candidates) == 2
        customers.choose(session, call, uuid.UUID(entry.candidates[1]), None)
    with database.read() as session:
        assert (
            session.scalars(select(TimelineEntry.customer_id)).one()
            == session.scalars(select(FollowUp.customer_id)).one()
        )


@pytest.mark.parametrize("number", [None, "+982188000000"])
def test_a_hidden_number_or_the_centers_own_makes_no_customer(
    settings: Settings, database: Database, number: str | None
) -> None:
    settings = settings.model_copy(update={"own_numbers": ["021 8800 0000"]})
    stage.place(settings, database, make_call(database, 0, number=number))
    with database.read() as session:
        assert session.scalars(select(Customer)).all() == []
        assert session.scalars(select(TimelineEntry.customer_id)).one() is None


def test_a_missed_call_is_settled_when_the_customer_is_spoken_to(settings: Settings, database: Database) -> None:
    missed, spoken = make_call(database, 0, disposition="abandoned", wait_s=30.0), make_call(database, 20)
    for call in (missed, spoken):
        stage.place(settings, database, call)
        stage.sync(settings, database, call)
    with database.read() as session:
        follow_up = session.scalars(select(FollowUp)).one()
        assert (follow_up.state, follow_up.closing_call_id) == ("done", spoken)


def test_two_missed_calls_of_one_customer_are_owed_one_call_back(settings: Settings, database: Database) -> None:
    for minute in (0, 3):
        call = make_call(database, minute, disposition="abandoned")
        stage.place(settings, database, call)
        stage.sync(settings, database, call)
    with database.read() as session:
        assert len(session.scalars(select(FollowUp)).all()) == 1


def test_sample_calls_do_not_leave_the_house(receiver_settings: Settings, database: Database) -> None:
    settings = receiver_settings.model_copy(update={"webhook_url": "http://127.0.0.1:9/never"})
    call = make_call(database, 0, source="sample")
    stage.place(settings, database, call)
    stage.sync(settings, database, call)
    with database.read() as session:
        assert session.scalars(select(OutboxEvent)).all() == []
        assert session.scalars(select(Customer)).one().sample


def test_due_time_is_counted_from_the_calls_end(settings: Settings, database: Database) -> None:
    call = make_call(database, 0, disposition="abandoned")
    stage.place(settings, database, call)
    stage.sync(settings, database, call)
    with database.read() as session:
        due = session.scalars(select(FollowUp.due_at)).one()
    assert due == START + datetime.timedelta(minutes=2, hours=settings.follow_up_within_h)
    assert due < utc_now() + datetime.timedelta(days=3650)


def test_a_person_who_says_whose_call_it_was_tells_other_systems(
    receiver_settings: Settings, database: Database
) -> None:
    with database.transaction() as session:
        session.add_all([Customer(name=name, phones=[CustomerPhone(e164="+989120000042")]) for name in ("A", "B")])
    with Receiver() as receiver:
        settings = receiver_settings.model_copy(update={"webhook_url": receiver.url})
        call = make_call(database, 0)
        stage.place(settings, database, call)
        stage.sync(settings, database, call)
        send_all(settings, database)
        with database.transaction() as session:
            chosen = session.get_one(TimelineEntry, call).candidates[0]
            customers.choose(session, call, uuid.UUID(chosen), None)
        send_all(settings, database)
        first, second = [event["body"] for event in receiver.accepted]
        assert first["data"]["customer"] is None
        assert (second["type"], second["data"]["customer"]["id"]) == ("avasanj.call.customer_chosen.v1", chosen)
        assert first["id"] != second["id"]


def test_an_old_archive_opens_nothing_and_tells_nobody(receiver_settings: Settings, database: Database) -> None:
    settings = receiver_settings.model_copy(update={"webhook_url": "http://127.0.0.1:9/never"})
    call = make_call(
        database,
        0,
        source="imported",
        disposition="abandoned",
        started_at=START.replace(year=2020),
        ended_at=START.replace(year=2020),
    )
    stage.place(settings, database, call)
    stage.sync(settings, database, call)
    with database.read() as session:
        assert session.scalars(select(FollowUp)).all() == []
        assert session.scalars(select(OutboxEvent)).all() == []
        assert session.scalars(select(Customer)).one().name == "رضا محمدی"


def test_colleagues_among_themselves_are_not_told_of(receiver_settings: Settings, database: Database) -> None:
    settings = receiver_settings.model_copy(update={"webhook_url": "http://127.0.0.1:9/never"})
    stage.place(settings, database, make_call(database, 0, direction="internal"))
    with database.read() as session:
        assert session.scalars(select(OutboxEvent)).all() == []
