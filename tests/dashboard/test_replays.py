"""The page on which a supervisor tries a draft on stored calls."""

from __future__ import annotations

import re
import uuid
from typing import Any

from sqlalchemy import select, text

from avasanj.people import AuditEntry
from scoring.replay import planning, process, running
from scoring.replay.selection import Selection
from scoring.replay.tables import ReplayRun, ReplayState
from tests.dashboard.conftest import Day, csrf
from tests.scoring.replay.seed import seed as seed_calls


def tried(day: Day, **what: Any) -> uuid.UUID:
    """A replay that is done."""
    with day.database.transaction() as session:
        run_id = planning.plan(session, Selection(), **{"scorecard": "tiny", **what}).id
    running.start(day.database, run_id)
    process.work(process.told(day.settings, day.database.url, run_id, 1))
    running.carry_on(day.settings, day.database, run_id)
    return run_id


def test_a_supervisor_sees_who_moves_by_how_much_and_why(day: Day) -> None:
    ids = seed_calls(day.database, 24)
    run_id = tried(day, version=2)
    client = day.enter("super")
    listed = client.get("/replays").text
    assert f'href="/replays/{run_id}"' in listed
    page = client.get(f"/replays/{run_id}").text
    assert "Emma Collins" in page
    assert re.search(r"mean score.*?→", page, re.DOTALL)
    assert f'href="/calls/{ids[2]}"' in page
    assert "Heard: “\u2068lantern internet\u2069”" in page
    assert f'href="/calls/{ids[2]}#turn-0"' in page
    only = client.get(f"/replays/{run_id}?question=greeting").text
    assert f"/calls/{ids[2]}" in only
    assert f"/calls/{ids[0]}" not in only
    client.post("/language", data={"language": "fa", "csrf": csrf(client, "/replays"), "next": "/replays"})
    persian = client.get(f"/replays/{run_id}").text
    assert "کارشناسان" in persian or "Agents" in persian


def test_an_unchanged_form_says_that_nothing_changes(day: Day) -> None:
    seed_calls(day.database, 6)
    with day.database.transaction() as session:  # the day's own calls were never judged by this form
        session.execute(text("delete from telephony.call where queue is not null"))
    page = day.enter("super").get(f"/replays/{tried(day, version=1)}").text
    assert "Nothing changes: every part comes out as it stands." in page


def test_a_replay_is_started_stopped_and_thrown_away_on_its_page(day: Day) -> None:
    seed_calls(day.database, 3)
    client = day.enter("super")
    form = {"csrf": csrf(client, "/replays"), "tried": "tiny:2", "days": "", "sample": "100"}
    answer = client.post("/replays", data=form)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    page = client.get(address).text
    assert "running" in page
    assert "Let it rest" in page
    for step, state in (("pause", ReplayState.PAUSED), ("go", ReplayState.RUNNING), ("cancel", ReplayState.CANCELLED)):
        assert client.post(f"{address}/{step}", data=form).status_code == 303
        with day.database.read() as session:
            assert session.scalar(select(ReplayRun.state)) == state
    assert client.post(f"{address}/go", data=form).status_code == 422
    assert client.post(f"{address}/remove", data=form).headers["location"] == "/replays"
    assert client.get(address).status_code == 422
    with day.database.read() as session:
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("replay.%"))).all()
    assert [*actions] == [
        "replay.plan",
        "replay.start",
        "replay.pause",
        "replay.start",
        "replay.cancel",
        "replay.remove",
    ]


def test_what_cannot_be_tried_is_said_on_the_form(day: Day) -> None:
    client = day.enter("super")
    form = {"csrf": csrf(client, "/replays"), "tried": "", "days": "7", "sample": "100"}
    answer = client.post("/replays", data=form)
    assert answer.status_code == 422
    assert "nothing would be tried" in answer.text
    assert client.post("/replays", data=form | {"sample": "0", "tried": "service:1"}).status_code == 422


def test_agents_may_not_try_anything(day: Day) -> None:
    client = day.enter("agent")
    assert client.get("/replays").status_code == 403
    assert client.post("/replays", data={"csrf": csrf(client), "tried": "service:1"}).status_code == 403
