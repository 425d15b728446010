"""What was measured in a call's sound, as a call's dissatisfaction takes it. Pure.

Only differences are taken: the customer against their own start, one party against the other. How anyone speaks by nature says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LOUDER_DB, HIGHER_ST = 6.0, 3.0  #: together they are a voice raised by 1
MOMENTS = 3  #: one shout is an accident


def raised_voice(passages: Sequence[Mapping[str, Any]]) -> float:
    """How far the voice rose over the customer's own start, 0 for not at all: the mean of the three highest moments.

    A moment counts as far as it is both louder and higher: a nearer microphone is only louder, a question only higher. `passages` are
    those of the measures' `voice`: {"level_db", "pitch_st"}.
    """
    raised: list[float] = [
        min(float(one["level_db"]) / LOUDER_DB, float(one["pitch_st"]) / HIGHER_ST)
        for one in passages
        if one.get("level_db") is not None and one.get("pitch_st") is not None
    ]
    highest = sorted((max(0.0, one) for one in raised), reverse=True)[:MOMENTS]
    return round(sum(highest) / MOMENTS, 3)


def talk_over_s(details: Mapping[str, Any], party: str) -> float:
    """Seconds for which `party` spoke into the other's speech; 0 where it wasn't measured."""
    return float(details.get("parties", {}).get(party, {}).get("talk_over_s") or 0.0)
