"""Whatever the calls and the people, a draw is fair, repeatable and never one's own call."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.reviews.drawing import CALLS, EVALUATOR, PERCENT, Candidate, Draw, Wish, draw

PEOPLE = ["ann", "bob", "cid"]
LOADS = st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 9), min_size=1)


@st.composite
def pools(draw_: st.DrawFn) -> list[Candidate]:
    count = draw_(st.integers(0, 25))
    return [
        Candidate(
            key=f"k{n}",
            group=draw_(st.sampled_from(["a", "b"])),
            weight=draw_(st.sampled_from([0.0, 0.5, 1.0])),
            barred=draw_(st.frozensets(st.sampled_from(PEOPLE), max_size=3)),
            reviewed=draw_(st.booleans()),
        )
        for n in range(count)
    ]


WISHES = st.builds(
    Wish,
    per=st.sampled_from(["agent", EVALUATOR]),
    amount=st.integers(1, 60).map(float),
    unit=st.sampled_from([CALLS, PERCENT]),
    seed=st.text(max_size=4),
)


@settings(max_examples=80, deadline=None)
@given(pools(), WISHES, LOADS, st.randoms())
def test_a_draw_is_lawful_repeatable_and_done_once(pool: list[Candidate], wish: Wish, loads: dict[str, int], order):
    first = draw(pool, wish, loads)
    by_key = {one.key: one for one in pool}
    for key, who in first.given.items():
        assert who in loads
        assert who not in by_key[key].barred
        assert not by_key[key].reviewed
    mixed = [*pool]
    order.shuffle(mixed)
    assert draw(mixed, wish, loads) == first
    after = [
        Candidate(key=one.key, group=one.group, weight=one.weight, barred=one.barred, drawn_for=first.given.get(one.key), reviewed=one.reviewed)
        for one in pool
    ]  # fmt: skip
    again = draw(after, wish, {who: load + list(first.given.values()).count(who) for who, load in loads.items()})
    assert again.given == {}
    _check_amounts(pool, wish, loads, first)


def _check_amounts(pool: list[Candidate], wish: Wish, loads: dict[str, int], done: Draw) -> None:
    """Exactly as much as wanted, or less and said so."""
    short = {one.group: one for one in done.shortages}
    if wish.per == EVALUATOR:
        groups = {who: [key for key, given in done.given.items() if given == who] for who in loads}
        sizes = dict.fromkeys(loads, len(pool))
    else:
        group_of = {one.key: one.group for one in pool}
        sizes = {name: list(group_of.values()).count(name) for name in group_of.values()}
        groups = {name: [key for key in done.given if group_of[key] == name] for name in sizes}
    for name, got in groups.items():
        wanted = int(wish.amount) if wish.unit == CALLS else math.ceil(sizes[name] * wish.amount / 100)
        assert len(got) == (short[name].found if name in short else wanted)
        assert len(got) <= wanted


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), LOADS, st.text(max_size=4))
def test_whoever_has_the_fewest_open_is_given_the_next(count: int, loads: dict[str, int], seed: str):
    pool = [Candidate(key=f"k{n}", group="all") for n in range(count)]
    done = draw(pool, Wish(per="all", amount=float(count), unit=CALLS, seed=seed), loads)
    after = {who: load + list(done.given.values()).count(who) for who, load in loads.items()}
    given_any = [who for who in loads if after[who] > loads[who]]
    assert max(after[who] for who in given_any) - min(after.values()) <= 1


def test_the_heaviest_are_drawn_first_and_chance_differs_by_period():
    pool = [Candidate(key=f"k{n}", group="a", weight=n / 10) for n in range(10)]
    wish = Wish(per="agent", amount=3, unit=CALLS, seed="s")
    assert set(draw(pool, wish, {"ann": 0}).given) == {"k7", "k8", "k9"}
    even = [Candidate(key=f"k{n}", group="a") for n in range(50)]
    picks = {
        frozenset(draw(even, Wish(per="agent", amount=3, unit=CALLS, seed=str(n)), {"ann": 0}).given) for n in range(20)
    }
    assert len(picks) > 15


def test_chance_gives_every_call_its_turn():
    """Over 500 periods each of ten calls is drawn about 150 times (3 of 10): within five standard deviations."""
    pool = [Candidate(key=f"k{n}", group="a") for n in range(10)]
    counts = dict.fromkeys((one.key for one in pool), 0)
    for n in range(500):
        for key in draw(pool, Wish(per="agent", amount=3, unit=CALLS, seed=str(n)), {"ann": 0}).given:
            counts[key] += 1
    assert all(abs(count - 150) < 5 * math.sqrt(500 * 0.3 * 0.7) for count in counts.values())


def test_calls_that_nobody_may_evaluate_are_told_apart_from_calls_that_are_not_there():
    pool = [Candidate(key=f"k{n}", group="a", barred=frozenset({"ann"})) for n in range(2)]
    done = draw([*pool, Candidate(key="k2", group="a")], Wish(per="agent", amount=4, unit=CALLS, seed=""), {"ann": 0})
    [short] = done.shortages
    assert (short.wanted, short.found, short.blocked) == (4, 1, 2)
