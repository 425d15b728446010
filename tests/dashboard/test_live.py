"""What open pages are told, and until when."""

from __future__ import annotations

import asyncio
import datetime

import httpx
import pytest
from sqlalchemy import delete, select, text

from avasanj import login, work
from avasanj.notify import CHANNEL, announce
from avasanj.people import WebSession
from dashboard import live
from dashboard.live import Hub
from tests.dashboard.conftest import Day
from tests.dashboard.look import serving
from tests.dashboard.seed import PASSWORD
from transcription.tables import Watch

PATIENCE_S = 10.0


@pytest.mark.parametrize("shut_out", [False, True])
def test_live_ends_when_the_person_may_no_longer_look(
    day: Day, monkeypatch: pytest.MonkeyPatch, shut_out: bool
) -> None:
    monkeypatch.setattr(live, "CHECK_S", 0.2)
    monkeypatch.setattr(live, "_BEAT_S", 0.1)
    with serving(day.app) as address, httpx.Client(base_url=address, timeout=PATIENCE_S) as browser:
        browser.post("/login", data={"login_name": "super", "password": PASSWORD})
        with browser.stream("GET", "/live") as stream:
            lines = stream.iter_lines()
            beats = (line for line in lines if line == ": beat")
            assert [next(beats) for _ in range(6)], "it goes on for as long as they may"
            with day.database.transaction() as session:
                if shut_out:
                    login.set_active(session, day.seeded.supervisor, active=False, by=day.seeded.admin)
                else:
                    session.execute(delete(WebSession))
            assert len(list(beats)) < PATIENCE_S / 0.1
        assert browser.get("/live").status_code == 401


def test_notice_that_is_none_of_ours_stops_nothing(day: Day) -> None:
    async def told() -> str:
        hub = Hub(day.database.url)
        hub.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                async for event in hub.events(lambda: True):
                    if "event: change" in event and "gap" not in event:
                        return event.partition("\n")[2]
                    await asyncio.to_thread(speak)
        finally:
            await asyncio.to_thread(hub.stop)
        return ""

    def speak() -> None:
        _until_listening(day)
        with day.database.transaction() as session:
            for payload in ("not json", "[]", "7", '{"kind": "call"}'):
                session.execute(text("select pg_notify(:channel, :payload)"), {"channel": CHANNEL, "payload": payload})
        with day.database.transaction() as session:
            announce(session, "call", "the-call")

    assert asyncio.run(told()) == "event: change\ndata: call the-call\n\n"


def test_a_page_is_told_what_happened_before_it_was_connected(day: Day) -> None:
    def say(word: str) -> None:
        with day.database.transaction() as session:
            announce(session, "call", word)

    async def story() -> list[list[str]]:
        hub = Hub(day.database.url)
        hub.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.to_thread(_until_listening, day)
                made = hub.mark
                await asyncio.to_thread(say, "one")
                first = await _heard(hub, made, 1)
                seen = hub.mark
                await asyncio.to_thread(say, "two")
                return [first, await _heard(hub, seen, 1), await _heard(hub, made, 2), await _heard(hub, "old-7", 1)]
        finally:
            await asyncio.to_thread(hub.stop)

    assert asyncio.run(story()) == [["call one"], ["call two"], ["call one", "call two"], ["gap "]]


async def _heard(hub: Hub, after: str, count: int) -> list[str]:
    events = hub.events(lambda: True, after)
    heard = []
    async for event in events:
        if "data: " in event:
            heard.append(event.partition("data: ")[2].rstrip("\n"))
        if len(heard) == count:
            return heard
    return heard


def _until_listening(day: Day) -> None:
    """Wait for the hub's own connection: what is said before it listens, nobody hears."""
    asked = text(
        "select count(*) from pg_stat_activity where datname = current_database() and query = 'listen avasanj'"
    )
    for _ in range(100):
        with day.database.read() as session:
            if session.scalar(asked):
                return
            session.execute(text("select pg_sleep(0.05)"))
    raise AssertionError("The hub does not listen.")


@pytest.mark.parametrize("who", ["super", "agent"])
def test_an_open_call_page_of_a_supervisor_lets_the_call_go_first(
    day: Day, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    monkeypatch.setattr(live, "_BEAT_S", 0.2)
    work.prepare(day.database.url)
    calls = list(day.seeded.calls.values())[:2]
    with day.database.transaction() as session:
        for call in calls:
            work.enqueue(session, work.TRANSCRIBE, str(call), key=f"transcribe:{call}")

    def first() -> str:
        waits = text(
            "select workflow_uuid from work.workflow_status where status = 'ENQUEUED' order by priority, created_at"
        )
        with day.database.read() as session:
            return str(session.scalars(waits).first())

    def seen_at() -> datetime.datetime | None:
        with day.database.read() as session:
            return session.scalar(select(Watch.seen_at).where(Watch.call_id == calls[1]))

    with serving(day.app) as address, httpx.Client(base_url=address, timeout=PATIENCE_S) as browser:
        browser.post("/login", data={"login_name": who, "password": PASSWORD})
        assert f'data-call="{calls[1]}"' in browser.get(f"/calls/{calls[1]}").text or who == "agent"
        with browser.stream("GET", "/live", params={"call": str(calls[1])}) as stream:
            beats = (line for line in stream.iter_lines() if line == ": beat")
            next(beats)
            at_first = seen_at()
            assert [next(beats) for _ in range(3)]
            later = seen_at()
    if who == "agent":
        assert (at_first, later, first()) == (None, None, f"transcribe:{calls[0]}")
    else:
        assert at_first is not None
        assert later is not None
        assert later > at_first, "it says so again and again"
        assert first() == f"transcribe:{calls[1]}"
