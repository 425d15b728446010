"""Learning: from words that the shipped heads have never heard, whole calls, and queues with another base rate."""

import dataclasses

import numpy as np
import pytest

from avasanj.errors import InputError
from scoring import heads, measures
from scoring.learning.comparison import Comparison, Difference, compare, name_of, split
from scoring.learning.cross import cross_validated
from scoring.learning.judging import all_figures, answers
from scoring.learning.learn import Taught, learn
from scoring.learning.queues import shift_of
from scoring.learning.rows import Encoded, rows_of
from tests.scoring.learning.center import WideWords, talks


@pytest.fixture(scope="module")
def taught() -> Taught:
    return learn(talks(160), WideWords())


def judged(made: heads.Heads, given) -> dict[str, dict[str, float]]:
    rows = rows_of(given, Encoded(given, WideWords()), made)
    return all_figures(answers(given, rows, made))


def test_what_people_said_is_learnt_and_holds_for_others(taught: Taught):
    new = talks(200, seed=7)
    before, after = judged(heads.shipped(), new), judged(taught.heads, new)
    for question in ("attitude", "dissatisfied"):
        assert after[question]["auc"] > 0.95 > before[question]["auc"]
        assert after[question]["log_loss"] < 0.4 < before[question]["log_loss"]
        assert after[question]["ece"] < 0.08


def test_what_has_no_labels_stays_as_it_came(taught: Taught):
    assert set(taught.heads.learnt) == {"attitude", "dissatisfied"}
    assert taught.heads.calls == heads.shipped().calls


def test_learnt_heads_are_kept_as_text_and_judge_the_same_when_read(taught: Taught):
    again = heads.loads(heads.dumps(taught.heads))
    given = talks(30, seed=9)
    rows = rows_of(given, Encoded(given, WideWords()), again)
    one, other = taught.heads.judge(rows.said, "en"), again.judge(rows.said, "en")
    assert other.attitudes == pytest.approx(one.attitudes, abs=2e-3)
    assert other.dissatisfied == pytest.approx(one.dissatisfied, abs=2e-3)
    assert again.version == taught.heads.version != heads.shipped().version


def test_the_same_labels_give_the_same_heads(taught: Taught):
    assert heads.dumps(learn(talks(160), WideWords()).heads) == heads.dumps(taught.heads)


def gain(low: float, high: float) -> Difference:
    return Difference(mean=(low + high) / 2, low=low, high=high, labels=100, groups=50)


def test_only_what_is_surely_better_takes_over_and_nothing_may_become_surely_worse():
    def better(overall: Difference, **questions: Difference) -> bool:
        return Comparison(figures={}, differences=questions, overall=overall).better

    assert better(gain(0.01, 0.05), attitude=gain(0.02, 0.06), call=gain(-0.05, 0.01))
    assert not better(gain(-0.001, 0.05), attitude=gain(0.02, 0.06))
    assert not better(gain(0.01, 0.05), attitude=gain(0.02, 0.06), call=gain(-0.05, -0.01))


def test_the_same_heads_are_not_better_than_themselves(taught: Taught):
    new = talks(40, seed=4)
    found = compare(new, Encoded(new, WideWords()), taught.heads, taught.heads)
    assert not found.better
    assert found.overall.mean == found.overall.low == found.overall.high == 0
    assert found.overall.labels == 80


def test_too_few_labels_are_refused_with_what_lacks():
    with pytest.raises(InputError, match=r"12 labelled, 28 more are needed.*whole calls there are 0.*takes 40"):
        learn(talks(12), WideWords())


def test_the_split_keeps_groups_whole_and_prefers_what_the_version_in_use_does_not_know():
    given = [dataclasses.replace(talk, group=f"g{n // 2}") for n, talk in enumerate(talks(100))]
    learnt, held_out = split(given)
    assert {talk.group for talk in learnt}.isdisjoint({talk.group for talk in held_out})
    assert len(held_out) == pytest.approx(20, abs=2)
    assert split(given) == (learnt, held_out)
    known = {name_of(talk.group) for talk in learnt}
    more = [*given, *(dataclasses.replace(talk, group=f"h{n // 2}") for n, talk in enumerate(talks(20, seed=5)))]
    assert known.isdisjoint({name_of(talk.group) for talk in split(more, known)[1]})


def test_cross_validation_never_judges_what_it_learnt():
    given = talks(120)
    labels = [next(iter(talk.marks.values())) for talk in given]
    order = np.random.default_rng(1).permutation(len(labels))
    shuffled = [
        dataclasses.replace(talk, marks=dict.fromkeys(talk.marks, labels[at]))
        for talk, at in zip(given, order.tolist(), strict=True)
    ]
    right, wrong = cross_validated(given, WideWords(), folds=2), cross_validated(shuffled, WideWords(), folds=2)
    assert right["trained"]["attitude"]["auc"] > 0.9
    assert wrong["trained"]["attitude"]["auc"] < 0.65
    assert right["trained"]["attitude"]["n"] == right["shipped"]["attitude"]["n"] == 120
    assert {"tfidf", "folds", "seed"} <= set(right)


def test_a_queue_with_another_base_rate_is_calibrated_on_its_own():
    usual, bad = (0.25, 0.4, 0.35), (0.85, 0.1, 0.05)

    # half of the words say nothing here, so that the base rate matters
    def muddled(given):
        return [
            dataclasses.replace(
                talk, turns=tuple(dataclasses.replace(t, text="the order today") if n % 3 else t for t in talk.turns)
            )
            for n, talk in enumerate(given)
        ]

    learnt = muddled([*talks(160, 1, usual, "new orders"), *talks(60, 2, bad, "complaints")])
    made = learn(learnt, WideWords()).heads
    new = muddled(talks(300, 3, bad, "complaints"))
    unaware = dataclasses.replace(
        made, learnt={name: dataclasses.replace(one, queues={}) for name, one in made.learnt.items()}
    )
    own, common = judged(made, new), judged(unaware, new)
    for question in ("attitude", "dissatisfied"):
        assert own[question]["ece"] < common[question]["ece"] - 0.02
        assert own[question]["log_loss"] < common[question]["log_loss"]


def test_a_queues_shift_is_drawn_towards_none_the_fewer_its_labels():
    def shift(count: int) -> float:
        truth = (np.arange(count) % 10 < 9).astype(int)
        found = shift_of(np.zeros((count, 2)), truth)
        return float(found[1] - found[0])

    assert 0 < shift(20) < shift(100) < shift(2000) < np.log(9)
    assert shift(2000) == pytest.approx(np.log(9), abs=0.1)
    assert measures.ece(np.full(100, 1 / (1 + np.exp(-shift(100)))), np.arange(100) % 10 < 9) < 0.1
