"""How many labels a training takes at most, and which: memory and time grow with them, what is learnt hardly does any more.

With as many, learning takes about a gigabyte. Whole groups are drawn by a hash of their names, so that the same labels are drawn each
time, on every machine, and old and new ones, happy and unhappy ones stay in proportion.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from scoring.learning.talks import Talk

#: Judged turns: those that are labelled, and of a labelled call all that the customer says.
MOST_TURNS = 30_000


def drawn(sizes: Mapping[str, int], most: int = MOST_TURNS) -> frozenset[str]:
    """Names of groups that together have `most` turns or fewer; all of them where that is enough. One group at least."""
    if sum(sizes.values()) <= most:
        return frozenset(sizes)
    chosen, total = set[str](), 0
    for name in sorted(sizes, key=_place):
        total += sizes[name]
        if chosen and total > most:
            break
        chosen.add(name)
    return frozenset(chosen)


def drawn_talks(talks: Sequence[Talk], most: int = MOST_TURNS) -> list[Talk]:
    """The talks of the groups that are drawn, in their order."""
    sizes: dict[str, int] = {}
    for talk in talks:
        sizes[talk.group] = sizes.get(talk.group, 0) + len(talk.chosen)
    names = drawn(sizes, most)
    return [talk for talk in talks if talk.group in names]


def _place(name: str) -> str:
    return hashlib.sha256(f"drawn:{name}".encode()).hexdigest()
