"""How an answer is put: its confidence, what was heard for it, and why, as a catalogue message. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from scoring.dialogue import Turn, evidence
from scoring.scorecard import UNSURE, Answered, Question

#: Below this the machine leaves the answer to a person.
LEAST_CONFIDENCE = 0.6
#: So many pieces of evidence are kept.
SHOWN = 3


def answer(
    question: Question,
    value: str,
    confidence: float,
    seen: Sequence[tuple[Turn, str]] = (),
    method: str = "rule",
    reason: dict[str, Any] | None = None,
    model: str | None = None,
) -> Answered:
    """An answer with the turns and words that were seen for it."""
    return Answered(
        question=question,
        value=value,
        confidence=round(confidence, 3),
        method=method,
        evidence=tuple(evidence(turn, words=words) for turn, words in seen[:SHOWN]),
        reason=reason or {},
        model=model,
    )


def placed(made: Answered, stretches: Sequence[tuple[float, float]]) -> Answered:
    """The answer with the longest of the stretches of sound that made it, in order of time; nobody's words."""
    longest = sorted(sorted(stretches, key=lambda one: one[0] - one[1])[:SHOWN])
    return dataclasses.replace(
        made,
        evidence=tuple(
            {"party": "mixed", "start_s": round(a, 2), "end_s": round(b, 2), "text": "", "turn": None}
            for a, b in longest
        ),
    )


def because(text: str, words: str | None = None) -> dict[str, Any]:
    """A reason: a message id and the words that it names."""
    return {"id": text, "values": {} if words is None else {"words": words}}


def sure(value: str, confidence: float) -> str:
    """The value, or unsure where the confidence is too low to say it."""
    return value if confidence >= LEAST_CONFIDENCE else UNSURE
