"""Calls of which events were missed are completed from Asterisk's own call records, and from nothing else."""

from __future__ import annotations

import datetime as dt
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from avasanj.database import Database
from avasanj.settings import Settings
from telephony import journal
from telephony.assembler import Assembler
from telephony.call_records import RecordsAway
from telephony.cdr_database import DatabaseRecords
from telephony.channels import Numbering
from telephony.tables import CallState
from tests.peers.asterisk import QUEUE_SUPPORT, Asterisk
from tests.peers.phones import BaresipAgent, SipCaller
from tests.telephony.conftest import OWN_STREAMS
from tests.telephony.following import calls, eventually, following, pbx_state, work_started
from tests.telephony.master_csv import line
from tests.telephony.small_pbx import SmallPbx

UTC = dt.UTC
HOLD = (OWN_STREAMS / "22-hold.txt").read_bytes()


# The database


def test_tables_as_freepbx_has_them_are_read(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text(
            "create table cdr (calldate timestamp, clid text, src text, dst text, dcontext text, channel text, dstchannel text,"
            " lastapp text, lastdata text, duration int, billsec int, disposition text, amaflags int, accountcode text,"
            " uniqueid text, userfield text, did text, recordingfile text, linkedid text, sequence int)"
        ))  # fmt: skip
        session.execute(text(
            "insert into cdr values ('2026-11-22 10:00:00','','0912','800','ext-queues','SIP/t-1','SIP/1001-2','Queue','800,t',"
            "60,45,'ANSWERED',3,'','1.1','','','','1.1',7), ('2026-11-22 09:00:00','','1','2','x','a','b','Dial','',10,0,"
            "'NO ANSWER',3,'','9.9','','','','9.9',8)"
        ))  # fmt: skip
        session.execute(text(
            "create table cel (id int, eventtype text, eventtime timestamp, cid_name text, cid_num text, exten text, context text,"
            " channame text, appname text, appdata text, uniqueid text, linkedid text, peer text, extra text)"
        ))  # fmt: skip
        session.execute(text(
            "insert into cel values (1,'HANGUP','2026-11-22 10:01:00','','0912','800','x','SIP/t-1','','','1.1','1.1','',"
            """'{"hangupcause"\\:16,"hangupsource":"SIP/t-1"}')"""
        ))  # fmt: skip
    zone = ZoneInfo("Asia/Tehran")
    at = dt.datetime(2026, 11, 22, 10, 0, tzinfo=zone).timestamp()
    plain = database.url.replace("postgresql+psycopg", "postgresql")
    rows = DatabaseRecords(plain, zone).between(at - 60, at + 120, "1.1")
    assert [(row.kind, row.linked_id) for row in rows] == [("cdr", "1.1"), ("cel", "1.1")]
    cdr, cel = (row.fields for row in rows)
    assert (float(cdr["StartTime"]), float(cdr["AnswerTime"]), float(cdr["EndTime"])) == (at, at + 15, at + 60)
    assert (cdr["Source"], cdr["DestinationChannel"], cdr["Disposition"]) == ("0912", "SIP/1001-2", "ANSWERED")
    assert (cel["EventName"], cel["Channel"], float(cel["EventTime"])) == ("HANGUP", "SIP/t-1", at + 60)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://reader:h1dden@127.0.0.1:1/asteriskcdrdb", "refused"),
        ("nonsense", "its address is none"),
        ("oracle9://reader:h1dden@x/y", "its address is none"),
    ],
)
def test_records_that_can_not_be_read_say_why_without_the_password(url: str, says: str) -> None:
    with pytest.raises(RecordsAway, match=says) as caught:
        DatabaseRecords(url, UTC).between(0, 1)
    assert "h1dden" not in str(caught.value)


def test_where_the_package_is_missing_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(RecordsAway, match=r"pip install 'avasanj\[mysql\]'"):
        DatabaseRecords("mysql://reader:h1dden@127.0.0.1/asteriskcdrdb", UTC)


# The ledger


def on(settings: Settings, pbx: SmallPbx, file: Path, **more: object) -> Settings:
    update = {
        "ami_host": pbx.host, "ami_port": pbx.port, "ami_secret": SecretStr("right"), "recording_wait_s": 0.5,
        "cdr_csv": file, "cdr_timezone": "UTC", **more,
    }  # fmt: skip
    return settings.model_copy(update=update)


def test_call_that_ended_while_nobody_listened_gets_its_true_end_and_one_that_nobody_saw_is_found(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "Master.csv"
    before = HOLD[: HOLD.index(b"Event: Unhold\r\n")]
    with SmallPbx() as pbx, following(on(settings, pbx, file), database):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        pbx.say(before)
        (running,) = eventually(lambda: [c for c in calls(database) if c.state == CallState.TALKING], what="the talk")
        seen_until = time.time()
        pbx.refuse.set()
        pbx.drop()
        time.sleep(2.5)
        ended = running.started_at.timestamp() + 60.0
        answered = running.started_at.timestamp()
        file.write_text(
            line(
                running.started_at.timestamp(),
                ended,
                running.linked_id,
                answer=answered,
                dstchannel="PJSIP/1001-00000001",
            )
            + line(seen_until + 1, seen_until + 2, "77.7", src="09121110000")
        )
        pbx.refuse.clear()
        eventually(
            lambda: len([c for c in calls(database) if c.state == CallState.ENDED]) == 2, what="both calls", limit_s=20
        )
        eventually(
            lambda: [
                c for c in calls(database) if c.linked_id == running.linked_id and c.ended_at.timestamp() == int(ended)
            ],
            what="the repaired end",
            limit_s=20,
        )
        eventually(lambda: len(work_started(database)) == 2, what="both calls' intake")
        found = {call.linked_id: call for call in calls(database)}
    repaired, unseen = found[running.linked_id], found["77.7"]
    assert (repaired.disposition, repaired.complete) == ("answered", False)
    assert repaired.gaps
    assert (unseen.caller_raw, unseen.called_raw, unseen.complete) == ("09121110000", "800", False)
    assert unseen.disposition != "answered"
    again = rebuilt(settings)
    assert again[running.linked_id] == repaired.ended_at
    assert again["77.7"] == unseen.ended_at


def rebuilt(settings: Settings) -> dict[str, dt.datetime | None]:
    """Ends of the calls as the journal alone has them."""
    assembler = Assembler(pbx="pbx", numbering=Numbering())
    ends: dict[str, dt.datetime | None] = {}
    for _, message in journal.messages(settings.journal_dir / "pbx"):
        assembler.feed(message)
        ends |= {call.linked_id: call.ended_at for call in assembler.changed()}
    return ends


def test_records_that_can_not_be_read_are_a_trouble_that_is_shown_and_goes(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    def troubles() -> list[str]:
        with database.read() as session:
            return list(session.scalar(text("select troubles from telephony.pbx")) or [])

    before = HOLD[: HOLD.index(b"Event: Unhold\r\n")]
    with SmallPbx() as pbx, following(on(settings, pbx, tmp_path / "away" / "Master.csv"), database):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        pbx.say(before)
        eventually(lambda: [c for c in calls(database) if c.state == CallState.TALKING], what="the talk")
        pbx.drop()
        (trouble,) = eventually(troubles, what="the trouble")
        assert "AVASANJ_CDR_CSV" in trouble
        (tmp_path / "away").mkdir()
        eventually(lambda: not troubles(), what="the trouble's end", limit_s=30)


@pytest.mark.realtime
@pytest.mark.slow
def test_real_asterisks_record_tells_the_end_of_a_call_that_ended_while_nobody_listened(
    asterisk: Asterisk, settings: Settings, database: Database
) -> None:
    settings = settings.model_copy(
        update={
            "ami_host": asterisk.ami_host, "ami_port": asterisk.ami_port, "ami_user": asterisk.ami_user,
            "ami_secret": SecretStr(asterisk.ami_secret), "recordings_dir": [asterisk.recordings_dir],
            "inbound_contexts": ["from-customer"], "cdr_csv": asterisk.cdr_csv_path, "cdr_timezone": "UTC",
            "recording_wait_s": 1.0,
        }
    )  # fmt: skip
    with BaresipAgent(asterisk, "1001", hang_up_after_s=7.0), SipCaller(asterisk, QUEUE_SUPPORT) as caller:
        with following(settings, database):
            eventually(
                lambda: [c for c in calls(database) if c.state == CallState.TALKING], what="the talk", limit_s=20
            )
        caller.wait(30)
        over = time.time()
        with SipCaller(asterisk, QUEUE_SUPPORT, hang_up_after_s=1.0) as other:
            other.wait(30)
    time.sleep(1.5)
    with following(settings, database):
        eventually(
            lambda: len([c for c in calls(database) if c.state == CallState.ENDED]) == 2, what="both calls", limit_s=25
        )
        first, second = calls(database)
        eventually(
            lambda: calls(database)[0].ended_at.timestamp() == pytest.approx(over, abs=2.0),
            what="its true end",
            limit_s=25,
        )
        eventually(lambda: len(work_started(database)) == 2, what="the intakes", limit_s=20)
    assert (first.disposition, first.complete, second.complete) == ("answered", False, False)
    assert [span.agent_name for span in first.spans] == ["Sara"]
    assert second.disposition != "answered"
