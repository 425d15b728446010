"""Turns: what each party said until the other spoke or a pause came. Data to data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telephony.tables import Party
from transcription.words import Word

#: A longer pause begins a new turn even when nobody else speaks.
_PAUSE_S = 1.0
#: "mm-hm": what the other says within this time, while the speaker pauses no longer than that, doesn't end a turn.
_BACK_CHANNEL_S, _BREATH_S = 1.0, 0.7


@dataclass(frozen=True, kw_only=True)
class Said:
    """A stretch of one party's speech with its text, or a whole turn. Seconds on one clock; confidence 0 to 1 or unknown."""

    party: Party
    start_s: float
    end_s: float
    text: str
    confidence: float | None = None
    words: tuple[Word, ...] = ()


def merge(spoken: Iterable[Said]) -> list[Said]:
    """Turns of a call from the stretches of both legs, by start.

    A party's stretches become one turn while the pause between them is at most a second and the other says nothing there
    but a back-channel, which stays a small turn of its own inside. No text is lost: each stretch is in exactly one turn.
    """
    ordered = sorted((s for s in spoken if s.text.strip()), key=lambda s: (s.start_s, s.end_s, s.party))
    turns: list[list[Said]] = []
    latest: dict[Party, list[Said]] = {}
    for said in ordered:
        turn = latest.get(said.party)
        if turn is not None and _goes_on(turn[-1], said, ordered):
            turn.append(said)
        else:
            latest[said.party] = turn = [said]
            turns.append(turn)
    return [_joined(turn) for turn in turns]


def _goes_on(before: Said, after: Said, everything: Sequence[Said]) -> bool:
    pause_s = after.start_s - before.end_s
    if pause_s > _PAUSE_S:
        return False
    between = [
        other
        for other in everything
        if other.party != before.party and before.start_s < other.start_s < after.start_s and other.end_s > before.end_s
    ]
    if not between:
        return True
    return pause_s <= _BREATH_S and all(other.end_s - other.start_s <= _BACK_CHANNEL_S for other in between)


def _joined(parts: Sequence[Said]) -> Said:
    known = [(part.confidence, max(len(part.text), 1)) for part in parts if part.confidence is not None]
    weight = sum(length for _, length in known)
    return Said(
        party=parts[0].party,
        start_s=parts[0].start_s,
        end_s=max(part.end_s for part in parts),
        text=" ".join(part.text.strip() for part in parts),
        confidence=round(sum(value * length for value, length in known) / weight, 3) if known else None,
        words=tuple(word for part in parts for word in part.words),
    )
