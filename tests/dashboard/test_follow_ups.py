"""The list of what is owed: its pages, and what counts as late."""

from __future__ import annotations

import datetime
import re
from html import unescape

from avasanj.database import utc_now
from crm_sync.tables import FollowUp
from dashboard.queries.follow_ups import PAGE_ROWS
from tests.dashboard.conftest import Day


def test_follow_ups_go_on_over_the_page(day: Day) -> None:
    client, now = day.enter("super"), utc_now()
    with day.database.transaction() as session:
        for index in range(PAGE_ROWS + 5):  # all due at once: the order must hold by id alone
            due = {"due_at": now + datetime.timedelta(days=9), "reason": {"id": "Opened by hand", "values": {}}}
            session.add(FollowUp(call_id=day.seeded.calls["calm"], rule=f"manual-{index + 2}", **due))
    first = client.get("/follow-ups").text
    further = re.search(r'rel="next" href="([^"]+)">9 more<', first)
    assert further is not None
    second = client.get(unescape(further[1])).text
    shown = [re.findall(r'id="follow-up-([0-9a-f-]+)"', page) for page in (first, second)]
    assert len(shown[0]) == PAGE_ROWS
    assert len(shown[1]) == len(set(shown[1]) - set(shown[0])) == 9
    assert 'rel="next"' not in second
    assert client.get("/follow-ups?after=nonsense").status_code == 404


def test_closed_follow_ups_go_on_over_the_page(day: Day) -> None:
    client, now = day.enter("super"), utc_now()
    with day.database.transaction() as session:
        for index in range(PAGE_ROWS):
            closed = {
                "state": "done",
                "closed_at": now,
                "due_at": now,
                "reason": {"id": "Opened by hand", "values": {}},
            }
            session.add(FollowUp(call_id=day.seeded.calls["calm"], rule=f"manual-{index + 2}", **closed))
    further = re.search(r'rel="next" href="([^"]+)">1 more<', client.get("/follow-ups?state=closed").text)
    assert further is not None
    assert f"follow-up-{day.seeded.follow_ups['done']}" in client.get(unescape(further[1])).text


def test_late_follow_up_of_a_sample_is_not_counted(day: Day) -> None:
    client, count = day.enter("super"), re.compile(r'class="count" title="late">(\d+)<')
    assert count.findall(client.get("/calls").text) == ["1"]
    with day.database.transaction() as session:
        session.get_one(FollowUp, day.seeded.follow_ups["named"]).due_at = utc_now() - datetime.timedelta(days=1)
    assert count.findall(client.get("/calls").text) == ["1"]
