"""The search for the likeliest text, and when each of its pieces was said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from transcription.alignment import starts_of
from transcription.beams import Beams, circles

END = 0


def searched(steps: dict[tuple[int, ...], dict[int, float]], *, width: int = 2, whole: bool = False) -> list[int]:
    """The best text of a model that gives each text's next pieces their probabilities; all others end."""
    search = Beams(width=width, end=END, never_first=frozenset({9}), at_end=lambda _trace: whole)
    texts: list[tuple[int, ...]] = [()]
    for _ in range(20):
        rows = [sorted(steps.get(text, {END: 1.0}).items(), key=lambda one: -one[1]) for text in texts]
        log_p = np.full((len(rows), 2 * width), -np.inf, np.float32)
        numbers = np.full((len(rows), 2 * width), END, np.int32)
        for i, row in enumerate(rows):
            for j, (number, p) in enumerate(row[: 2 * width]):
                log_p[i, j], numbers[i, j] = np.log(p), number
        grown = list(search.grow(log_p, numbers, lambda row: row))
        assert len(grown) == width
        if search.over:
            break
        texts = [(*texts[row], number) for row, number in grown]
    return [piece.number for piece in search.best()]


def test_the_likeliest_text_is_found_where_its_first_piece_is_not_the_likeliest() -> None:
    model = {(): {1: 0.6, 2: 0.4}, (1,): {3: 0.2, 4: 0.2}, (2,): {5: 0.9}}
    assert searched(model) == [2, 5, END]
    assert searched(model, width=1)[0] == 1


def test_a_text_can_not_begin_with_what_is_barred() -> None:
    assert searched({(): {9: 0.9, 1: 0.1}}) == [1, END]


def test_what_goes_on_after_the_sounds_end_is_not_waited_for() -> None:
    """After 1 the sound is over; going on, the model circles, each round likelier than the one before."""
    model: dict[tuple[int, ...], dict[int, float]] = {(): {1: 0.9}, (1,): {END: 0.6, 2: 0.4}}
    text: tuple[int, ...] = (1, 2)
    for _ in range(18):
        model[text] = {3: 0.999}
        text = (*text, 3)
    assert searched(model, whole=True) == [1, END]


def test_a_search_that_goes_in_a_circle_is_given_up_and_says_so() -> None:
    search = Beams(width=2, end=END, never_first=frozenset(), at_end=lambda _trace: False)
    rounds = [1, 2, 3] * 10
    for step, number in enumerate(rounds):
        log_p = np.log(np.array([[0.9, 0.06, 0.03, 0.01]] * (2 if step else 1), np.float32))
        numbers = np.array([[number, END, 8, 7]] * (2 if step else 1), np.int32)
        if step != 1:
            numbers[:, 1] = 6
        list(search.grow(log_p, numbers, lambda row: row))
        if search.over:
            break
    assert search.circled
    assert step < 20
    early, unfinished = ([piece.number for piece in line] for line in search.lines())
    assert early == [1, END]
    assert unfinished == rounds[: len(unfinished)]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3] * 3, True),
        ([7, 8, 1, 2, 3, 1, 2, 3, 1, 2, 3], True),
        ([1, 2, 3] * 2, False),
        ([5] * 6, True),
        ([5] * 5, False),
        ([1, 2, 3, 1, 2, 3, 1, 2, 4], False),
        ([], False),
    ],
)
def test_a_text_that_goes_in_a_circle_is_told_from_one_that_repeats_something(
    numbers: Sequence[int], expected: bool
) -> None:
    assert circles(numbers) is expected


def test_each_piece_begins_where_its_attention_does() -> None:
    begins = [0, 12, 30, 31, 55]
    attention = np.full((3, 5, 80), 1e-4)
    for piece, (start, end) in enumerate(zip(begins, [*begins[1:], 80], strict=True)):
        attention[:, piece, start:end] = 1.0
    attention /= attention.sum(axis=2, keepdims=True)
    assert list(starts_of(attention)) == pytest.approx(begins, abs=4)


def test_a_single_piece_over_a_single_frame_begins_at_nought() -> None:
    assert list(starts_of(np.ones((2, 1, 1)))) == [0]
