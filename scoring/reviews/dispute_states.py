"""The states of a dispute, and which leads to which: the whole of it in one table. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from avasanj.errors import InputError
from avasanj.i18n import N_
from scoring.reviews.tables import DisputeState

S = DisputeState
#: Every state, and those to which it can go.
LEADS_TO: Mapping[DisputeState, frozenset[DisputeState]] = {
    S.OPEN: frozenset({S.IN_REVIEW, S.REJECTED, S.WITHDRAWN, S.EXPIRED}),
    S.IN_REVIEW: frozenset({S.OPEN, S.ACCEPTED, S.REJECTED, S.WITHDRAWN, S.EXPIRED}),
    S.ACCEPTED: frozenset(),
    S.REJECTED: frozenset(),
    S.WITHDRAWN: frozenset(),
    S.EXPIRED: frozenset(),
}
#: Still to be decided.
PENDING = (S.OPEN.value, S.IN_REVIEW.value)
ENDED = N_("This dispute has ended already: it was decided, withdrawn, or ran out of time.")
NOT_TAKEN = N_("Nobody has taken this dispute yet. Take it first, and answer the disputed questions.")
TAKEN = N_("This dispute has been taken already.")
TEXTS = (ENDED, NOT_TAKEN, TAKEN)


def check(now: str, to: DisputeState) -> None:
    """Raises InputError where a dispute in one state can't go to another."""
    if to in LEADS_TO[S(now)]:
        return
    raise InputError(ENDED if now not in PENDING else NOT_TAKEN if now == S.OPEN else TAKEN)
