"""The published forms as they stood when a replay was planned.

A replay may rest for days, and each of its processes starts at its own time. What it was planned among stays, whatever is published
meanwhile: a version that was published once never changes, so its number is enough.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scoring import library
from scoring.replay.tables import ReplayRun
from scoring.scorecard import Scorecard
from scoring.tables import CardState, CardVersion

#: Where they are kept among what was chosen.
FORMS = "forms"


def pin(session: Session, scorecard: str) -> dict[str, Any]:
    """The other published forms as [key, version], and the versions of this one that calls may have been scored by."""
    rows = session.execute(
        select(CardVersion.key, CardVersion.version, CardVersion.state)
        .where(CardVersion.state != CardState.DRAFT)
        .order_by(CardVersion.key, CardVersion.version)
    ).all()
    others = [[key, version] for key, version, state in rows if key != scorecard and state == CardState.PUBLISHED]
    return {FORMS: {"others": others, "earlier": [version for key, version, _ in rows if key == scorecard]}}


def others(session: Session, run: ReplayRun) -> tuple[Scorecard, ...]:
    """The forms among which a call's is chosen, beside the one that is tried."""
    if FORMS not in run.chosen:  # planned before this was kept
        return tuple(card for card in library.published(session) if card.key != run.scorecard)
    found = (library.card_of(session, key, version) for key, version in run.chosen[FORMS]["others"])
    return tuple(card for card in found if card is not None)


def earlier(session: Session, run: ReplayRun) -> dict[int, Scorecard]:
    """The versions of the form that is tried by which calls may have been scored before. What was scored by others is left out."""
    assert run.scorecard is not None
    known = run.chosen[FORMS]["earlier"] if FORMS in run.chosen else None
    return {
        one.version: library.parsed(one.source)
        for one in library.versions(session, run.scorecard)
        if known is None or one.version in known
    }
