"""Days, weeks and months of a center, in its zone and calendar."""

import datetime

import pytest

from scoring.reviews.periods import before, period_of

AT = datetime.datetime(2026, 11, 22, 21, 0, tzinfo=datetime.UTC)  # Monday, half past midnight, in Tehran


@pytest.mark.parametrize(
    ("kind", "zone", "language", "first", "after"),
    [
        ("day", "UTC", "en", "2026-11-22T00:00", "2026-11-23T00:00"),
        ("day", "Asia/Tehran", "fa", "2026-11-22T20:30", "2026-11-23T20:30"),
        ("week", "UTC", "en", "2026-11-16T00:00", "2026-11-23T00:00"),  # Sunday belongs to Monday's week
        ("week", "Asia/Tehran", "fa", "2026-11-20T20:30", "2026-11-27T20:30"),  # Saturday the 21st, in Tehran
        ("month", "UTC", "en", "2026-11-01T00:00", "2026-12-01T00:00"),
        ("month", "Asia/Tehran", "fa", "2026-11-21T20:30", "2026-12-21T20:30"),  # 1 Azar 1405
        ("day", "Europe/Berlin", "en", "2026-11-21T23:00", "2026-11-22T23:00"),
    ],
)
def test_a_period_begins_at_the_centers_midnight(kind: str, zone: str, language: str, first: str, after: str):
    found = period_of(kind, AT, zone, language)
    shown = [f"{one:%Y-%m-%dT%H:%M}" for one in (found.starts_at, found.ends_at)]
    assert shown == [first, after]


@pytest.mark.parametrize("kind", ["day", "week", "month"])
@pytest.mark.parametrize(("zone", "language"), [("Asia/Tehran", "fa"), ("Europe/Berlin", "en")])
def test_periods_follow_each_other_without_a_gap(kind: str, zone: str, language: str):
    period = period_of(kind, AT, zone, language)
    for _ in range(40):
        earlier = before(kind, period, zone, language)
        assert earlier.ends_at == period.starts_at
        assert earlier.starts_at < earlier.ends_at
        period = earlier
