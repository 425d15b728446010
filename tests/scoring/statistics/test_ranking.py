"""Ranks only where calls can tell, ties as ties."""

import numpy as np

from scoring.statistics.intervals import Sample, Share
from scoring.statistics.ranking import ranking, share_ranking


def test_nobody_is_ranked_on_five_calls():
    found = ranking(
        {
            "star": Sample(n=5, mean=99.0, spread=2.0),
            "good": Sample(n=40, mean=90.0, spread=8.0),
            "poor": Sample(n=60, mean=60.0, spread=12.0),
        }
    )
    assert [*found] == ["good", "poor", "star"]
    assert [(one.first, one.last) for one in found.values()] == [(1, 1), (2, 2), (None, None)]
    assert found["star"].missing == 15
    assert found["star"].shrunk is not None
    assert found["star"].shrunk.mean < 99


def test_agents_whom_the_calls_do_not_tell_apart_are_tied():
    found = ranking(
        {
            "a": Sample(n=30, mean=84.0, spread=15.0),
            "b": Sample(n=25, mean=82.0, spread=15.0),
            "c": Sample(n=200, mean=60.0, spread=15.0),
        }
    )
    assert (found["a"].first, found["a"].last) == (1, 2)
    assert (found["b"].first, found["b"].last) == (1, 2)
    assert (found["c"].first, found["c"].last) == (3, 3)


def test_the_number_of_calls_that_it_takes_can_be_set():
    found = ranking({"a": Sample(n=5, mean=90.0, spread=5.0), "b": Sample(n=3, mean=10.0, spread=5.0)}, least_calls=5)
    assert (found["a"].first, found["a"].last) == (1, 1)
    assert found["b"].missing == 2


def test_twenty_equal_agents_are_rarely_torn_apart():
    """Without a correction for so many comparisons nearly every table would name somebody best who isn't."""
    random = np.random.default_rng(4)
    torn = 0
    for _ in range(40):
        scores = random.normal(80, 10, (20, 30)).clip(0, 100)
        samples = {n: Sample(n=30, mean=float(x.mean()), spread=float(x.std(ddof=1))) for n, x in enumerate(scores)}
        torn += any(one.first == 1 and one.last == 1 for one in ranking(samples).values())
    assert torn == 0


def test_shares_are_ranked_by_the_same_rules():
    found = share_ranking({"a": Share(hits=50, n=50), "b": Share(hits=20, n=50), "c": Share(hits=4, n=4)})
    assert [*found] == ["a", "b", "c"]
    assert (found["a"].first, found["a"].last, found["b"].first) == (1, 1, 2)
    assert found["c"].stored() == {
        "rank": None,
        "calls_missing": 16,
        "shrunk": None,
        "reliability": None,
        "shrunk_interval": None,
    }


def test_nobody_at_all_gives_no_ranking():
    assert ranking({}) == {}
