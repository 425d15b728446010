"""The formulas against examples that were published, and against SciPy, which comes with the tools for development."""

import math

import numpy as np
import pytest
from scipy import stats

from scoring.statistics.alpha import Level, alpha
from scoring.statistics.intervals import (
    Points,
    Sample,
    Share,
    apart,
    mean_difference,
    mean_interval,
    points_difference,
    share_difference,
    variance,
    wilson,
)
from scoring.statistics.kappa import from_table, kappa, weighted_kappa
from scoring.statistics.shrinkage import between, shrunk, spreads
from scoring.statistics.student import t


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_are_those_of_newcombe_1998(hits: int, n: int, low: float, high: float):
    found = wilson(hits, n)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
    ],
)
def test_differences_of_shares_are_those_of_newcombe_1998(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
):
    found = share_difference(Share(hits=first[0], n=first[1]), Share(hits=second[0], n=second[1]))
    assert found is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("freedom", [1, 1.7, 2, 5, 12.3, 30, 250, 40000])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.9995])
def test_students_t_is_scipys(freedom: float, level: float):
    assert t(freedom, level) == pytest.approx(stats.t.ppf(0.5 + level / 2, freedom), rel=1e-9)


def test_a_mean_of_many_calls_has_the_plain_t_interval():
    scores = np.array([70.0, 80, 90, 85] * 50)
    made = mean_interval(Sample(n=200, mean=float(scores.mean()), spread=float(scores.std(ddof=1))))
    plain = stats.t.interval(0.95, 199, scores.mean(), stats.sem(scores))
    assert made is not None
    assert (made.low, made.high) == pytest.approx(plain, abs=0.03)


def test_equal_scores_of_a_few_calls_are_no_certainty():
    few, many = (mean_interval(Sample(n=n, mean=100.0)) for n in (5, 200))
    assert few is not None
    assert many is not None
    assert few.low < 93
    assert many.low > 99.5
    assert few.high == 100
    assert mean_interval(Sample(n=0, mean=None)) is None


@pytest.mark.parametrize(("met", "least"), [(0.5, 0.92), (0.85, 0.92), (0.95, 0.94), (0.99, 0.92)])
@pytest.mark.parametrize("n", [3, 5, 20, 50])
def test_mean_intervals_hold_the_truth_as_often_as_they_say(met: float, least: float, n: int):
    """Scores of a form whose questions are each met in `met` of the calls: the plain t interval holds 34 % at .99 and n = 5."""
    weights = np.array([15.0, 15, 10, 10, 10, 10, 10, 20])
    scores = (np.random.default_rng(7).random((600, n, 8)) < met) @ weights
    made = [mean_interval(Sample(n=n, mean=float(one.mean()), spread=float(one.std(ddof=1)))) for one in scores]
    assert np.mean([one is not None and one.holds(100 * met) for one in made]) >= least - 0.02


def test_a_difference_of_means_is_welchs():
    random = np.random.default_rng(3)
    one, two = random.normal(70, 10, 400), random.normal(74, 20, 300)
    found = mean_difference(*(Sample(n=len(x), mean=float(x.mean()), spread=float(x.std(ddof=1))) for x in (one, two)))
    plain = stats.ttest_ind(two, one, equal_var=False).confidence_interval(0.95)
    assert found is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((plain.low, plain.high), abs=0.03)
    assert found.shown
    assert mean_difference(Sample(n=0, mean=None), Sample(n=3, mean=50.0)) is None


def test_credibility_is_that_of_hachemeisters_states():
    """As the R package actuar has it for Hachemeister's data (Bühlmann and Gisler 2005 use them too)."""
    weights = (100155, 19895, 13735, 4152, 36110)
    means = (2060.921, 1511.224, 1805.843, 1352.976, 1599.829)
    samples = [Sample(n=n, mean=mean) for n, mean in zip(weights, means, strict=True)]
    known = between(samples, within=139120026)
    assert known is not None
    assert known.between == pytest.approx(89639, rel=2e-4)
    assert known.centre == pytest.approx(1683.713, rel=1e-4)
    drawn = [shrunk(one, known) for one in samples]
    assert [one.reliability for one in drawn] == pytest.approx([0.9847, 0.9276, 0.8985, 0.7279, 0.9588], abs=2e-4)
    assert [one.mean for one in drawn] == pytest.approx([2055.165, 1523.706, 1793.444, 1442.967, 1603.285], abs=0.3)


def test_shrunken_means_are_nearer_to_the_truth():
    random = np.random.default_rng(11)
    true = random.normal(80, 5, 60)
    counts = random.integers(3, 60, 60)
    scores = [random.normal(mean, 15, n) for mean, n in zip(true, counts, strict=True)]
    samples = [Sample(n=len(x), mean=float(x.mean()), spread=float(x.std(ddof=1))) for x in scores]
    known = spreads(samples)
    assert known is not None
    assert math.sqrt(known.between) == pytest.approx(5, abs=1.5)
    drawn = np.array([shrunk(one, known).mean for one in samples])
    raw = np.array([one.mean for one in samples])
    assert ((drawn - true) ** 2).mean() < 0.7 * ((raw - true) ** 2).mean()
    held = [shrunk(one, known).interval.holds(mean) for one, mean in zip(samples, true, strict=True)]
    assert np.mean(held) > 0.85


def test_agents_who_do_not_differ_are_all_at_the_mean_of_all():
    known = spreads([Sample(n=30, mean=mean, spread=15) for mean in (80.0, 80.5, 79.5)])
    assert known is not None
    assert known.between == 0
    assert shrunk(Sample(n=30, mean=80.5, spread=15), known).mean == pytest.approx(80)
    assert shrunk(Sample(n=0, mean=None), known).reliability == 0


def test_kappa_is_that_of_cohen_1960_and_of_fleiss():
    """Agreement on 50 proposals, kappa .40; the diagnoses in Fleiss, Levin and Paik (2003, table 18.1), kappa .68, error .087."""
    proposals = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = kappa(proposals)
    assert found is not None
    assert found.value == pytest.approx(0.4)
    diagnoses = from_table([[75, 1, 4], [5, 4, 1], [0, 0, 10]], np.eye(3), weighted=False)
    assert diagnoses is not None
    assert diagnoses.value == pytest.approx(0.676, abs=5e-4)
    assert diagnoses.error == pytest.approx(0.0877, abs=5e-4)


def test_five_equal_answers_of_five_are_no_certainty():
    few = kappa([("yes", "yes")] * 3 + [("no", "no")] * 2)
    assert few is not None
    assert few.value == 1
    assert few.interval.low < 0.3
    units = [{"a": value, "b": value} for value in ("yes", "no", "yes", "yes", "no", "no")]
    all_alike = alpha(units)
    assert all_alike is not None
    assert (all_alike.value, all_alike.interval) == (1, None)


def test_weighted_kappa_knows_how_far_apart_answers_are():
    near = weighted_kappa([(1, 1), (2, 3), (3, 3), (4, 5), (5, 5)] * 4)
    far = weighted_kappa([(1, 1), (2, 5), (3, 3), (5, 1), (5, 5)] * 4)
    assert near is not None
    assert far is not None
    assert near.value > 0.9
    assert far.value < 0.3


def test_quadratic_kappa_is_scikit_learns():
    from sklearn.metrics import cohen_kappa_score

    random = np.random.default_rng(2)
    first = random.integers(1, 6, 200)
    second = np.clip(first + random.integers(-1, 2, 200), 1, 5)
    found = weighted_kappa([(float(a), float(b)) for a, b in zip(first, second, strict=True)])
    assert found is not None
    assert found.value == pytest.approx(cohen_kappa_score(first, second, weights="quadratic"))


def test_kappa_says_nothing_where_chance_agrees_always():
    assert kappa([("yes", "yes")] * 30) is None
    assert kappa([]) is None
    assert weighted_kappa([(3, 3)] * 9) is None


#: Krippendorff 2011: four observers, twelve units, some not judged.
CODED = [
    (1, 1, None, 1), (2, 2, 3, 2), (3, 3, 3, 3), (3, 3, 3, 3), (2, 2, 2, 2), (1, 2, 3, 4),
    (4, 4, 4, 4), (1, 1, 2, 1), (2, 2, 2, 2), (None, 5, 5, 5), (None, None, 1, 1), (None, None, 3, None),
]  # fmt: skip


@pytest.mark.parametrize(("level", "value"), [(Level.NOMINAL, 0.743), (Level.ORDINAL, 0.815), (Level.INTERVAL, 0.849)])
def test_alpha_is_krippendorffs(level: Level, value: float):
    units = [{judge: one for judge, one in enumerate(row) if one is not None} for row in CODED]
    found = alpha(units, level)
    assert found is not None
    assert found.value == pytest.approx(value, abs=5e-4)
    assert (found.units, found.judgements) == (11, 40)
    assert found.interval is not None
    assert found.interval.low < value < found.interval.high


def test_alpha_needs_two_judges_and_some_difference():
    assert alpha([{"a": "yes"}, {"b": "no"}]) is None
    assert alpha([{"a": "yes", "b": "yes"}] * 8) is None
    apart = alpha([{"a": "yes", "b": "no"}, {"a": "no", "b": "yes"}])
    assert apart is not None
    assert apart.value < 0
    assert apart.interval is None


def test_the_usual_spread_counts_as_two_calls():
    assert variance(Sample(n=1, mean=80.0)) == (144.0, 2.0)
    assert variance(Sample(n=9, mean=80.0, spread=0.0)) == pytest.approx((28.8, 10.0))


def test_points_of_one_question_have_wilsons_interval_and_of_several_a_narrower_one():
    one = Points(n=263, mean=81 / 263, spread=math.sqrt(81 / 263 * 182 / 262)).interval
    assert one is not None
    assert (one.low, one.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    several = Points(n=263, mean=81 / 263, spread=0.2).interval
    assert several is not None
    assert several.high - several.low < 0.55 * (one.high - one.low)
    equal = Points(n=3, mean=0.8).interval
    assert equal is not None
    assert equal.low < 0.5
    assert Points(n=0, mean=None).interval is None
    assert Points(n=5, mean=1.0).interval == wilson(5, 5)


@pytest.mark.parametrize("met", [0.5, 0.85, 0.95])
@pytest.mark.parametrize("n", [5, 20, 50])
def test_intervals_of_points_hold_the_truth_as_often_as_they_say(met: float, n: int):
    shares = (np.random.default_rng(8).random((600, n, 3)) < met).mean(axis=2)
    made = [Points(n=n, mean=float(x.mean()), spread=float(x.std(ddof=1))).interval for x in shares]
    assert np.mean([one is not None and one.holds(met) for one in made]) >= 0.92


def test_what_all_agents_gained_is_no_agents_own():
    before, after = (Points(n=200, mean=mean, spread=0.2) for mean in (0.5, 0.7))
    gained = points_difference(before, after)
    assert gained is not None
    assert gained.shown
    assert not apart(gained, gained).shown
