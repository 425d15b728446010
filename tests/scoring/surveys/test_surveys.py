"""Survey answers find their call, stand once, and are compared with what was predicted."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path

import pytest
from sqlalchemy import select

from avasanj.csv_file import Report
from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.settings import Settings
from scoring.surveys import survey_csv
from scoring.surveys.compared import agreement, compare
from scoring.surveys.tables import Survey
from scoring.tables import Mood
from telephony.tables import Call

START = datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.UTC)
NUMBER = "+982188001122"


def add_call(database: Database, minutes: float = 0, *, pbx: str = "pbx", linked_id: str | None = None) -> uuid.UUID:
    at = START + datetime.timedelta(minutes=minutes)
    call = Call(
        id=uuid.uuid4(), pbx=pbx, linked_id=linked_id or str(uuid.uuid4()), source="live", direction="inbound", state="ended",
        disposition="answered", customer_e164=NUMBER, started_at=at, ended_at=at + datetime.timedelta(minutes=3), queue="sales",
    )  # fmt: skip
    with database.transaction() as session:
        session.add(call)
    return call.id


def taken(database: Database, tmp_path: Path, text: str) -> Report:
    file = tmp_path / "answers.csv"
    file.write_text(text, encoding="utf-8")
    settings = Settings(phone_region="IR", timezone="Asia/Tehran")
    with database.transaction() as session:
        return survey_csv.take(session, survey_csv.read(file), settings, source=file.name)


def kept(database: Database) -> dict[uuid.UUID, float]:
    with database.read() as session:
        return {one.call_id: one.grade for one in session.scalars(select(Survey))}


def test_an_answer_finds_its_call_by_id_or_by_the_last_call_of_the_number_before_it(
    database: Database, tmp_path: Path
) -> None:
    named, early, late = (
        add_call(database, linked_id="170.1"),
        add_call(database, minutes=60),
        add_call(database, minutes=120),
    )
    # 11:30 in Tehran is 08:00 UTC; 13:40 is ten minutes after the third call began
    text = "linked_id,number,at,grade,scale,comment\n170.1,,,۴,,خوب بود\n,021-8800 1122,1405-08-30 13:40,0,0-10,\n"
    report = taken(database, tmp_path, text)
    assert (report.added, report.problems) == (2, ())
    assert kept(database) == {named: 4.0, late: 1.0}
    assert early not in kept(database)
    again = taken(database, tmp_path, text)
    assert (again.added, again.known) == (0, 2)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("170.1,,,,6,,", "The grade must be"),
        ("170.1,,,,good,,", "The grade must be"),
        ("170.1,,,,nan,,", "The grade must be"),
        ("170.1,,,,3,5-1,", "This is no scale"),
        ("170.2,,,,3,,", "Several PBXs"),
        ("nobody,,,,3,,", "There is no such call"),
        (",,,,3,,", "To find the call"),
        (",,02188001122,2026-11-24 10:00,3,,", "There is no such call"),
        ("170.3,,,,2,,", "This call has another answer"),
    ],
)
def test_a_row_that_cannot_be_is_named_and_the_others_go_in(
    database: Database, tmp_path: Path, row: str, said: str
) -> None:
    add_call(database, linked_id="170.1")
    add_call(database, linked_id="170.2")
    add_call(database, linked_id="170.2", pbx="other")
    good = add_call(database, linked_id="170.3")
    report = taken(
        database, tmp_path, f"linked_id,pbx,number,at,grade,scale,comment\n170.3,,,,5,,\n{row}\n170.2,other,,,1,,\n"
    )
    assert [(one.line, one.text.startswith(said)) for one in report.problems] == [(3, True)]
    assert report.added == 2
    assert kept(database)[good] == 5.0


def test_predicted_and_answered_stand_side_by_side(database: Database, tmp_path: Path) -> None:
    calls = [add_call(database, minutes=n, linked_id=f"170.{n}") for n in range(12)]
    with database.transaction() as session:
        for n, call in enumerate(calls[:11]):
            grade = {"grade": 1 + 4 * n / 10, "chances": []}
            session.add(Mood(call_id=call, dissatisfied=0.5, model="m", satisfaction=grade))
    rows = "".join(f"170.{n},{1 + n // 3}\n" for n in range(12) if n != 5)
    taken(database, tmp_path, "linked_id,grade\n" + rows)
    with database.read() as session:
        found = compare(session, START, START + datetime.timedelta(days=1))
        nothing = compare(session, START - datetime.timedelta(days=9), START)
    assert (found.answered, found.asked) == (12, 11)
    assert found.all is not None
    assert found.all.n == 10
    assert found.all.correlation is not None
    assert found.all.correlation > 0.95
    assert found.by_queue == {"sales": found.all}
    assert (nothing.answered, nothing.asked, nothing.all) == (0, 0, None)


def test_few_pairs_have_no_correlation() -> None:
    found = agreement([(1, 2), (5, 3.5)])
    assert found is not None
    assert (found.surveyed, found.predicted, found.apart, found.within_one) == (3, 2.75, 1.25, 0.5)
    assert found.correlation is None


def test_a_decimal_comma_is_read_and_what_no_database_takes_is_refused(database: Database, tmp_path: Path) -> None:
    call_id = add_call(database, linked_id="170.1")
    assert taken(database, tmp_path, "linked_id;grade\n170.1;4,5\n").added == 1
    assert kept(database) == {call_id: 4.5}
    with pytest.raises(InputError, match="UTF-8"):
        taken(database, tmp_path, "linked_id,grade,comment\n170.1,4,a\0b\n")
