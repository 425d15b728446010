"""Periods of the center in both calendars, in its own zone."""

import datetime
import itertools

import pytest

from avasanj.errors import InputError
from scoring.statistics.periods import Calendar, Length, Period, before, period, periods, read_day

NOON = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.UTC)  # a Sunday, 1 Azar 1405
FA, EN = Calendar.of("fa", "Asia/Tehran"), Calendar.of("en", "Asia/Tehran")


def span(one: Period) -> tuple[str, str]:
    return one.first.isoformat(), one.last.isoformat()


@pytest.mark.parametrize(
    ("length", "calendar", "first", "last"),
    [
        (Length.DAY, FA, "2026-11-22", "2026-11-22"),
        (Length.WEEK, FA, "2026-11-21", "2026-11-27"),
        (Length.WEEK, EN, "2026-11-16", "2026-11-22"),
        (Length.MONTH, FA, "2026-11-22", "2026-12-21"),
        (Length.MONTH, EN, "2026-11-01", "2026-11-30"),
    ],
)
def test_weeks_and_months_are_those_of_the_calendar(length: Length, calendar: Calendar, first: str, last: str):
    assert span(period(length, NOON, calendar)) == (first, last)


def test_a_day_begins_at_the_centers_midnight():
    found = period(Length.DAY, datetime.datetime(2026, 11, 21, 20, 45, tzinfo=datetime.UTC), FA)
    assert found.starts_at == datetime.datetime(2026, 11, 21, 20, 30, tzinfo=datetime.UTC)
    assert found.ends_at == datetime.datetime(2026, 11, 22, 20, 30, tzinfo=datetime.UTC)
    assert found.name == "1405-09-01"


def test_periods_follow_one_another_over_the_turn_of_both_years():
    jalali = periods(Length.MONTH, 3, datetime.datetime(2027, 4, 1, 12, 0, tzinfo=datetime.UTC), FA)
    assert [one.name for one in jalali] == ["1405-11-01", "1405-12-01", "1406-01-01"]
    gregorian = periods(Length.MONTH, 3, datetime.datetime(2027, 1, 9, 12, 0, tzinfo=datetime.UTC), EN)
    assert [one.name for one in gregorian] == ["2026-11-01", "2026-12-01", "2027-01-01"]
    assert all(a.ends_at == b.starts_at for a, b in itertools.pairwise(jalali))


@pytest.mark.parametrize("length", Length)
@pytest.mark.parametrize("calendar", [FA, Calendar.of("en", "Europe/Berlin"), Calendar.of("fa", "America/Havana")])
def test_periods_follow_each_other_without_a_gap_over_clock_changes_and_leap_years(length: Length, calendar: Calendar):
    one = period(length, datetime.datetime(2025, 4, 3, 21, 0, tzinfo=datetime.UTC), calendar)
    for _ in range(40):
        earlier = before(one)
        assert earlier.ends_at == one.starts_at
        assert earlier == period(length, earlier.ends_at - datetime.timedelta(seconds=1), calendar)
        assert earlier == period(length, earlier.starts_at, calendar)
        one = earlier


def test_before_a_month_is_a_month_and_before_nine_days_are_nine():
    assert before(period(Length.MONTH, NOON, EN)) == period(Length.MONTH, NOON - datetime.timedelta(days=30), EN)
    nine = Period(first=datetime.date(2026, 11, 10), last=datetime.date(2026, 11, 18), calendar=EN)
    assert span(before(nine)) == ("2026-11-01", "2026-11-09")


def test_days_are_read_in_either_calendar():
    assert read_day("2026-11-22") == read_day("1405-09-01") == read_day(" ۱۴۰۵/۹/۱ ") == datetime.date(2026, 11, 22)
    for wrong in ("", "22.11.2026", "2026-02-30", "1405-12-31"):
        with pytest.raises(InputError, match="no day"):
            read_day(wrong)
