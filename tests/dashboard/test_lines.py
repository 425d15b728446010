"""Whose line it is decides whose calls they are: from when on, until when, and nobody else's."""

from __future__ import annotations

import datetime
import uuid
from html import unescape

import pytest
from sqlalchemy import func, select

from avasanj.database import Database, utc_now
from avasanj.errors import InputError
from avasanj.people import AuditEntry, Role, User
from crm_sync.tables import FollowUp
from telephony import lines
from telephony.tables import AgentActivity, AgentLine, AgentSpan, Call
from tests.dashboard.conftest import Day, csrf

START = datetime.datetime(2026, 11, 20, 6, 0, tzinfo=datetime.UTC)


def at(hours: float) -> datetime.datetime:
    return START + datetime.timedelta(hours=hours)


@pytest.fixture
def people(database: Database) -> dict[str, uuid.UUID]:
    made = {name: User(login=name, name=name.title(), role=Role.AGENT) for name in ("ali", "sara", "boss")}
    with database.transaction() as session:
        session.add_all(made.values())
        session.flush()
        for hour in range(0, 10, 2):
            for pbx, interface, name in (
                ("main", "PJSIP/1001", "Desk one"),
                ("branch", "Local/1001@agents/n", "Zahra"),
            ):
                call = Call(
                    id=uuid.uuid4(), pbx=pbx, linked_id=f"{pbx}-{hour}", source="live", direction="inbound",
                    state="ended", started_at=at(hour),
                )  # fmt: skip
                call.spans = [AgentSpan(position=0, interface=interface, agent_name=name, started_at=at(hour))]
                session.add(call)
                doing = {"pbx": pbx, "interface": interface, "agent_name": name, "state": "talking"}
                session.add(AgentActivity(**doing, started_at=at(hour)))
    return {name: user.id for name, user in made.items()}


def owners(database: Database, people: dict[str, uuid.UUID], pbx: str = "main") -> list[str | None]:
    """Whose the spans are, hour by hour; the activities are the same people's."""
    named = {id_: name for name, id_ in people.items()}
    with database.read() as session:
        spans = select(AgentSpan.user_id).join(Call, Call.id == AgentSpan.call_id).where(Call.pbx == pbx)
        did = select(AgentActivity.user_id).where(AgentActivity.pbx == pbx).order_by(AgentActivity.started_at)
        found = session.scalars(spans.order_by(AgentSpan.started_at)).all()
        assert session.scalars(did).all() == found
    return [named.get(owner) if owner else None for owner in found]


def add(
    database: Database, people: dict[str, uuid.UUID], who: str, line: str, since: float | None = None,
    until: float | None = None, pbx: str | None = None,
) -> int:  # fmt: skip
    start, end = lines.ALWAYS if since is None else at(since), None if until is None else at(until)
    with database.transaction() as session:
        facts = {"line": line, "pbx": pbx, "valid_from": start, "valid_to": end, "by": people["boss"]}
        return lines.add(session, user_id=people[who], **facts).id


def test_a_desk_that_several_sit_at_is_each_ones_in_their_time(
    database: Database, people: dict[str, uuid.UUID]
) -> None:
    add(database, people, "ali", "PJSIP/1001", until=3)
    add(database, people, "sara", "PJSIP/1001", since=6)
    assert owners(database, people) == ["ali", "ali", None, "sara", "sara"]
    assert owners(database, people, "branch") == [None] * 5


@pytest.mark.parametrize("line", ["PJSIP/1001", "1001", "Desk one"])
def test_a_line_may_be_an_interface_an_extension_or_a_members_name(
    database: Database, people: dict[str, uuid.UUID], line: str
) -> None:
    add(database, people, "ali", line)
    assert owners(database, people) == ["ali"] * 5


def test_an_extension_is_found_behind_a_local_channel_and_on_the_named_pbx_only(
    database: Database, people: dict[str, uuid.UUID]
) -> None:
    add(database, people, "ali", "1001", pbx="branch")
    assert (owners(database, people), owners(database, people, "branch")) == ([None] * 5, ["ali"] * 5)


def test_the_nearer_line_wins(database: Database, people: dict[str, uuid.UUID]) -> None:
    add(database, people, "ali", "Desk one")
    add(database, people, "sara", "1001", since=2)
    add(database, people, "boss", "PJSIP/1001", since=6)
    assert owners(database, people) == ["ali", "sara", "sara", "boss", "boss"]
    add(database, people, "ali", "PJSIP/1001", since=8, pbx="main")
    assert owners(database, people)[-1] == "ali"


def test_ending_a_line_unnames_what_came_after_and_nothing_before(
    database: Database, people: dict[str, uuid.UUID]
) -> None:
    line = add(database, people, "ali", "1001")
    with database.transaction() as session:
        lines.end(session, line, at=at(4), by=people["boss"])
    assert owners(database, people) == ["ali", "ali", None, None, None]
    with pytest.raises(InputError), database.transaction() as session:
        lines.end(session, line, at=at(5), by=people["boss"])


def test_a_line_ended_before_it_began_never_was(database: Database, people: dict[str, uuid.UUID]) -> None:
    line = add(database, people, "ali", "1001", since=4)
    with database.transaction() as session:
        lines.end(session, line, at=at(1), by=people["boss"])
    assert owners(database, people) == [None] * 5
    with database.read() as session:
        assert session.get(AgentLine, line) is None


@pytest.mark.parametrize(("since", "until"), [(None, None), (3, 5), (None, 3), (5, None), (2.5, 3)])
def test_two_people_at_one_line_at_once_are_refused(
    database: Database, people: dict[str, uuid.UUID], since: float | None, until: float | None
) -> None:
    add(database, people, "ali", "1001", since=2, until=6)
    with pytest.raises(InputError, match=r"line 1001 is already Ali's in that time"):
        add(database, people, "sara", "1001", since=since, until=until)
    add(database, people, "sara", "1001", since=6)
    add(database, people, "sara", "1001", until=2)


@pytest.mark.parametrize(("line", "since", "until"), [("  ", None, None), ("1001", 5, 5), ("1001", 5, 4)])
def test_a_line_without_a_name_or_a_time_is_refused(
    database: Database, people: dict[str, uuid.UUID], line: str, since: float | None, until: float | None
) -> None:
    with pytest.raises(InputError):
        add(database, people, "ali", line, since=since, until=until)


def test_unmapped_line_is_given_to_a_person_with_one_press_and_they_see_its_calls(day: Day) -> None:
    admin, agent, seeded = day.enter("admin"), day.enter("agent"), day.seeded
    page = unescape(admin.get("/people").text)
    unmapped = page.partition('id="unmapped"')[2]
    assert "PJSIP/1003" in unmapped
    assert "Local/1006@from-queue/n" in unmapped
    assert "امیر رضایی" in unmapped
    assert '<bdi class="copy">PJSIP/1002</bdi></strong> <span dir="auto">لیلا' not in unmapped
    assert agent.get(f"/calls/{seeded.calls['working']}").status_code == 404
    form = {"csrf": csrf(admin), "user_id": str(seeded.agent), "pbx": "main", "line": "1003"}
    assert admin.post("/people/lines/give", data=form).status_code == 303
    assert agent.get(f"/calls/{seeded.calls['working']}").status_code == 200
    assert "PJSIP/1003" not in admin.get("/people").text.partition('id="unmapped"')[2]
    with day.database.read() as session:
        line = session.scalars(select(AgentLine).where(AgentLine.line == "1003")).one()
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "line.added")).all()
    assert [(entry.user_id, entry.detail["line"]) for entry in entries] == [(seeded.admin, "1003")]
    assert admin.post(f"/people/lines/{line.id}/end", data={"csrf": csrf(admin)}).status_code == 303
    assert agent.get(f"/calls/{seeded.calls['working']}").status_code == 200, "what was theirs stays theirs"


def test_a_line_that_another_has_is_refused_in_words(day: Day) -> None:
    admin = day.enter("admin")
    form = {"csrf": csrf(admin), "line": "لیلا محمدی"}
    answer = admin.post(f"/people/{day.seeded.supervisor}/lines", data=form)
    assert answer.status_code == 422
    assert "از آنِ" in answer.text
    form = {"csrf": csrf(admin), "line": "1013", "since": "yesterday"}
    assert admin.post(f"/people/{day.seeded.supervisor}/lines", data=form).status_code == 422
    assert admin.post(f"/people/{uuid.uuid4()}/lines", data=form | {"since": ""}).status_code == 404


def test_lines_are_for_administrators(day: Day) -> None:
    boss = day.enter("super")
    form = {"csrf": csrf(boss), "user_id": str(day.seeded.supervisor), "pbx": "main", "line": "PJSIP/1003"}
    for path in ("/people/lines/give", f"/people/{day.seeded.supervisor}/lines", "/people/lines/1/end"):
        assert boss.post(path, data=form).status_code == 403
    with day.database.read() as session:
        assert session.scalar(select(func.count()).select_from(AgentLine).where(AgentLine.line == "PJSIP/1003")) == 0


def test_a_promise_of_somebody_who_is_named_later_becomes_theirs(day: Day) -> None:
    with day.database.transaction() as session:
        owed = FollowUp(
            call_id=day.seeded.calls["working"], rule="promise", due_at=utc_now(), owner_name="امیر رضایی",
            reason={"id": "Opened by hand", "values": {}},
        )  # fmt: skip
        session.add(owed)
    agent = day.enter("agent")
    address = f"/follow-ups/{owed.id}/close"
    form = {"csrf": csrf(agent), "state": "done", "note": "called back"}
    assert agent.post(address, data=form).status_code == 404
    with day.database.transaction() as session:
        lines.give(session, user_id=day.seeded.agent, line="امیر رضایی", pbx=None, by=day.seeded.admin)
    assert str(owed.id) in agent.get("/follow-ups").text
    assert agent.post(address, data=form).status_code == 303
