"""Spoken times become moments, in both languages, in the center's zone."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from scoring.dialogue import Turn
from scoring.due import due_at
from scoring.promises import promises

TEHRAN = ZoneInfo("Asia/Tehran")
SATURDAY = datetime.datetime(2026, 11, 21, 11, 15, tzinfo=TEHRAN)


def local(text: str) -> str | None:
    due = due_at(text, SATURDAY, "Asia/Tehran")
    return due.astimezone(TEHRAN).strftime("%m-%d %H:%M") if due else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'll call you back tomorrow at eleven", "11-22 11:00"),
        ("I'll call you back by four", "11-21 16:00"),
        ("I'll call you at 4:30", "11-21 16:30"),
        ("I'll call you at 9 am tomorrow", "11-22 09:00"),
        ("I'll call you by ten", "11-22 10:00"),
        ("I'll get back to you within two hours", "11-21 13:15"),
        ("I'll call you in half an hour", "11-21 11:45"),
        ("I'll call you in ten minutes", "11-21 11:25"),
        ("I'll ring you on Monday", "11-23 18:00"),
        ("I'll ring you on Monday morning", "11-23 12:00"),
        ("I'll let you know this afternoon", "11-21 17:00"),
        ("we will call you by the end of the day", "11-21 18:00"),
        ("I will call you by noon", "11-21 12:00"),
        ("I'll call you back", None),
        ("تا فردا ظهر باهاتون تماس می‌گیرم", "11-22 12:00"),
        ("فردا ساعت ده صبح تماس می‌گیرم", "11-22 10:00"),
        ("فردا ساعت ۱۰ زنگ می‌زنم", "11-22 10:00"),
        ("امروز ساعت چهار و نیم زنگ می‌زنم", "11-21 16:30"),
        ("تا ساعت شیش عصر خبر می‌دم", "11-21 18:00"),
        ("ساعت ۴:۳۰ زنگ می‌زنم", "11-21 16:30"),
        ("تا یه ساعت دیگه خودم بهتون زنگ می‌زنم", "11-21 12:15"),
        ("نیم ساعت دیگه زنگ می‌زنم", "11-21 11:45"),
        ("ده دقیقهٔ دیگه تماس می‌گیرم", "11-21 11:25"),
        ("ظرف ۴۸ ساعت تماس می‌گیرن", "11-23 11:15"),
        ("پس‌فردا زنگ می‌زنم", "11-23 18:00"),
        ("دوشنبه صبح تماس می‌گیرم", "11-23 12:00"),
        ("سه‌شنبه ساعت نه تماس می‌گیرم", "11-24 09:00"),
        ("هفتهٔ دیگه زنگ می‌زنیم", "11-28 18:00"),
        ("تا آخر وقت امروز خبر می‌دیم", "11-21 18:00"),
        ("باهاتون تماس می‌گیرم", None),
        ("you'll have it within five working days", "11-27 18:00"),
        ("it will be with you in seven to ten days", "12-01 11:15"),
        ("we'll fix it within the hour", "11-21 12:15"),
        ("by the end of the week", "11-27 18:00"),
        ("by the end of the month", "11-30 18:00"),
        ("ظرف هفتاد و دو ساعت واریز می‌شه", "11-24 11:15"),
        ("سه روز کاری دیگه واریز می‌شه", "11-24 18:00"),
        ("تا آخر هفته خبر می‌دم", "11-26 18:00"),
        ("تا آخر ماه تحویل می‌دیم", "11-21 18:00"),
        ("تا دو هفتهٔ دیگه می‌رسه", "12-05 11:15"),
    ],
)
def test_a_spoken_time_becomes_a_moment(text, expected):
    assert local(text) == expected


def said(text: str, party: str = "agent") -> list[Turn]:
    return [Turn(position=0, party=party, start_s=0, end_s=5, text=text)]


@pytest.mark.parametrize(
    "text",
    [
        "I'll call you back by four.",
        "Someone from billing will call you tomorrow.",
        "We'll get back to you on Monday.",
        "تا فردا ظهر باهاتون تماس می‌گیرم.",
        "همکارم فردا باهاتون تماس می‌گیره.",
        "خودم خبرتون می‌کنم.",
        "چشم، حتماً زنگ میزنم.",
    ],
)
def test_a_promise_to_call_back_is_heard(text):
    assert len(promises(said(text), SATURDAY, "Asia/Tehran")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "I called you yesterday.",
        "If it breaks again I'll call you.",
        "I won't call you again.",
        "Would you like me to call you?",
        "دیروز باهاتون تماس گرفتم.",
        "اگه نشد باهاتون تماس می‌گیرم.",
        "زنگ نمی‌زنم.",
    ],
)
def test_what_is_no_promise_is_not_taken_for_one(text):
    assert promises(said(text), SATURDAY, "Asia/Tehran") == []


def test_what_the_customer_says_is_no_promise_of_the_agent():
    assert promises(said("I'll call you back tomorrow.", "customer"), SATURDAY, "Asia/Tehran") == []


def test_a_promise_that_is_repeated_is_told_once_with_its_time():
    turns = [
        Turn(position=0, party="agent", start_s=0, end_s=3, text="I'll call you back."),
        Turn(position=2, party="agent", start_s=6, end_s=9, text="So I'll call you back tomorrow at eleven."),
        Turn(position=4, party="agent", start_s=12, end_s=15, text="Yes, I will call you."),
    ]
    found = promises(turns, SATURDAY, "Asia/Tehran")
    assert [one.turn.position for one in found] == [2]
    assert found[0].stored()["due_at"] == "2026-11-22T07:30:00+00:00"


@pytest.mark.parametrize(
    ("text", "said", "due"),
    [
        ("امروز ساعت ده زنگ می‌زنم", "2026-11-22T16:00", "2026-11-22T22:00"),
        ("I'll call today at ten", "2026-11-22T22:30", "2026-11-22T23:59"),
        ("تا آخر ماه", "2027-03-20T19:00", "2027-03-20T23:59"),
        ("by half three", "2026-11-22T11:00", "2026-11-22T15:30"),
        ("at quarter to five", "2026-11-22T11:00", "2026-11-22T16:45"),
        ("یه ربع دیگه", "2026-11-22T11:00", "2026-11-22T11:15"),
        ("یک ساعت و نیم دیگه", "2026-11-22T11:00", "2026-11-22T12:30"),
        ("یه ماه دیگه", "2026-11-22T11:00", "2026-12-22T11:00"),
    ],
)
def test_what_is_due_lies_ahead(text, said, due):
    tehran = ZoneInfo("Asia/Tehran")
    found = due_at(text, datetime.datetime.fromisoformat(said).replace(tzinfo=tehran), "Asia/Tehran")
    assert found == datetime.datetime.fromisoformat(due).replace(tzinfo=tehran)


@pytest.mark.parametrize(
    "text", ["ظرف 9999999999 روز", "within 99999999999 hours", "in 9121234567 days", "within 9999999 working days"]
)
def test_a_number_that_was_misheard_names_no_time(text):
    assert due_at(text, SATURDAY, "Asia/Tehran") is None


def test_hours_are_counted_through_a_change_of_the_clocks():
    london = ZoneInfo("Europe/London")
    found = due_at("in two hours", datetime.datetime(2026, 3, 29, 0, 30, tzinfo=london), "Europe/London")
    assert found == datetime.datetime(2026, 3, 29, 2, 30, tzinfo=datetime.UTC)
