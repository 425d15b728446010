"""The search for the likeliest text, and when each of its pieces was said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from transcription.alignment import median, starts_of
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
        grown = search.grow(log_p, numbers, lambda row: row)
        assert len(grown) <= width
        if search.over:
            assert not grown
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
        search.grow(log_p, numbers, lambda row: row)
        if search.over:
            break
    assert search.circled
    assert step < 20
    early, unfinished = ([piece.number for piece in line] for line in search.lines())
    assert early == [1, END]
    assert unfinished == rounds[: len(unfinished)]


def chances(text: tuple[int, ...], *, sharp: float) -> NDArray[np.float64]:
    """The logarithms of a made-up model's next pieces, by the last three alone; its end comes nearer with the length."""
    noise = np.random.default_rng(abs(hash(text[-3:])) % 2**32).standard_normal(12) * sharp
    noise[END] += len(text) - 8.0
    return noise - np.log(np.exp(noise).sum())


def plain_search(width: int, *, sharp: float) -> list[int]:
    """Beam search as it is in books: `width` texts go on, and once so many have ended the best mean wins."""
    live: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    done: list[tuple[float, tuple[int, ...]]] = []
    while len(done) < width:
        every = [
            (score + p, (*text, number))
            for score, text in live
            for number, p in enumerate(chances(text, sharp=sharp))
            if text or number != END
        ]
        every.sort(key=lambda one: -one[0])
        live = []
        for rank, (score, text) in enumerate(every[: 2 * width]):
            if text[-1] != END:
                live.append((score, text))
            elif rank < width:
                done.append((score / len(text), text))
            if len(live) == width:
                break
    return list(max(done)[1])


def our_search(width: int, *, sharp: float, margin: float = np.inf, alike: int = 0) -> tuple[list[int], int]:
    """The text, and how many rows were needed for it."""
    search = Beams(
        width=width, end=END, never_first=frozenset({END}), at_end=lambda _trace: False, margin=margin, alike=alike
    )
    texts: list[tuple[int, ...]] = [()]
    rows = 0
    while texts:
        rows += len(texts)
        found = np.array([chances(text, sharp=sharp) for text in texts])
        numbers = np.argsort(-found, axis=1, kind="stable")[:, : 2 * width].astype(np.int32)
        log_p = np.take_along_axis(found, numbers, 1).astype(np.float32)
        texts = [(*texts[row], number) for row, number in search.grow(log_p, numbers, lambda row: row)]
    return [piece.number for piece in search.best()], rows


def test_with_all_lines_kept_it_is_beam_search_as_in_books() -> None:
    for sharp in (0.5, 1.0, 2.0, 3.0):
        assert our_search(5, sharp=sharp)[0] == plain_search(5, sharp=sharp)


def test_hopeless_lines_cost_nothing_and_the_text_stays() -> None:
    """A model that looks at the last three pieces alone goes on alike from lines that share them."""
    kept = rows = 0
    for sharp in range(4, 8):
        whole, all_rows = our_search(5, sharp=sharp)
        text, few_rows = our_search(5, sharp=sharp, margin=3.0, alike=3)
        assert text == whole
        kept, rows = kept + few_rows, rows + all_rows
    assert kept < 0.75 * rows


def test_of_two_lines_that_go_on_alike_only_the_likelier_does() -> None:
    search = Beams(width=2, end=END, never_first=frozenset(), at_end=lambda _trace: False, alike=1)
    first = search.grow(np.log(np.array([[0.6, 0.4]], np.float32)), np.array([[1, 2]], np.int32), lambda row: row)
    assert first == [(0, 1), (0, 2)]
    log_p = np.log(np.array([[0.9, 0.1], [0.8, 0.2]], np.float32))
    then = search.grow(log_p, np.array([[3, 4], [3, 5]], np.int32), lambda row: row)
    assert then == [(0, 3), (1, 5)]


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


@pytest.mark.parametrize("count", [1, 3, 5, 7])
def test_the_median_is_numpys(count: int) -> None:
    values = np.random.default_rng(count).integers(0, 5, (count, 4, 50)).astype(np.float32)
    assert np.array_equal(median(list(values)), np.median(values, axis=0))
