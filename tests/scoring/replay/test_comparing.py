"""The arithmetic of a comparison: paired differences, shares, ranks that move only where that is proven."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.replay.comparing import Moved, Pair, Running, grouped, mean_moved, per_question, share_moved, told

SCORE = st.floats(0, 100, allow_nan=False)


def pair(before: float | None, after: float | None, agent: str = "a", **facts) -> Pair:
    given_facts = {"team": None, "queue": None, "passed_before": None, "passed_after": None, **facts}
    return Pair(agent=agent, before=before, after=after, **given_facts)


@given(st.lists(SCORE, min_size=2, max_size=50))
def test_means_and_spreads_are_those_of_all_numbers_at_once(numbers):
    running = Running()
    for number in numbers:
        running.add(number)
    assert running.mean == pytest.approx(statistics.fmean(numbers), abs=1e-6)
    assert running.spread == pytest.approx(statistics.stdev(numbers), abs=1e-5)


def test_equal_scores_are_no_difference_at_all():
    row = told(grouped([pair(70, 70, passed_before=True, passed_after=True)] * 30)[1])["agent"][0]
    assert row["difference"] == {"value": 0.0, "interval": [0.0, 0.0], "shown": False}
    assert row["passed_difference"] == {"value": 0.0, "interval": [0.0, 0.0], "shown": False}
    assert (row["up"], row["down"], row["rank_moved"]) == (0, 0, False)


def test_the_interval_of_a_paired_difference_holds_the_true_one_as_often_as_it_says():
    chance, held = random.Random(3), 0
    for _ in range(400):
        running = Running()
        for _ in range(25):
            running.add(chance.gauss(2.0, 9.0))
        found = mean_moved(running)
        held += found.interval.holds(2.0)
    assert 0.92 <= held / 400 <= 0.98


def test_the_interval_of_a_share_of_pairs_holds_the_true_one_as_often_as_it_says():
    chance, held = random.Random(4), 0
    for _ in range(400):
        passed = {}
        for _ in range(60):
            key = chance.choices([(True, True), (True, False), (False, True), (False, False)], [0.5, 0.1, 0.2, 0.2])[0]
            passed[key] = passed.get(key, 0) + 1
        held += share_moved(passed).interval.holds(0.1)
    assert 0.92 <= held / 400 <= 0.99


def test_a_difference_is_not_spoken_of_on_a_few_calls():
    few = told(grouped([pair(50, 60)] * 5)[1])["agent"][0]
    many = told(grouped([pair(50, 60)] * 50)[1])["agent"][0]
    assert not few["difference"]["shown"]
    assert many["difference"]["shown"]


def test_ranks_move_only_where_the_ranges_before_and_after_do_not_meet():
    pairs = [pair(90 + n % 3, 20 + n % 3, "falls") for n in range(60)]
    pairs += [pair(50 + n % 3, 50 + n % 3, name) for name in ("stays", "stays too") for n in range(60)]
    rows = {row["name"]: row for row in told(grouped(pairs)[1])["agent"]}
    assert (rows["falls"]["rank_before"], rows["falls"]["rank_after"]) == ([1, 1], [3, 3])
    assert rows["falls"]["rank_moved"]
    close = told(grouped([pair(50 + n % 40, 51 + n % 40, name) for name in ("x", "y") for n in range(30)])[1])
    assert not any(row["rank_moved"] for row in close["agent"])


def test_groups_are_told_with_those_that_moved_most_first_and_none_for_nobody():
    pairs = [pair(50, 80, "up", team="t", queue="q"), pair(50, 40, "down", queue="q"), pair(50, None, None)]
    overall, groups = grouped(pairs)
    rows = told(groups)
    assert [row["name"] for row in rows["agent"]] == ["up", "down"]
    assert [(row["name"], row["n"]) for row in rows["queue"]] == [("q", 2)]
    assert (overall.n, overall.up, overall.down, overall.difference.n) == (3, 1, 1, 2)


def test_answers_are_counted_by_what_became_of_what():
    change = {"q": "greeting", "b": "no", "a": "yes", "d": 10.0}
    back = {"q": "greeting", "b": "yes", "a": "unsure"}
    rows = per_question([[change], [change, {"q": "bye", "b": None, "a": "yes"}], [back]])
    assert rows[0] == {
        "question": "greeting", "n": 3, "up": 2, "down": 0,
        "moves": [{"before": "no", "after": "yes", "n": 2}, {"before": "yes", "after": "unsure", "n": 1}],
    }  # fmt: skip
    assert rows[1]["question"] == "bye"


def test_nothing_compared_is_no_figure():
    assert Moved().stored()["difference"] is None
    assert mean_moved(Running()) is None
    assert share_moved({}) is None
