"""What open pages are told, and until when."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from sqlalchemy import delete, text

from avasanj import login
from avasanj.notify import CHANNEL, announce
from avasanj.people import WebSession
from dashboard import live
from dashboard.live import Hub
from tests.dashboard.conftest import Day
from tests.dashboard.look import serving
from tests.dashboard.seed import PASSWORD

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
