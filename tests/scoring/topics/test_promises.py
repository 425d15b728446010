"""Promises of every kind, measured on sentences written for this project. The even rows were looked at, the odd ones held back."""

from pathlib import Path

import pytest

from scoring.promises import read

FOLDER = Path(__file__).parent


def measured(language: str, half: int) -> tuple[float, float]:
    """Precision and recall over sentences and kinds."""
    lines = (FOLDER / f"promises-{language}.tsv").read_text(encoding="utf-8").splitlines()
    right = wrong = missed = 0
    for line in lines[half::2]:
        kinds, _, text = line.partition("\t")
        wanted, got = set(kinds.split(",")) - {"-"}, {kind.value for kind, _, _ in read(text)}
        right, wrong, missed = right + len(wanted & got), wrong + len(got - wanted), missed + len(wanted - got)
    return right / (right + wrong), right / (right + missed)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_promises_of_the_half_that_was_held_back_are_found(language):
    precision, recall = measured(language, 1)
    assert precision >= 0.9
    assert recall >= 0.9


@pytest.mark.parametrize(
    ("text", "kind", "by"),
    [
        ("I'll email you the contract tonight.", "message", "agent"),
        ("A technician will come out between eight and noon.", "visit", "colleague"),
        ("همکارم فردا صبح بهتون زنگ می‌زنه.", "call_back", "colleague"),
        ("مبلغ تا فردا به حسابتون برمی‌گرده.", "refund", "center"),
        ("تا شب بهتون خبر می‌دم.", "tell", "agent"),
    ],
)
def test_a_promise_says_what_and_who(text, kind, by):
    assert [(found.value, who) for found, who, _ in read(text)] == [(kind, by)]


def test_to_see_to_it_and_call_back_is_one_promise():
    assert [kind.value for kind, _, _ in read("I'll speak to the driver and call you back.")] == ["call_back"]
