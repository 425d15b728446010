"""Which form is filled in for which call."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.applies import Occasion, choose
from scoring.scorecard import Scope, Scorecard
from tests.scoring.cards import card


def named(key: str, *, beside: bool = False, **scope: tuple[str, ...]) -> Scorecard:
    return dataclasses.replace(card(), key=key, beside=beside, scope=Scope(**scope))


CARDS = [
    named("all"),
    named("inbound", directions=("inbound",)),
    named("sales", queues=("sales",)),
    named("sales_any", queues=("sales*",)),
    named("persian", queues=("support",), languages=("fa",)),
    named("english", queues=("support",), languages=("en",)),
    named("promises", beside=True, directions=("inbound",), not_queues=("internal*",)),
]


@pytest.mark.parametrize(
    ("queue", "direction", "language", "expected"),
    [
        ("sales", "outbound", "fa", ["sales"]),
        ("sales-vip", "outbound", "fa", ["sales_any"]),
        ("support", "inbound", "fa", ["persian", "promises"]),
        ("support", "inbound", "en", ["english", "promises"]),
        ("support", "inbound", None, ["english", "promises"]),
        ("other", "inbound", "fa", ["inbound", "promises"]),
        (None, "outbound", "fa", ["all"]),
        ("internal-1", "inbound", "fa", ["inbound"]),
    ],
)
def test_the_form_that_suits_best_is_taken_and_those_beside_it(queue, direction, language, expected):
    assert [one.key for one in choose(CARDS, Occasion(queue=queue, direction=direction, language=language))] == expected


def test_a_call_in_a_language_without_a_form_gets_the_one_that_suits_otherwise():
    found = choose([named("persian", languages=("fa",))], Occasion(queue=None, direction="inbound", language="en"))
    assert [one.key for one in found] == ["persian"]


def test_without_a_form_there_is_none():
    assert (
        choose([named("sales", queues=("sales",))], Occasion(queue="other", direction="inbound", language="fa")) == ()
    )


@given(st.permutations(CARDS))
def test_the_order_in_which_they_are_kept_makes_no_difference(cards):
    occasion = Occasion(queue="sales", direction="inbound", language="fa")
    assert [one.key for one in choose(cards, occasion)] == ["promises", "sales"]
