"""Other heads tried on one stored call: how dissatisfied the customer was by them, beside what stands. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from scoring.dialogue import MIXED
from scoring.dissatisfaction import LABELS, judge
from scoring.heads import Heads
from scoring.material import Material
from scoring.mood import Encodes, moments
from scoring.replay.before import StoodMood
from scoring.replay.reading import StoredCall
from scoring.scorecard import NO, Answered, Question
from scoring.spans import parts
from scoring.stage import HOLD_QUESTION, line_of

#: So many contributions are kept of those that moved.
SHOWN = 4
#: Log-odds below which nothing moved.
_NOTHING = 0.005
_NOT_ANNOUNCED = Answered(question=Question(key=HOLD_QUESTION, title={}), value=NO, confidence=1.0, method="rule")


def try_heads(
    stored: StoredCall, heads: Heads, before: StoodMood | None, unannounced_holds: int, encoder: Encodes
) -> dict[str, Any]:
    """The columns `before`, `after` and `moved` of the call's row. The line is as when the call was scored."""
    language = stored.heard.language
    guessed = stored.heard.speakers_guessed
    proven = [dataclasses.replace(turn, party=MIXED) for turn in stored.turns] if guessed else stored.turns
    agents = parts(stored.call, proven, sound=stored.sound, earlier_calls=stored.earlier_calls)
    material = Material(
        call=stored.call, transcript=None, earlier_calls=stored.earlier_calls, cards=(), sound=stored.sound
    )
    line = line_of(material, stored.turns, agents, [_NOT_ANNOUNCED] * unannounced_holds)
    judged = judge(moments(stored.turns, language, encoder, heads), line, heads.call_weights(language))
    return {
        "before": before.dissatisfied if before else None,
        "after": judged.probability,
        "moved": _moved(before, {one.name: one.weight for one in judged.contributions}),
    }


def _moved(before: StoodMood | None, after: Mapping[str, float]) -> list[dict[str, Any]]:
    """What changed most in log-odds, the largest first."""
    old = {str(one["name"]): float(one["weight"]) for one in before.contributions} if before else {}
    names = sorted({*old, *after}, key=lambda name: -abs(after.get(name, 0.0) - old.get(name, 0.0)))
    return [
        {
            "name": name,
            "label": {"id": LABELS.get(name, name), "values": {}},
            "before": round(old.get(name, 0.0), 3),
            "after": round(after.get(name, 0.0), 3),
        }
        for name in names[:SHOWN]
        if abs(after.get(name, 0.0) - old.get(name, 0.0)) > _NOTHING
    ]
