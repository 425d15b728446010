"""Where the sound of a recording lies that ran already when we came: no event tells its beginning, nor whether it stands still.

What is known: its last sound was written at its end, how long it is, when its channel was in no bridge since we came, and
when such recordings usually begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Cut = tuple[float, float]
#: A file is closed this long after its last sound, at most.
CLOSED_S = 2.0
#: A recording begins within this time of what it was begun for.
_NEAR_S = 1.0


def laid(
    *, ended_s: float, duration_s: float, cuts: Sequence[Cut], answered_s: float | None, queued_s: float | None
) -> tuple[float, tuple[Cut, ...]]:
    """The file's second 0 and in which stretches nothing was written, in seconds from the call's start.

    `cuts` are the stretches in which nothing was written if it was begun with MixMonitor's option b. That it was is taken
    for proven where its beginning then falls on the answer, and without it on nothing: not on the answer, nor on the call's
    or the queue's beginning. Elsewhere what was said after the last such stretch is right, and nothing is made up before.
    """
    whole = ended_s - duration_s
    less = whole - sum(to_s - from_s for from_s, to_s in cuts)
    if cuts and _falls_on(less, [answered_s]) and not _falls_on(whole, [answered_s, queued_s, 0.0]):
        return less, tuple(cuts)
    return whole, ()


def _falls_on(begun_s: float, moments: Iterable[float | None]) -> bool:
    return any(at_s is not None and abs(begun_s - at_s) <= _NEAR_S for at_s in moments)
