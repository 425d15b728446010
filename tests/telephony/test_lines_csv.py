"""Lines from a CSV: each row says whose, or what is wrong with it; the rest goes in, and twice is once."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from avasanj import csv_file
from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.people import AuditEntry, Role, User
from telephony import lines, lines_csv
from telephony.tables import AgentLine

ZONE = "Asia/Tehran"
GOOD = """name,interface,from,to
sara,PJSIP/1001,2026-11-01,2026-11-15 14:00
رضا کریمی,PJSIP/1001,۱۴۰۵/۰۸/۲۴ ۱۴:۰۰,
SARA,1002,,
"""


@pytest.fixture
def people(database: Database) -> None:
    with database.transaction() as session:
        session.add(User(login="sara", name="Sara", role=Role.AGENT))
        session.add(User(login="reza", name="رضا کریمی", role=Role.AGENT))
        session.add_all(User(login=f"ali{n}", name="Ali", role=Role.AGENT) for n in (1, 2))


def taken(database: Database, tmp_path: Path, text: str) -> csv_file.Report:
    file = tmp_path / "lines.csv"
    file.write_text(text, encoding="utf-8")
    with database.transaction() as session:
        return lines_csv.take(session, lines_csv.read(file), timezone=ZONE)


def given(database: Database) -> list[tuple[str, str, str | None, datetime.datetime, datetime.datetime | None]]:
    with database.read() as session:
        query = select(User.login, AgentLine).join(User, User.id == AgentLine.user_id).order_by(AgentLine.id)
        return [(login, row.line, row.pbx, row.valid_from, row.valid_to) for login, row in session.execute(query)]


@pytest.mark.usefixtures("people")
def test_each_row_gives_a_person_a_line_in_the_centers_time_and_either_calendar(
    database: Database, tmp_path: Path
) -> None:
    report = taken(database, tmp_path, GOOD)
    assert (report.added, report.known, report.problems) == (3, 0, ())
    noon = datetime.datetime(2026, 11, 15, 10, 30, tzinfo=datetime.UTC)
    first = datetime.datetime(2026, 10, 31, 20, 30, tzinfo=datetime.UTC)
    assert given(database) == [
        ("sara", "PJSIP/1001", None, first, noon),
        ("reza", "PJSIP/1001", None, noon, None),
        ("sara", "1002", None, lines.ALWAYS, None),
    ]
    with database.read() as session:
        audited = session.scalars(select(AuditEntry.action)).all()
    assert audited == ["line.added"] * 3


@pytest.mark.usefixtures("people")
def test_the_same_file_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    taken(database, tmp_path, GOOD)
    before = given(database)
    report = taken(database, tmp_path, "\ufeff" + GOOD.replace(",", ";"))
    assert (report.added, report.known, report.problems) == (0, 3, ())
    assert given(database) == before


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("row", "said", "values"),
    [
        ("nobody,1005,,", "Nobody is called %(name)s.", {"name": "nobody"}),
        ("Ali,1005,,", "Several people are called %(name)s.", {"name": "Ali"}),
        (",1005,,", "The row names nobody.", {}),
        ("sara,,,", "A line needs a name", {}),
        ("sara,1005,2026-13-01,", "This is no date: %(value)s.", {"value": "2026-13-01"}),
        ("sara,1005,,soon", "This is no date: %(value)s.", {"value": "soon"}),
        ("sara,1005,2026-11-02,2026-11-01", "The time at the line ends before it begins.", {}),
        ("reza,1001,2026-11-02,", "The line %(line)s is already %(name)s's", {"line": "1001", "name": "Sara"}),
    ],
)
def test_a_wrong_row_is_told_with_its_line_and_the_others_go_in(
    database: Database, tmp_path: Path, row: str, said: str, values: dict[str, str]
) -> None:
    report = taken(database, tmp_path, f"name,interface,from,to\nsara,1001,,\n\n{row}\nreza,1009,,\n")
    (problem,) = report.problems
    assert (report.added, problem.line, problem.values) == (2, 4, values)
    assert problem.text.startswith(said)
    assert [line for _, line, *_ in given(database)] == ["1001", "1009"]


@pytest.mark.parametrize(
    ("head", "values"),
    [
        ("name,phone,from", {"columns": "interface"}),
        ("name,interface,since", {"columns": "since"}),
        ("name,interface,from,from", {"columns": "from"}),
        ("", {"columns": "name, interface"}),
    ],
)
def test_columns_that_are_missing_unknown_or_doubled_are_named(
    tmp_path: Path, head: str, values: dict[str, str]
) -> None:
    file = tmp_path / "lines.csv"
    file.write_text(f"{head}\nsara,1001,\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        lines_csv.read(file)
    assert error.value.values == {"file": "lines.csv", "all": "name, interface, from, to, pbx"} | values


@pytest.mark.usefixtures("people")
def test_command_tells_in_the_language_asked_for_and_a_dry_run_changes_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "lines.csv"
    file.write_text(GOOD + "nobody,1005,,\n", encoding="utf-8")

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "AVASANJ_DATA_DIR": str(tmp_path),
            "AVASANJ_DATABASE_URL": database_url.replace("+psycopg", ""),
        }
        return subprocess.run(
            [sys.executable, "-m", "avasanj", "lines", "import", str(file), *options],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    dry = run("--dry-run", "--language", "fa")
    assert dry.returncode == 1
    assert dry.stdout.startswith("سطر 5: کسی به نام nobody نیست.")
    assert "چیزی تغییر نکرد" in dry.stdout
    assert given(database) == []
    real = run("--json", "--language", "en")
    told = json.loads(real.stdout)
    assert (told["dry_run"], told["added"], told["known"], real.returncode) == (False, 3, 0, 1)
    assert told["problems"][0]["line"] == 5
    assert len(given(database)) == 3
