"""No voice twice: where two recordings hold the same party at the same time, only one of them is heard.

Stretches are in seconds from the call's start; None for an end that is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Stretch = tuple[float, float]
Open = tuple[float | None, float | None]


def outside(stretches: Iterable[Stretch]) -> tuple[Open, ...]:
    """All the time that is in none of the stretches."""
    found: list[Open] = []
    reached: float | None = None
    for from_s, to_s in joined(stretches):
        found.append((reached, from_s))
        reached = to_s
    return (*found, (reached, None))


def joined(stretches: Iterable[Stretch], *, keep_empty: bool = False) -> list[Stretch]:
    """Sorted, those that touch made one; those without a length are left out unless `keep_empty`."""
    found: list[Stretch] = []
    for from_s, to_s in sorted(stretches):
        if found and from_s <= found[-1][1]:
            found[-1] = (found[-1][0], max(to_s, found[-1][1]))
        elif to_s > from_s or keep_empty:
            found.append((from_s, to_s))
    return found


def common(one: Sequence[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """What lies in a stretch of both."""
    return joined(
        (max(a_from, b_from), min(a_to, b_to))
        for a_from, a_to in one
        for b_from, b_to in other
        if min(a_to, b_to) > max(a_from, b_from)
    )


def unheard(own: Sequence[Stretch] | None, others: Iterable[Sequence[Stretch]]) -> tuple[Open, ...]:
    """When a recording is not to be heard.

    `own` is where alone it counts, None for one that counts wherever none of the `others` (of the same party, each with
    where it counts) does. Two with a place of their own are two people: both are heard.
    """
    if own is not None:
        return outside(own)
    return tuple(joined(stretch for other in others for stretch in other))
