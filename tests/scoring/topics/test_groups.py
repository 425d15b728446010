"""Calls that mean the same come together, in bounded time, the same each time."""

import time

import numpy as np
from numpy.typing import NDArray

from scoring.topics.distinctive import distinctive
from scoring.topics.groups import MOST_SEEDS, groups, without_language
from scoring.topics.trend import change


def made(count: int, subjects: int, *, seed: int = 1) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors about so many subjects, a third of them about none; and the subject of each, −1 for none."""
    random = np.random.default_rng(seed)
    middles = random.normal(size=(subjects, 384))
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    labels = random.integers(0, subjects, count)
    vectors = 1.2 * middles[labels] + random.normal(size=(count, 384)) / 19.6
    lone = random.random(count) < 0.3
    vectors[lone], labels[lone] = random.normal(size=(int(lone.sum()), 384)) / 19.6, -1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


def test_groups_are_pure_and_the_same_each_time():
    vectors, labels = made(600, 10)
    found = groups(vectors, least=10)
    assert len(found) == 10
    assert all(len(set(labels[list(one.rows)])) == 1 for one in found)
    assert groups(vectors, least=10) == found


def test_many_calls_are_gathered_first_and_still_come_apart():
    vectors, labels = made(2 * MOST_SEEDS, 12)
    began = time.process_time()
    found = groups(vectors, least=50)
    assert time.process_time() - began < 20
    assert len(found) == 12
    assert all(np.mean(labels[list(one.rows)] == labels[one.rows[0]]) > 0.95 for one in found)


def test_what_a_language_puts_into_all_its_vectors_keeps_nothing_apart():
    vectors, labels = made(200, 4, seed=3)
    shift = np.zeros(384, np.float32)
    shift[0] = 3
    languages = ["fa" if n % 2 else "en" for n in range(200)]
    shifted = vectors + np.array([shift if one == "fa" else -shift for one in languages])
    shifted /= np.linalg.norm(shifted, axis=1, keepdims=True)
    found = groups(without_language(shifted.astype(np.float32), languages), least=10)
    assert len(found) == 4
    assert all({languages[row] for row in one.rows} == {"en", "fa"} for one in found)
    assert all(len({labels[row] for row in one.rows}) == 1 for one in found)


def test_too_few_calls_make_no_group():
    assert groups(np.zeros((3, 384), np.float32), least=5) == []
    assert groups(np.zeros((0, 384), np.float32)) == []


def test_words_of_a_group_are_those_that_others_lack():
    roaming = ["هفتهٔ دیگه می‌رم ترکیه، رومینگ دارم؟", "رومینگ رو چطور فعال کنم؟", "سلام، رومینگ گرونه؟"]
    others = ["سلام، قبضم زیاد اومده.", "سلام، قبض رو چطور بدم؟"]
    assert distinctive([roaming], others)[0] == ["رومینگ"]


def test_a_change_is_sure_only_beyond_chance():
    steady, calls = [10, 11, 9, 10, 10, 10], [100] * 6
    assert (found := change(steady, calls)) is not None
    assert not found.sure
    assert (found := change([10, 11, 9, 10, 10, 30], calls)) is not None
    assert found.low > 0
    assert round(found.difference, 2) == 0.2
    wild = [0, 30, 2, 28, 1, 30]
    assert (found := change(wild, calls)) is not None
    assert not found.sure, "weeks that always differ so much prove nothing"
    assert change([1, 2], [10, 10]) is None
