"""Promises of every kind, measured on sentences written for this project. The even rows were looked at, the odd ones held back."""

from pathlib import Path

import pytest

from scoring.promises import read

FOLDER = Path(__file__).parent


def measured(language: str, half: int) -> tuple[float, float]:
    """Precision and recall over sentences and kinds."""
    lines = (FOLDER / f"promises-{language}.tsv").read_text(encoding="utf-8").splitlines()
    right = wrong = missed = 0
    for line in lines[half::2]:
        kinds, _, text = line.partition("\t")
        wanted, got = set(kinds.split(",")) - {"-"}, {kind.value for kind, _, _ in read(text)}
        right, wrong, missed = right + len(wanted & got), wrong + len(got - wanted), missed + len(wanted - got)
    return right / (right + wrong), right / (right + missed)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_promises_of_the_half_that_was_held_back_are_found(language):
    precision, recall = measured(language, 1)
    assert precision >= 0.9
    assert recall >= 0.9


@pytest.mark.parametrize(
    ("text", "kind", "by"),
    [
        ("I'll email you the contract tonight.", "message", "agent"),
        ("A technician will come out between eight and noon.", "visit", "colleague"),
        ("همکارم فردا صبح بهتون زنگ می‌زنه.", "call_back", "colleague"),
        ("مبلغ تا فردا به حسابتون برمی‌گرده.", "refund", "center"),
        ("تا شب بهتون خبر می‌دم.", "tell", "agent"),
    ],
)
def test_a_promise_says_what_and_who(text, kind, by):
    assert [(found.value, who) for found, who, _ in read(text)] == [(kind, by)]


def test_to_see_to_it_and_call_back_is_one_promise():
    assert [kind.value for kind, _, _ in read("I'll speak to the driver and call you back.")] == ["call_back"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("i'm gonna call you back as soon as i've spoken to them", "call_back"),
        ("one of my colleagues will give you a call this afternoon", "call_back"),
        ("you should get a call from the surgery before lunch", "call_back"),
        ("we'll be giving you a bell later on", "call_back"),
        ("i'm just sending you the link now by text message", "message"),
        ("we'll put the forty pounds back on your card in three days", "refund"),
        ("the lads are going to pop round on wednesday", "visit"),
        ("i was told the same but so i'll raise it with the warehouse", "pass_on"),
        ("they'll have it mended by tonight", "fix"),
        ("we're sending out a replacement today", "deliver"),
        ("بهتون زنگ میزنیم نگران نباشین", "call_back"),
        ("فردا ساعت ده باهاتون در تماس خواهیم بود", "call_back"),
        ("عصر باهاتون یه تماسی میگیرم", "call_back"),
        ("تا فردا خبرش رو دارین", "tell"),
        ("همین الان براتون پیامک میاد", "message"),
        ("قراردادو میزنم به ایمیلتون", "message"),
        ("از قبض بعدیتون کسر میشه", "refund"),
        ("سی تومنو میزنیم به کیف پولتون", "refund"),
        ("میگم یکی بیاد همین امروز", "visit"),
        ("من به سرپرستمون میگم این موضوعو", "pass_on"),
        ("تا ساعت چهار وصلش میکنیم", "fix"),
        ("یه دونه سالمشو براتون میفرستیم", "deliver"),
        ("از همین شماره فردا باهاتون تماس می‌گیرم", "call_back"),
    ],
)
def test_what_is_promised_as_people_talk_is_heard(text, kind):
    assert kind in {found.value for found, _, _ in read(text)}


@pytest.mark.parametrize(
    "text",
    [
        "سلام از شرکت پس‌انداز طلایی تماس می‌گیرم",
        "سلام، از پشتیبانی تماس می‌گیرم خدمتتون",
        "پس خاموش روشن کنید درست می‌شه",
        "در صورتی که تأیید بشه، مبلغ رو برمی‌گردونیم",
        "I'm calling about your complaint.",
        "I'll chase the courier, nobody's going to call you I'm afraid.",
        "They might send somebody but I couldn't say.",
    ],
)
def test_where_one_calls_from_and_what_hangs_on_others_is_no_promise_to_call_or_mend(text):
    assert not {found.value for found, _, _ in read(text)} & {"call_back", "fix", "refund", "visit", "tell"}
