"""Call records in a real MariaDB with FreePBX's own tables, read by a user that may do nothing else."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from avasanj.database import Database
from avasanj.settings import Settings
from telephony import journal
from telephony.call_records import RecordsAway
from telephony.cdr_database import DatabaseRecords
from telephony.tables import CallState
from tests.peers import PeerMissing
from tests.peers.fixtures import missing
from tests.peers.mariadb import CDR, CEL, READER_PASSWORD, MariaDb, programs
from tests.telephony.conftest import OWN_STREAMS
from tests.telephony.following import calls, eventually, following, pbx_state
from tests.telephony.small_pbx import SmallPbx

try:
    programs()
except PeerMissing as peer:
    if os.environ.get("CI") != "true":
        pytest.skip(str(peer), allow_module_level=True)
UTC = dt.UTC
TEHRAN = ZoneInfo("Asia/Tehran")
HOLD = (OWN_STREAMS / "22-hold.txt").read_bytes()


@pytest.fixture(scope="module")
def one_server() -> Iterator[MariaDb]:
    try:
        server = MariaDb()
    except PeerMissing as peer:
        missing(peer)
    with server:
        yield server


@pytest.fixture
def server(one_server: MariaDb) -> Iterator[MariaDb]:
    """With FreePBX's tables, empty."""
    for name, made in (("cdr", CDR), ("cel", CEL)):
        one_server.execute(f"DROP TABLE IF EXISTS {name}")
        one_server.execute(made)
    return one_server


def clock(at: float, zone: dt.tzinfo) -> str:
    return f"{dt.datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S}"


def call(server: MariaDb, at: float, zone: dt.tzinfo, linkedid: str = "1763800000.12", **more: object) -> None:
    """A queue call of 60 s, answered after 15 s, as FreePBX writes it."""
    row: dict[str, object] = {
        "calldate": clock(at, zone), "clid": '"سارا احمدی" <09121110000>', "src": "09121110000", "dst": "800",
        "dcontext": "ext-queues", "channel": "PJSIP/trunk-0000000b", "dstchannel": "PJSIP/1001-0000000c",
        "lastapp": "Queue", "lastdata": "800,t,,,", "duration": 60, "billsec": 45, "disposition": "ANSWERED",
        "amaflags": 3, "uniqueid": linkedid, "did": "02155501234", "cnam": "سارا احمدی", "linkedid": linkedid,
        "recordingfile": "q-800-09121110000-20261122-100000-1763800000.12.wav", "sequence": 21, **more,
    }  # fmt: skip
    server.insert("cdr", **row)


def event(server: MariaDb, kind: str, at: str, linkedid: str = "1763800000.12", **more: object) -> None:
    row = {"eventtype": kind, "eventtime": at, "channame": "PJSIP/trunk-0000000b", "uniqueid": linkedid}
    server.insert("cel", **row, linkedid=linkedid, **more)


@pytest.mark.parametrize("zone", [UTC, TEHRAN, ZoneInfo("Europe/Berlin")], ids=str)
@pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
def test_a_calls_records_are_read_in_the_zone_of_their_times(server: MariaDb, zone: dt.tzinfo, scheme: str) -> None:
    at = dt.datetime(2026, 7, 22, 20, 45, tzinfo=UTC).timestamp()
    call(server, at, zone)
    call(server, at + 5, zone, "1763800005.99")
    event(server, "CHAN_START", clock(at, zone), cid_num="09121110000", exten="02155501234")
    event(server, "HANGUP", clock(at + 60, zone), extra='{"hangupcause":16,"hangupsource":"PJSIP/1001-0000000c"}')
    event(server, "CHAN_END", clock(at + 60, zone))
    event(server, "LINKEDID_END", clock(at + 60, zone))
    event(server, "CHAN_START", clock(at + 5, zone), "1763800005.99")
    rows = DatabaseRecords(server.url(scheme), zone).between(at - 2, at + 62, "1763800000.12")
    kinds = [(row.kind, row.fields.get("EventName")) for row in rows]
    assert kinds == [
        ("cel", "CHAN_START"),
        ("cdr", None),
        ("cel", "HANGUP"),
        ("cel", "CHAN_END"),
        ("cel", "LINKEDID_END"),
    ]
    cdr, hangup = rows[1].fields, rows[2].fields
    times = [float(cdr[name]) for name in ("StartTime", "AnswerTime", "EndTime")]
    assert times == [at, at + 15, at + 60]
    assert (cdr["CallerID"], cdr["Destination"]) == ('"سارا احمدی" <09121110000>', "800")
    assert cdr["RecordingFile"].endswith("1763800000.12.wav")
    assert (float(hangup["EventTime"]), hangup["LinkedID"]) == (at + 60, "1763800000.12")
    assert "PJSIP/1001-0000000c" in hangup["Extra"]


def test_without_a_call_every_cdr_that_touches_the_time_is_read_and_no_cel(server: MariaDb) -> None:
    at = dt.datetime(2026, 11, 22, 10, 0, tzinfo=UTC).timestamp()
    for linkedid, start in (("over", at - 100), ("ends", at - 30), ("begins", at + 50), ("later", at + 500)):
        call(server, start, TEHRAN, linkedid)
        event(server, "CHAN_START", clock(start, TEHRAN), linkedid)
    rows = DatabaseRecords(server.url(), TEHRAN).between(at, at + 100)
    assert [(row.kind, row.linked_id) for row in rows] == [("cdr", "ends"), ("cdr", "begins")]


def test_the_user_that_reads_may_only_read(server: MariaDb) -> None:
    import pymysql

    own = {"host": "127.0.0.1", "port": server.port, "user": "reader", "password": READER_PASSWORD}
    with pymysql.connect(database="asteriskcdrdb", **own) as connection, connection.cursor() as cursor:
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            cursor.execute("DELETE FROM cdr")
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            cursor.execute("CREATE TABLE other (id int)")
    assert not DatabaseRecords(server.url(), UTC).between(0, time.time(), "1.1")


def test_older_tables_without_linkedid_and_with_another_name_for_extra_are_read(server: MariaDb) -> None:
    at = dt.datetime(2026, 11, 22, 10, 0, tzinfo=UTC).timestamp()
    call(server, at, TEHRAN, "7.1")
    event(server, "HANGUP", clock(at + 60, TEHRAN), "7.1", extra='{"hangupcause":16}')
    for column in ("linkedid", "peeraccount", "sequence"):
        server.execute(f"ALTER TABLE cdr DROP COLUMN {column}")
    server.execute("ALTER TABLE cel CHANGE extra eventextra varchar(255)")
    server.execute("ALTER TABLE cel ENGINE=MyISAM")
    cdr, cel = DatabaseRecords(server.url(), TEHRAN).between(at, at + 60, "7.1")
    assert (cdr.linked_id, cdr.uniqueid, cdr.fields["Disposition"]) == ("", "7.1", "ANSWERED")
    assert cel.fields["Extra"] == '{"hangupcause":16}'


def test_columns_of_the_type_timestamp_are_right_in_whatever_zone_the_server_is(server: MariaDb) -> None:
    at = dt.datetime(2026, 11, 22, 10, 0, tzinfo=UTC).timestamp()
    server.execute("ALTER TABLE cel MODIFY eventtime timestamp NOT NULL")
    server.execute("SET GLOBAL time_zone = '+09:00'")
    try:
        event(server, "HANGUP", clock(at, dt.timezone(dt.timedelta(hours=9))), "7.1")
        (row,) = DatabaseRecords(server.url(), TEHRAN).between(at - 1, at + 1, "7.1")
    finally:
        server.execute("SET GLOBAL time_zone = 'SYSTEM'")
    assert row.started_at == at


def test_what_is_wrong_is_said_without_the_password_and_is_well_again_by_itself(server: MariaDb) -> None:
    with pytest.raises(RecordsAway, match=r"Access denied for user 'reader'") as caught:
        DatabaseRecords(server.url(password="h1dden"), UTC).between(0, 1)
    assert "h1dden" not in str(caught.value)
    with pytest.raises(RecordsAway, match="hurry"):
        DatabaseRecords(f"{server.url()}?hurry=1", UTC).between(0, 1)
    records = DatabaseRecords(server.url(), UTC)
    server.stop()
    try:
        with pytest.raises(RecordsAway, match=r"Can't connect|refused") as caught:
            records.between(0, 1)
    finally:
        server.start()
    assert READER_PASSWORD not in str(caught.value)
    assert not records.between(0, 1)


def test_a_table_of_another_form_is_named(server: MariaDb) -> None:
    server.execute("ALTER TABLE cdr CHANGE calldate at datetime")
    with pytest.raises(RecordsAway, match="the table cdr has no column calldate or start"):
        DatabaseRecords(server.url(), UTC).between(0, 1)


def test_call_that_ended_while_nobody_listened_is_repaired_from_freepbxs_tables(
    settings: Settings, database: Database, server: MariaDb
) -> None:
    before = HOLD[: HOLD.index(b"Event: Unhold\r\n")]
    with SmallPbx() as pbx:
        own = settings.model_copy(
            update={
                "ami_host": pbx.host, "ami_port": pbx.port, "ami_secret": SecretStr("right"), "recording_wait_s": 0.5,
                "cdr_database_url": SecretStr(server.url()), "cdr_timezone": "Asia/Tehran",
            }
        )  # fmt: skip
        with following(own, database):
            eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
            pbx.say(before)
            (running,) = eventually(
                lambda: [c for c in calls(database) if c.state == CallState.TALKING], what="the talk"
            )
            pbx.refuse.set()
            pbx.drop()
            time.sleep(1.5)
            began = float(int(running.started_at.timestamp()))
            (span,) = running.spans
            agent = f"{span.interface}-00000001"
            call(server, began, TEHRAN, running.linked_id, dstchannel=agent, duration=60, billsec=60)
            said = f'{{"hangupcause":16,"hangupsource":"{agent}","dialstatus":"ANSWER"}}'
            event(server, "HANGUP", clock(began + 60, TEHRAN), running.linked_id, extra=said)
            pbx.refuse.clear()

            def ended() -> bool:
                (found,) = calls(database)
                return found.ended_at is not None and found.ended_at.timestamp() == began + 60

            eventually(ended, what="the repaired end", limit_s=20)
        (found,) = calls(database)
    assert (found.disposition, found.complete, found.hung_up_by) == ("answered", False, "agent")
    kept = b"".join(message.raw for _, message in journal.messages(own.journal_dir / "pbx"))
    assert b"ReadFrom: 127.0.0.1/asteriskcdrdb" in kept
    assert READER_PASSWORD.encode() not in kept
