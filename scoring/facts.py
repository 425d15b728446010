"""What the ledger and the sound know of one agent's part of a call, as numbers that a question can be answered by. Pure.

Loudness and pitch are not among them: the agent's voice is never measured, and a line's level says nothing of a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from avasanj.i18n import N_

Stretch_s = tuple[float, float]

#: name -> what it is
FACTS = {
    "wait_s": N_("seconds that the customer waited before an agent answered"),
    "ring_s": N_("seconds that the agent's phone rang"),
    "talk_s": N_("seconds of the call from its answer to its end"),
    "hold_s": N_("seconds on hold, all holds together"),
    "longest_hold_s": N_("seconds of the longest hold"),
    "holds": N_("how often the customer was put on hold"),
    "transfers": N_("how often the call was transferred"),
    "repeat_calls": N_("calls of the same customer in the seven days before"),
}
MEASURES = {
    "silence_s": N_("seconds in which nobody spoke, holds left out"),
    "silence_share": N_("share of the time in which nobody spoke, 0 to 1"),
    "longest_silence_s": N_("seconds of the longest silence"),
    "agent_talk_over_s": N_("seconds in which the agent spoke into the customer's words"),
    "agent_talk_overs": N_("how often the agent spoke into the customer's words"),
    "agent_talk_share": N_("share of the talking that was the agent's, 0 to 1"),
    "agent_words_per_minute": N_("words a minute of the agent's own talking"),
    "agent_response_s": N_("seconds until the agent answers, the middle one"),
}
#: What none can be beyond.
MOST = {"silence_share": 1.0, "agent_talk_share": 1.0}
#: What people ask for and don't get, so that the linter can say why.
REFUSED = frozenset({"level_dbfs", "loudness", "volume", "level", "pitch", "pitch_hz", "shouting", "emotion", "stress"})


@dataclass(frozen=True, kw_only=True)
class Known:
    """Facts and measures by name (one that is not known is not there), and where in the call they lie, in seconds."""

    values: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, tuple[Stretch_s, ...]] = field(default_factory=dict)


def known(
    facts: Mapping[str, float | None],
    holds: Sequence[Stretch_s],
    details: Mapping[str, Any] | None,
    bounds: Stretch_s,
    *,
    alone: bool,
) -> Known:
    """Puts together what is known of a part of a call.

    `facts` are the ledger's numbers, `details` those of `transcription.tables.Measures`; `bounds` are the part's seconds. Shares, rates and
    response times are measured over the whole call: with several agents in it (not `alone`) they are nobody's.
    """
    lengths = [end - start for start, end in holds]
    values = {name: value for name, value in facts.items() if value is not None}
    values |= {"holds": len(lengths), "hold_s": sum(lengths), "longest_hold_s": max(lengths, default=0.0)}
    places: dict[str, tuple[Stretch_s, ...]] = dict.fromkeys(("holds", "hold_s", "longest_hold_s"), tuple(holds))
    if details and len(details.get("parties", {})) == 2:
        _add_sound(details, bounds, values, places)
        if alone:
            _add_whole(details, values)
    return Known(values=values, places={name: found for name, found in places.items() if found})


def _add_sound(
    details: Mapping[str, Any], bounds: Stretch_s, values: dict[str, float], places: dict[str, tuple[Stretch_s, ...]]
) -> None:
    """Silences and talk-overs that lie in the part."""
    first_s, last_s = details.get("talk", bounds)
    start_s, end_s = max(bounds[0], first_s), min(bounds[1], last_s)
    silences = _within([(a, b) for a, b in details.get("silences", [])], (start_s, end_s))
    overs = _within([(a, b) for a, b, by in details.get("talk_overs", []) if by == "agent"], (start_s, end_s))
    silent_s = sum(b - a for a, b in silences)
    values["silence_s"] = round(silent_s, 2)
    if end_s > start_s:
        values["silence_share"] = round(min(1.0, silent_s / (end_s - start_s)), 3)
    values["longest_silence_s"] = round(max((b - a for a, b in silences), default=0.0), 2)
    values["agent_talk_over_s"] = round(sum(b - a for a, b in overs), 2)
    values["agent_talk_overs"] = len(overs)
    places |= dict.fromkeys(("silence_s", "silence_share", "longest_silence_s"), silences)
    places |= dict.fromkeys(("agent_talk_over_s", "agent_talk_overs"), overs)


def _add_whole(details: Mapping[str, Any], values: dict[str, float]) -> None:
    agent = details["parties"].get("agent", {})
    names = {
        "agent_talk_share": "talk_share",
        "agent_words_per_minute": "words_per_minute",
        "agent_response_s": "response_s",
    }
    values |= {name: agent[theirs] for name, theirs in names.items() if agent.get(theirs) is not None}


def _within(found: Sequence[Stretch_s], bounds: Stretch_s) -> tuple[Stretch_s, ...]:
    return tuple((a, b) for a, b in found if bounds[0] <= (a + b) / 2 <= bounds[1])
