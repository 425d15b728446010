"""Who sees and hears what."""

from __future__ import annotations

import uuid
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import update

from avasanj.database import utc_now
from scoring.tables import Answer, Evaluation
from telephony.tables import AgentSpan
from tests.dashboard.conftest import Day, Enter, csrf
from tests.dashboard.seed import Seeded
from transcription.tables import Playback


def test_agent_sees_own_calls_only(enter: Enter, seeded: Seeded) -> None:
    agent = enter("agent")
    listed = {call["id"] for call in agent.get("/api/calls").json()["calls"]}
    own = {str(seeded.calls[name]) for name in ("talking", "angry", "weak", "stuck")}
    assert listed == own
    for name, call_id in seeded.calls.items():
        expected = 200 if str(call_id) in own else 404
        assert agent.get(f"/calls/{call_id}").status_code == expected, name
        assert agent.get(f"/api/calls/{call_id}").status_code == expected, name
        assert agent.get(f"/calls/{call_id}/row").status_code == (200 if expected == 200 else 204), name


def test_agent_hears_own_calls_only(enter: Enter, seeded: Seeded) -> None:
    agent = enter("agent")
    assert agent.get(f"/media/{seeded.calls['angry']}").status_code == 200
    assert agent.get(f"/media/{seeded.calls['calm']}").status_code == 404


def test_supervisor_sees_all_calls(enter: Enter, seeded: Seeded) -> None:
    listed = {call["id"] for call in enter("super").get("/api/calls").json()["calls"]}
    assert listed == {str(call_id) for call_id in seeded.calls.values()}


@pytest.mark.parametrize(("login", "path", "status"), [
    ("agent", "/system", 403), ("agent", "/people", 403), ("super", "/people", 403), ("super", "/system", 200), ("admin", "/people", 200),
])  # fmt: skip
def test_pages_by_role(enter: Enter, login: str, path: str, status: int) -> None:
    assert enter(login).get(path).status_code == status


def test_agent_closes_own_follow_ups_only(day: Day) -> None:
    agent, seeded = day.enter("agent"), day.seeded
    form = {"csrf": csrf(agent), "state": "done", "note": "called back"}
    assert agent.post(f"/follow-ups/{seeded.follow_ups['late']}/close", data=form).status_code == 404
    assert agent.post(f"/follow-ups/{seeded.follow_ups['promise']}/close", data=form).status_code == 303


def test_agent_sees_only_customers_whom_they_have_spoken_with(enter: Enter, seeded: Seeded) -> None:
    agent = enter("agent")
    assert agent.get(f"/customers/{seeded.customers['sara']}").status_code == 200
    assert agent.get(f"/customers/{seeded.customers['olivia']}").status_code == 404


@pytest.mark.parametrize("path", ["/calls", "/follow-ups", "/system", "/people"])
def test_stranger_is_asked_to_log_in(look_day: Day, path: str) -> None:
    answer = look_day.client().get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={path}"


@pytest.mark.parametrize("path", ["/api/calls", "/live", "/media/00000000-0000-4000-8000-000000000000"])
def test_stranger_gets_no_data(look_day: Day, path: str) -> None:
    assert look_day.client().get(path).status_code == 401


@pytest.mark.parametrize(("wanted", "status", "given"), [
    ("bytes=0-99", 206, "bytes 0-99/"), ("bytes=100-", 206, "bytes 100-"), ("bytes=-50", 206, "bytes "), ("bytes=99999999-", 416, "bytes */"),
])  # fmt: skip
def test_sound_is_served_in_ranges(look_day: Day, wanted: str, status: int, given: str) -> None:
    seeded = look_day.seeded
    with look_day.database.read() as session:
        playback = session.get_one(Playback, seeded.calls["angry"])
    whole = (look_day.settings.media_dir / playback.path).read_bytes()
    answer = look_day.enter("super").get(f"/media/{seeded.calls['angry']}", headers={"range": wanted})
    assert answer.status_code == status
    assert answer.headers["content-range"].startswith(given)
    if status == 206:
        first, last = answer.headers["content-range"].removeprefix("bytes ").partition("/")[0].split("-")
        assert answer.content == whole[int(first) : int(last) + 1]
        assert answer.headers["content-type"] == "audio/ogg"


def test_playback_outside_of_the_media_folder_is_not_served(day: Day) -> None:
    settings, seeded = day.settings, day.seeded
    secret = settings.data_dir / "secret.ogg"
    secret.write_bytes(b"not for anybody")
    link = Path(settings.media_dir) / "inside.ogg"
    link.symlink_to(secret)
    client = day.enter("super")
    for stored in ("../secret.ogg", str(secret), "inside.ogg", "aa/../../secret.ogg"):
        with day.database.transaction() as session:
            session.execute(update(Playback).where(Playback.call_id == seeded.calls["angry"]).values(path=stored))
        assert client.get(f"/media/{seeded.calls['angry']}").status_code == 404, stored


def test_agent_of_a_transferred_call_sees_only_their_own_score(day: Day) -> None:
    call_id, said = day.seeded.calls["angry"], "colleague's words"
    with day.database.transaction() as session:
        other = Evaluation(
            call_id=call_id,
            span_position=1,
            agent_name="امیر رضایی",
            scorecard="service",
            scorecard_version=1,
            score=11.0,
        )
        other.answers = [
            Answer(
                position=0, question="own", title={"en": said, "fa": said}, value="no", points=0.0, points_possible=1.0,
                confidence=0.9, method="rule", evidence=[{"turn": 9, "start_s": 1.0, "end_s": 2.0, "text": said}],
            )
        ]  # fmt: skip
        session.add(other)
    for who, scores in (("agent", [54.0]), ("super", [54.0, 11.0])):
        client = day.enter(who)
        data = client.get(f"/api/calls/{call_id}")
        assert [found["score"] for found in data.json()["evaluations"]] == scores
        assert (said in data.text) == (who == "super")
        assert (said in unescape(client.get(f"/calls/{call_id}").text)) == (who == "super")
        rows = {row["id"]: row["score"] for row in client.get("/api/calls").json()["calls"]}
        assert rows[str(call_id)] == min(scores)


def test_agent_is_not_asked_to_check_a_colleagues_answers(day: Day) -> None:
    call_id = day.seeded.calls["weak"]
    with day.database.transaction() as session:
        session.execute(update(Evaluation).where(Evaluation.call_id == call_id).values(span_position=1))
        session.add(
            AgentSpan(
                call_id=call_id, position=1, interface="PJSIP/1003", agent_name="امیر رضایی", started_at=utc_now()
            )
        )
    for who, listed in (("agent", False), ("super", True)):
        waiting = {call["id"] for call in day.enter(who).get("/api/calls?review=needed").json()["calls"]}
        assert (str(call_id) in waiting) == listed


def test_sound_is_kept_nowhere(enter: Enter, seeded: Seeded) -> None:
    kept = enter("super").get(f"/media/{seeded.calls['angry']}").headers["cache-control"]
    assert kept == "private, no-store"


@pytest.mark.parametrize("path", ["/calls?q=%00", "/calls?queue=%00", "/api/calls?q=%00", "/calls/more?cursor=%00"])
def test_nul_in_an_address_is_refused(enter: Enter, path: str) -> None:
    assert enter("super").get(path).status_code in {404, 422}


def test_nul_in_a_form_is_refused(day: Day) -> None:
    stranger, admin = day.client(), day.enter("admin")
    assert stranger.post("/login", data={"login_name": "a\0b", "password": "x"}).status_code == 422
    new = {"name": "a\0b", "login_name": "new", "role": "agent", "language": "fa", "csrf": csrf(admin)}
    assert admin.post("/people", data=new).status_code == 422
    assert "a\0b" not in admin.get("/people").text


def test_link_for_nobody_is_not_found(day: Day) -> None:
    admin = day.enter("admin")
    assert admin.post(f"/people/{uuid.uuid4()}/link", data={"csrf": csrf(admin)}).status_code == 404
