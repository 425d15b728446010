"""What a person may answer to which kind of question."""

import pytest

from avasanj.errors import InputError
from scoring import card_file
from scoring.reviews.values import places, value_of
from tests.scoring.reviews.center import FORM

QUESTIONS = {one.key: one for one in card_file.kept(FORM).questions}


@pytest.mark.parametrize(
    ("question", "value", "says"),
    [
        ("greeting", "maybe", "yes, no or na"),
        ("outcome", "lost", "There are: solved, open"),
        ("outcome", "solved,open", "one choice"),
        ("steps", "", "no choice"),
        ("warmth", "6", "from 1 to 5"),
        ("warmth", "2.5", "from 1 to 5"),
        ("tries", "many", "with a number"),
        ("tries", "inf", "with a number"),
        ("note", "  ", "Write one"),
        ("note", "x" * 4001, "4001 characters"),
    ],
)
def test_a_wrong_value_says_what_the_question_takes(question: str, value: str, says: str):
    with pytest.raises(InputError, match=says):
        value_of(QUESTIONS[question], value)


@pytest.mark.parametrize(
    ("question", "value", "kept"),
    [
        ("greeting", " NO ", "no"),
        ("steps", "checks , asks", "asks,checks"),
        ("warmth", "۴", "4"),
        ("tries", "1٫50", "1.5"),
        ("note", " thanks ", "thanks"),
        *((key, "N/A".replace("/", ""), "na") for key in QUESTIONS),
    ],
)
def test_values_are_kept_in_one_form(question: str, value: str, kept: str):
    assert value_of(QUESTIONS[question], value) == kept


@pytest.mark.parametrize(
    "wrong",
    [[{"start_s": 3}], [{"start_s": 5, "end_s": 2}], [{"start_s": "a", "end_s": 1}], [{"start_s": 0, "end_s": 1}] * 21],
)
def test_a_place_that_is_none_is_refused(wrong: list[dict]):
    with pytest.raises(InputError, match=r"start and end|At most 20"):
        places(wrong)
