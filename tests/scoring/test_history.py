"""What a turn is against what came before it in its call."""

import numpy as np
import pytest

from scoring.dialogue import answered
from scoring.history import COLUMNS, ENLARGED, LOOKED_BACK, UNRELATED, history
from tests.scoring.dialogues import talk

SAME = (1 - UNRELATED) * ENLARGED
EAST, NORTH = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
AWAY = -UNRELATED * ENLARGED


def test_the_first_turn_of_a_call_has_no_history():
    assert history(np.array([EAST]), np.array([NORTH]), [0]).tolist() == [[0.0] * COLUMNS]


def test_what_is_said_again_lies_near_what_was_said():
    made = history(np.array([EAST, NORTH, EAST]), np.zeros((3, 2), np.float32), [None, None, None])
    assert made[1] == pytest.approx([AWAY, 0, 0, 1], abs=1e-5)
    assert made[2] == pytest.approx([SAME, 0, 0, 1], abs=1e-5)


def test_being_asked_again_counts_but_not_two_turns_after_one_question():
    turns = np.array([EAST, NORTH])
    asked = np.array([EAST, EAST])
    assert history(turns, asked, [0, 2])[1, 1] == pytest.approx(SAME, abs=1e-5)
    assert history(turns, asked, [0, 0])[1, 1] == 0


def test_an_answer_is_held_against_the_request_before_it():
    made = history(np.array([EAST, NORTH]), np.array([NORTH, EAST]), [0, 2])
    assert made[1, 2] == pytest.approx(SAME, abs=1e-5)


def test_only_the_last_turns_are_looked_back_at():
    turns = np.array([EAST, *[NORTH] * LOOKED_BACK, EAST])
    made = history(turns, np.zeros_like(turns), [None] * len(turns))
    assert made[-1, 0] == pytest.approx(AWAY, abs=1e-5)


def test_whom_a_turn_answers():
    turns = talk(("c", "hello"), ("a", "yes?"), ("c", "my bill"), ("c", "from may"), ("a", "which?"))
    assert answered(turns) == [None, 0, 1, 1, 3]
