"""The course of a call on its page and as data: queues, transfers, gaps, mutes, repetitions; and muting while it runs."""

from __future__ import annotations

import datetime
import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from avasanj.database import utc_now
from avasanj.people import AuditEntry
from dashboard.queries.course import steps
from telephony import problems
from telephony.tables import Call, QueueVisit, RecordingRequest
from tests.dashboard.conftest import Day, Enter, csrf
from tests.dashboard.seed import Seeded


def words(client: TestClient, path: str) -> str:
    """What the page says, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>|[\u2068\u2069]", "", unescape(client.get(path).text)))


def english(enter: Enter, login: str = "super") -> TestClient:
    client = enter(login)
    client.post("/language", data={"language": "en"})
    return client


def test_page_tells_who_handed_the_call_to_whom_and_what_was_missed(enter: Enter, seeded: Seeded) -> None:
    page = words(english(enter), f"/calls/{seeded.calls['handed']}")
    for said in (
        "0:02 waited 1:00 in پشتیبانی until the queue gave up",
        "1:02 waited 0:34 in فروش and was answered",
        "1:46 امیر رضایی (1002) spoke with مریم صادقی (1004) and transferred the call to them",
        "we may have missed what happened from 1:52 to 1:54",
        "the recording was muted from 1:40 to 1:44",
        "wrap-up 0:41",
        "called once more 17 minutes later",
        "muted from 0:04 to 0:08",
        "events missing from 0:16 to 0:18",
    ):
        assert said in page, said


def test_call_as_data_has_its_parts(enter: Enter, seeded: Seeded) -> None:
    data = enter("super").get(f"/api/calls/{seeded.calls['handed']}").json()
    assert [(found["kind"], found["from"], found["to"], found["at_s"]) for found in data["handovers"]] == [
        ("attended", "1002", "1004", 106.0)
    ]
    assert [(found["queue"], found["outcome"]) for found in data["visits"]] == [
        ("پشتیبانی", "timed_out"), ("فروش", "answered"),
    ]  # fmt: skip
    assert (data["gaps"], data["mutes"], data["wrap_s"]) == ([[112.0, 114.5]], [[100.0, 104.0]], 41.0)
    assert [(span["agent"], span["start_s"], span["wrap_s"]) for span in data["spans"]] == [
        ("PJSIP/1002", 96.0, None), ("PJSIP/1004", 106.0, 41.0),
    ]  # fmt: skip


def test_repetition_links_to_the_call_before_for_whoever_may_see_it(day: Day) -> None:
    seeded = day.seeded
    before, after = seeded.calls["handed"], seeded.calls["working"]
    boss = day.enter("super")
    assert f'href="/calls/{before}"' in boss.get(f"/calls/{after}").text
    assert boss.get(f"/api/calls/{after}").json()["repeat_of"] == str(before)
    assert f'href="/calls/{before}"' in boss.get("/calls").text
    with day.database.transaction() as session:
        session.execute(update(Call).where(Call.id == seeded.calls["angry"]).values(repeat_of=before))
    agent = day.enter("agent")
    page = agent.get(f"/calls/{seeded.calls['angry']}").text
    assert str(before) not in page, "a colleague's call"
    assert "در فاصله کوتاهی دوباره تماس گرفت" in page


@pytest.mark.parametrize(("gaps", "said"), [
    ([[None, 12.0]], "we may have missed what happened until %(end)s"),
    ([[12.0, None]], "we may have missed what happened from %(start)s on"),
    ([[None, None]], "we may have missed what happened from %(start)s on"),
])  # fmt: skip
def test_gap_whose_ends_are_unknown_says_so(gaps: list[list[float | None]], said: str) -> None:
    call = Call(gaps=gaps, mutes=[], visits=[], handovers=[], spans=[], started_at=utc_now())
    assert [step.id for step in steps(call)] == [said]


def test_waiting_in_a_second_queue_is_told_while_it_lasts() -> None:
    now = utc_now()
    ended = now + datetime.timedelta(seconds=30)
    visits = [
        QueueVisit(queue="a", joined_at=now, left_at=ended, outcome="left"),
        QueueVisit(queue="b", joined_at=ended, left_at=None, outcome=None),
    ]
    call = Call(gaps=[], mutes=[], visits=visits, handovers=[], spans=[], started_at=now)
    assert [step.id for step in steps(call)] == [
        "waited %(wait)s in %(queue)s and left it by a key", "waits in %(queue)s",
    ]  # fmt: skip


def requests(day: Day) -> list[RecordingRequest]:
    with day.database.read() as session:
        return list(session.scalars(select(RecordingRequest).order_by(RecordingRequest.id)))


def done(day: Day, problem: str | None = None) -> None:
    """As the listener does it."""
    with day.database.transaction() as session:
        session.execute(
            update(RecordingRequest)
            .where(RecordingRequest.done_at.is_(None))
            .values(done_at=utc_now(), problem=problem)
        )


def test_recording_is_muted_and_goes_on_by_a_button(day: Day) -> None:
    agent, path = day.enter("agent"), f"/calls/{day.seeded.calls['talking']}"
    agent.post("/language", data={"language": "en"})
    assert agent.post(f"{path}/recording", data={"csrf": csrf(agent), "mute": "true"}).status_code == 303
    assert "asked to mute…" in words(agent, path)
    done(day)
    page = agent.get(path).text
    assert "The recording is muted" in page
    assert re.search(r'<running-time class="clock" dir="ltr" since="[^"]+">', page)
    assert agent.post(f"{path}/recording", data={"csrf": csrf(agent), "mute": "false"}).status_code == 303
    assert "asked to go on…" in words(agent, path)
    done(day)
    assert "The recording is muted" not in agent.get(path).text
    assert [(one.mute, one.asked_by) for one in requests(day)] == [(True, day.seeded.agent), (False, day.seeded.agent)]
    with day.database.read() as session:
        noted = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("recording."))).all()
    assert set(noted) == {"recording.muted", "recording.resumed"}


def test_muting_says_in_words_why_it_could_not_be_done(day: Day) -> None:
    boss, path = day.enter("super"), f"/calls/{day.seeded.calls['talking']}"
    boss.post("/language", data={"language": "en"})
    boss.post(f"{path}/recording", data={"csrf": csrf(boss), "mute": "true"})
    done(day, problems.text(problems.MUTE_REFUSED, reason="no"))
    page = words(boss, path)
    assert "The PBX did not mute or resume the recording: no" in page
    assert "Mute the recording" in page


def test_mute_that_the_pbx_told_of_is_shown_too(day: Day) -> None:
    path = f"/calls/{day.seeded.calls['talking']}"
    with day.database.transaction() as session:
        session.execute(update(Call).where(Call.id == day.seeded.calls["talking"]).values(mutes=[[60.0, None]]))
    assert "The recording is muted" in day.enter("super").get(path).text


def test_recording_is_muted_by_a_program_with_the_sessions_token(day: Day) -> None:
    agent, path = day.enter("agent"), f"/api/calls/{day.seeded.calls['talking']}"
    token = {"X-CSRF-Token": agent.get("/api/me").json()["csrf"]}
    assert agent.post(f"{path}/recording", json={"mute": True}).status_code == 403
    answer = agent.post(f"{path}/recording", json={"mute": True}, headers=token)
    assert (answer.status_code, answer.json()["mute"], answer.json()["done_at"]) == (202, True, None)
    assert agent.get(path).json()["recording_request"]["id"] == answer.json()["id"]
    assert agent.post(f"{path}/recording", json={}, headers=token).status_code == 422


@pytest.mark.parametrize(
    ("call", "login", "status"), [("calm", "agent", 404), ("calm", "super", 422), ("happy", "super", 422)]
)
def test_only_a_running_call_of_ones_own_can_be_muted(day: Day, call: str, login: str, status: int) -> None:
    client = day.enter(login)
    form = {"csrf": csrf(client), "mute": "true"}
    assert client.post(f"/calls/{day.seeded.calls[call]}/recording", data=form).status_code == status
    assert requests(day) == []
    assert "/recording" not in client.get(f"/calls/{day.seeded.calls[call]}").text


@pytest.mark.parametrize(("query", "names"), [
    ("course=transferred", {"handed"}), ("course=repeat", {"working", "waiting", "angry"}), ("q=1004", {"handed"}),
    ("q=PJSIP/1004", {"handed"}), ("q=۱۰۰۴", {"handed"}), ("q=1003", {"working", "broken"}),
])  # fmt: skip
def test_list_is_narrowed_by_course_and_extension(enter: Enter, seeded: Seeded, query: str, names: set[str]) -> None:
    listed = {call["id"] for call in enter("super").get(f"/api/calls?{query}").json()["calls"]}
    assert listed == {str(seeded.calls[name]) for name in names}
