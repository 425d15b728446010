"""The wall from the database: the day's rows in, samples out, and each person's share of it."""

from __future__ import annotations

import datetime
import re

import pytest
from sqlalchemy import select, update

from avasanj.database import utc_now
from telephony import lines, store
from telephony.ids import call_id
from telephony.ledger import Activity, Stretch
from telephony.tables import ActivityState, AgentActivity, Call, QueueVisit
from tests.dashboard.conftest import Day, Enter, csrf


def test_wall_as_data_has_queues_agents_and_rates(enter: Enter) -> None:
    found = enter("super").get("/api/wall?within=30").json()
    queues = {queue["queue"]: queue for queue in found["queues"]}
    assert found["threshold_s"] == 30
    assert set(queues) == {"پشتیبانی", "فروش"}, "sample calls are on no wall"
    assert (queues["پشتیبانی"]["waiting"], queues["فروش"]["waiting"]) == (1, 1)
    assert queues["پشتیبانی"]["longest_wait_s"] > 100
    assert found["total"]["waiting"] == 2
    assert found["calls"] == {"ringing": 1, "waiting": 1, "talking": 1}
    assert found["agents_by_state"] == {
        "free": 2, "ringing": 1, "talking": 1, "wrapping_up": 1, "paused": 2, "logged_out": 1,
    }  # fmt: skip
    agents = {agent["name"]: agent for agent in found["agents"]}
    assert (agents["حسین نادری"]["state"], agents["حسین نادری"]["reason"]) == ("paused", "ناهار")
    assert agents["امیر رضایی"]["occupancy"] > 0.1


def test_an_agent_sees_the_queues_and_themselves(enter: Enter) -> None:
    agent = enter("agent")
    found = agent.get("/api/wall").json()
    assert [one["name"] for one in found["agents"]] == ["لیلا محمدی"]
    assert sum(found["agents_by_state"].values()) == 8
    assert len(found["queues"]) == 2
    page = agent.get("/wall").text
    assert "حسین نادری" not in page
    assert "ناهار" not in page


def test_only_todays_visits_count(day: Day) -> None:
    with day.database.transaction() as session:
        old = utc_now() - datetime.timedelta(days=2)
        ended = select(Call.id).where(Call.state == "ended")
        session.execute(update(QueueVisit).where(QueueVisit.call_id.in_(ended)).values(joined_at=old, left_at=old))
    total = day.enter("super").get("/api/wall").json()["total"]
    assert (total["answered"], total["abandoned"], total["waiting"]) == (1, 0, 2), "the running call was answered today"


def test_one_person_at_two_lines_is_one_agent(day: Day) -> None:
    with day.database.transaction() as session:
        for line in ("PJSIP/1003", "PJSIP/1004"):
            lines.give(session, user_id=day.seeded.agent, line=line, pbx="main", by=day.seeded.admin)
    found = day.enter("super").get("/api/wall").json()
    assert sum(found["agents_by_state"].values()) == 6
    assert [one["state"] for one in found["agents"] if one["name"] == "لیلا محمدی"] == ["talking"]


def test_wall_shows_what_an_agent_does_now(day: Day) -> None:
    began = utc_now() - datetime.timedelta(seconds=5)
    facts = {"pbx": "main", "interface": "PJSIP/1004", "agent_name": "مریم صادقی", "reason": None}
    ringing = Activity(**facts, state=ActivityState.RINGING, linked_id="1763800000.1", started_at=began, ended_at=None)
    with day.database.transaction() as session:
        store.save_activities(session, [ringing])
        kept = session.scalars(select(AgentActivity).where(AgentActivity.started_at == began)).one()
    assert kept.call_id == call_id("main", "1763800000.1")
    agents = {one["name"]: one for one in day.enter("super").get("/api/wall").json()["agents"]}
    assert (agents["مریم صادقی"]["state"], agents["مریم صادقی"]["since"][:19]) == ("ringing", began.isoformat()[:19])


def test_wall_marks_what_was_not_seen_of_an_agents_day(day: Day) -> None:
    now = utc_now()
    ago = [now - datetime.timedelta(seconds=seconds) for seconds in (600, 300, 60)]
    facts = {"pbx": "main", "interface": "PJSIP/1088", "agent_name": "نسرین", "reason": None, "linked_id": None}
    away = (Stretch(started_at=ago[1], ended_at=ago[2]),)
    did = [
        Activity(**facts, state=ActivityState.LOGGED_IN, started_at=ago[0], ended_at=None, gaps=away),
        Activity(**facts, state=ActivityState.PAUSED, started_at=ago[2], ended_at=None, gaps=away, from_known=False),
    ]
    with day.database.transaction() as session:
        store.save_activities(session, did)
    client = day.enter("super")
    agent = next(one for one in client.get("/api/wall").json()["agents"] if one["line"] == "PJSIP/1088")
    assert (agent["state"], agent["since_known"], agent["unseen_s"]) == ("paused", False, pytest.approx(240, abs=1))
    page = client.get("/wall").text
    assert "≈</abbr>" in page
    assert "not seen" in page or "نامعلوم" in page


@pytest.mark.parametrize(
    ("query", "status"), [("", 200), ("?within=45&tv=true", 200), ("?within=0", 404), ("?within=x", 404)]
)
def test_wall_in_words(enter: Enter, query: str, status: int) -> None:
    client = enter("super")
    client.post("/language", data={"language": "en", "csrf": csrf(client)})
    answer = client.get(f"/wall{query}")
    assert answer.status_code == status
    if status == 200:
        assert ('<header class="top">' in answer.text) == ("tv" not in query)
        assert re.search(r'<th scope="row"><a dir="auto" href="/calls\?when=today&amp;queue=[%A-F0-9]+">', answer.text)
        assert f"answered within {45 if '45' in query else 20} seconds" in answer.text


def test_wall_says_that_a_pbx_is_away(enter: Enter) -> None:
    client = enter("super")
    assert set(client.get("/api/wall").json()["pbx_away"]) == {"branch"}
    page = client.get("/wall").text
    assert "connection lost" in page
    assert "What is shown of it may be old." in page


def test_stranger_sees_no_wall(look_day: Day) -> None:
    assert look_day.client().get("/wall").status_code == 303
    assert look_day.client().get("/api/wall").status_code == 401
