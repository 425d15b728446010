"""What was said in a call, as scoring sees it: plain data, whatever transcribed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

AGENT, CUSTOMER, MIXED = "agent", "customer", "mixed"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One turn. Seconds on the playback's clock; `confidence` is the recogniser's, 0 to 1, None when unknown."""

    position: int
    party: str
    start_s: float
    end_s: float
    text: str
    confidence: float | None = None


def evidence(turn: Turn, **more: Any) -> dict[str, Any]:
    """A turn as the pages show and play it."""
    return {
        "party": turn.party,
        "start_s": round(turn.start_s, 2),
        "end_s": round(turn.end_s, 2),
        "text": turn.text,
        "turn": turn.position,
        **more,
    }


def before(turns: Sequence[Turn]) -> list[str]:
    """For each turn, what the other party said just before; empty when nobody had."""
    return ["" if at is None else turns[at].text for at in answered(turns)]


def answered(turns: Sequence[Turn]) -> list[int | None]:
    """For each turn, the index of the other party's turn just before it; None when there was none."""
    found: list[int | None] = []
    last: dict[str, int | None] = {AGENT: None, CUSTOMER: None, MIXED: None}
    for n, turn in enumerate(turns):
        found.append(last[AGENT] if turn.party == CUSTOMER else last[CUSTOMER] if turn.party == AGENT else None)
        last[turn.party] = n
    return found
