"""Phrases are found whatever their spelling, and a denied one is known as denied."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avasanj.errors import InputError
from scoring.phrases import Phrases

PERSIAN = Phrases(
    ["می خوام لغو کنم", "وقتت(ون|ان) بخیر", "شکایت*", "{agent} هستم", "شماره ... ختم می ش*"], {"agent": ["احمدی"]}
)
ENGLISH = Phrases(
    ["i will ... call you", "cancel*", "complaint", "this is {name}", "do you (mind|care) if", "very? good"]
)


@pytest.mark.parametrize(
    "text",
    [
        "می‌خوام لغو کنم",
        "میخوام لغو کنم",
        "می خوام لغو کنم",
        "مي‌خوام لغو كنم",
        "من می‌خوام لغو کنم!",
        "می‌خوااااام لغو کنم",
    ],
)
def test_persian_is_found_however_it_is_joined_or_spelled(text):
    assert PERSIAN.find(text)


@pytest.mark.parametrize("text", ["وقتتون بخیر", "وقتتان بخیر", "سلام، وقتتون بخیر."])
def test_colloquial_and_formal_endings_are_both_found(text):
    assert PERSIAN.find(text)


def test_a_gap_bridges_a_few_words_but_not_many():
    assert PERSIAN.find("شمارهٔ شما به سی و هشت ختم میشه؟")
    assert ENGLISH.find("I'll certainly call you")
    assert not ENGLISH.find("I will go home and eat and sleep and then call you")


@pytest.mark.parametrize("text", ["I'll call you", "I will call you", "I’ll call you", "I WILL CALL YOU"])
def test_short_forms_and_case_make_no_difference(text):
    assert ENGLISH.find(text)


def test_a_word_that_may_be_missing_may_be_missing():
    assert ENGLISH.find("good")
    assert ENGLISH.find("very good")


@pytest.mark.parametrize("text", ["this is about my bill", "this is the wrong box", "this is a joke"])
def test_a_name_slot_takes_no_common_word(text):
    assert not ENGLISH.find(text)


def test_a_name_slot_takes_a_name():
    assert ENGLISH.find("Hello, this is Emma.")


def test_part_of_a_word_is_no_hit():
    assert not Phrases(["سلام"]).find("اسلام آباد")
    assert not Phrases(["hi"]).find("this")


@pytest.mark.parametrize(
    "text",
    [
        "no, no complaint, only a question",
        "I'm not going to cancel",
        "I don't want to cancel",
        "شکایتی ندارم",
        "نه شکایت نمی‌کنم",
    ],
)
def test_negation_is_understood(text):
    hits = [*ENGLISH.find(text), *PERSIAN.find(text)]
    assert hits
    assert all(hit.negated for hit in hits)


@pytest.mark.parametrize(
    "text",
    ["No. I'll cancel it today.", "You don't answer, so I cancel.", "نه، شکایت می‌کنم", "نمی‌دونم چرا. شکایت می‌کنم."],
)
def test_a_negation_in_another_clause_does_not_count(text):
    hits = [*ENGLISH.find(text), *PERSIAN.find(text)]
    assert hits
    assert not any(hit.negated for hit in hits)


def test_a_slot_without_a_value_leaves_its_pattern_out():
    assert not Phrases(["{agent}"], {"agent": ()}).find("anything")


@given(st.text("ab اسم می*?~|()[]{}.: کردن\\^$+-'", max_size=25))
def test_whatever_is_written_is_refused_or_can_be_sought(pattern):
    slots = {"agent": ["a"]}
    with contextlib.suppress(InputError):
        Phrases([pattern], slots).check()
        Phrases([pattern], slots).find("a b اسم می کردن. ab " + pattern)


@pytest.mark.parametrize("pattern", ["a ... b ... c ... d ... e", "a ... ... b", "a|b c", "a" * 2000, "a? " * 24 + "b"])
def test_a_pattern_that_would_take_for_ever_or_mean_something_else_is_refused(pattern):
    with pytest.raises(InputError, match=r"phrase"):
        Phrases([pattern])


def test_many_stars_cost_no_more_than_one():
    assert not Phrases(["a" + "*" * 40 + "b"]).find("a" * 60)


@pytest.mark.parametrize("pattern", ["", "... you", "call ...", "(a|b", "{nobody}", ":{nobody}", "maybe?"])
def test_a_pattern_that_cannot_be_read_is_refused_by_its_name(pattern):
    with pytest.raises(InputError, match=r"phrase"):
        Phrases([pattern])


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("پیگیری [کردن]", "پیگیری می‌کنم"),
        ("پیگیری [کردن]", "پیگیریش میکنیم"),
        ("پیگیری [کردن]", "پیگیری خواهیم کرد"),
        ("پیگیری [کردن]", "پیگیری کرده‌ایم"),
        ("پیگیری [نکردن]", "پیگیری نمی‌کنن"),
        ("پیگیری [نکردن]", "پیگیری نکردین"),
        ("[فرستادن:من]", "براتون می‌فرستمش"),
        ("[فرستادن:شما]", "بفرستین"),
        ("زنگ [زدن]", "زنگتون می‌زنم"),
        ("(تماس|زنگ) ([گرفتن:من]|[زدن:من])", "فردا باهاتون تماس می‌گیرم"),
        ("[گفتن]", "می‌گید"),
        ("[شدن]", "می‌شود"),
        ("[دونستن]", "می‌دونید"),
    ],
)
def test_a_verb_is_found_in_the_forms_in_which_it_is_said(pattern, text):
    assert Phrases([pattern]).find(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("پیگیری [کردن]", "پیگیری نمی‌کنم"),
        ("پیگیری [نکردن]", "پیگیری می‌کنم"),
        ("[فرستادن:من]", "لطفاً بفرستید"),
        ("[فرستادن:شما]", "می‌فرستم"),
        ("سلام", "سلامت باشید"),
        ("قسط~", "اقساط"),
    ],
)
def test_another_person_a_denial_or_another_word_is_not(pattern, text):
    assert not Phrases([pattern]).find(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("شماره~ [فرستادن]", "شماره‌هاتون رو فرستادم"),
        ("قسط~", "قسط‌هاتونو"),
        ("شماره تماس", "شماره‌ی تماس"),
        ("شماره تماس", "شماره های تماس"),
        ("شماره تماستان", "شماره تماستون"),
        ("میخوام لغو کنم", "می‌خوام لغو کنم"),
        ("بفرمایید", "بفرمائین"),
        ("می کنند", "می‌کنن"),
        ("اگر مشکلی بود", "اگه مشکلی بود"),
        ("معذرت", "معزرت می‌خوام"),
        ("charge~", "charging"),
        ("transfer~", "transferred"),
        ("apply~", "applied"),
        ("call~", "calls"),
    ],
)
def test_inflection_spelling_and_the_way_of_speaking_make_no_difference(pattern, text):
    assert Phrases([pattern]).find(text)


def test_the_words_that_were_found_are_shown_as_they_were_spelled():
    [hit] = Phrases(["معذرت [خواستن]"]).find("معذرت می‌خوام.")
    assert hit.words == "معذرت می خوام"


def test_a_whole_call_is_searched_as_each_of_its_turns():
    phrases = Phrases(["cancel*", "پیگیری [کردن]", "{name} here"], {})
    texts = ["I want to cancel.", "Emma here.", "پیگیری می‌کنم", "", "nothing"]
    assert phrases.find_in(texts) == [phrases.find(text) for text in texts]
