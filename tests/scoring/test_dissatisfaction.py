"""The arithmetic of a call's dissatisfaction, without a model."""

from hypothesis import given
from hypothesis import strategies as st

from scoring.dialogue import Turn
from scoring.dissatisfaction import LABELS, Line, Moment, judge

PLAIN = "I would like to ask about the bill please"
SHARES = st.floats(min_value=0, max_value=1)


def moment(position: int, dissatisfied: float, positive: float = 0.0, text: str = PLAIN) -> Moment:
    negative = max(0.0, min(dissatisfied, 1 - positive))
    turn = Turn(position=position, party="customer", start_s=position * 5.0, end_s=position * 5.0 + 4, text=text)
    return Moment(
        turn=turn, negative=negative, neutral=1 - negative - positive, positive=positive, dissatisfied=dissatisfied
    )


def path(*levels: float) -> list[Moment]:
    return [moment(n, level) for n, level in enumerate(levels)]


def probability(moments: list[Moment], line: Line | None = None) -> float:
    found = judge(moments, line or Line()).probability
    assert found is not None
    return found


def test_a_call_in_which_the_customer_says_nothing_has_no_probability():
    judged = judge([], Line(wait_s=900))
    assert judged.probability is None
    assert judged.contributions == ()
    assert judged.evidence == ()


def test_plain_business_is_not_dissatisfied():
    assert probability(path(0.1, 0.15, 0.2, 0.1)) < 0.15


def test_anger_all_through_is_dissatisfied():
    assert probability(path(0.8, 0.9, 0.85, 0.9)) > 0.8


def test_a_warm_ending_repairs():
    angry_start = path(0.8, 0.7, 0.4)
    sour = [*angry_start, moment(3, 0.75)]
    warm = [*angry_start, moment(3, 0.1, positive=0.9, text="oh thank you so much that is wonderful news")]
    assert probability(warm) < 0.5 < probability(sour)


def test_a_long_wait_alone_dissatisfies_nobody():
    assert probability(path(0.1, 0.2, 0.1), Line(wait_s=3600, hold_s=1200, earlier_calls=1)) < 0.5


def test_a_wrong_number_is_not_dissatisfied():
    assert probability(path(0.4, 0.6, 0.5), Line(wrong_number=True)) < 0.3


def test_complaint_counts_and_a_denied_one_does_not():
    calm = path(0.2, 0.2)
    complaining = [*calm, moment(2, 0.2, text="I want to make a complaint about this")]
    denying = [*calm, moment(2, 0.2, text="no complaint at all just asking")]
    assert probability(complaining) > probability(denying)
    assert "complaint" not in {one.name for one in judge(denying, Line()).contributions}


@given(
    st.lists(SHARES, min_size=1, max_size=30),
    st.floats(min_value=0, max_value=7200),
    st.integers(min_value=0, max_value=9),
)
def test_a_probability_it_is_and_its_parts_make_it_up(levels, wait_s, earlier):
    judged = judge(path(*levels), Line(wait_s=wait_s, earlier_calls=earlier))
    assert judged.probability is not None
    assert 0 < judged.probability < 1
    weights = [abs(one.weight) for one in judged.contributions]
    assert weights == sorted(weights, reverse=True)
    assert {one.name for one in judged.contributions} <= set(LABELS)


@given(st.lists(SHARES, min_size=1, max_size=30), st.floats(min_value=0, max_value=3600))
def test_waiting_longer_never_lowers_it(levels, wait_s):
    assert probability(path(*levels), Line(wait_s=wait_s + 60)) >= probability(path(*levels), Line(wait_s=wait_s))


def test_evidence_is_the_unhappy_turns_strongest_first_and_no_other():
    judged = judge([moment(0, 0.1), moment(1, 0.7), moment(2, 0.95), moment(3, 0.2)], Line())
    assert [one["turn"] for one in judged.evidence] == [2, 1]
    assert judged.evidence[0]["start_s"] == 10.0
    assert judged.evidence[0]["party"] == "customer"
