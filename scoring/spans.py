"""Which part of a call each agent is judged on: only their own, on the playback's clock."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from scoring.dialogue import AGENT, CUSTOMER, MIXED, Turn
from scoring.facts import known
from scoring.phrases import plain
from scoring.rules import Stretch
from telephony.tables import AgentSpan, Call, Source
from transcription.legs import playback_zero_s

#: A turn belongs to a span when its middle lies within it, or this close: PBX events and voice are not cut at the same moment.
SLACK_S = 1.5
SLACK = datetime.timedelta(seconds=SLACK_S)
_LEAST_LETTERS = 3
#: In an imported call the ledger knows no holds; so long without a word of the agent, the customer saying little, is one.
SILENCE_S = 10.0
SILENCE_SPOKEN = 0.4


@dataclass(frozen=True, kw_only=True)
class AgentPart:
    """One agent and what is judged."""

    position: int
    interface: str | None
    name: str | None
    queue: str | None
    stretch: Stretch


def parts(
    call: Call, turns: Sequence[Turn], *, sound: Mapping[str, Any] | None = None, earlier_calls: int = 0
) -> list[AgentPart]:
    """A part per agent span; one for the whole call where the ledger knows no agent but one was heard; none without words.

    `sound` are the details of `transcription.tables.Measures`.
    """
    if not turns:
        return []
    ledger = tuple(
        (_clock_s(call, hold.started_at), _clock_s(call, hold.ended_at or hold.started_at)) for hold in call.hold_spans
    )
    holds = ledger or (() if call.source == Source.LIVE else silences(turns))
    if not call.spans:
        heard = any(turn.party in {AGENT, MIXED} for turn in turns)
        return [_part(call, None, tuple(turns), holds, turns, sound, earlier_calls)] if heard else []
    if len(call.spans) == 1:
        return [_part(call, call.spans[0], tuple(turns), holds, turns, sound, earlier_calls)]
    return [
        _part(
            call,
            span,
            _within(call, span, turns),
            tuple(hold for hold in holds if _held_in(call, span, hold)),
            turns,
            sound,
            earlier_calls,
        )
        for span in call.spans
    ]


def _part(
    call: Call,
    span: AgentSpan | None,
    said: tuple[Turn, ...],
    holds: tuple[tuple[float, float], ...],
    turns: Sequence[Turn],
    sound: Mapping[str, Any] | None,
    earlier_calls: int,
) -> AgentPart:
    alone = len(call.spans) <= 1
    bounds = (0.0, float("inf")) if alone or span is None else _bounds_s(call, span)
    facts = _facts(call, span) | {"repeat_calls": float(earlier_calls)}
    return AgentPart(
        position=span.position if span else 0,
        interface=span.interface if span else None,
        name=span.agent_name if span else None,
        queue=_queue(call, span),
        stretch=Stretch(
            turns=said,
            holds=holds,
            slots=_slots(call, span.agent_name if span else None, turns),
            known=known(facts, holds, sound, bounds, alone=alone),
        ),
    )


def _facts(call: Call, span: AgentSpan | None) -> dict[str, float | None]:
    """What the ledger knows of this agent's part: the wait is the first agent's, a transfer is of the one who handed on."""
    if span is None or len(call.spans) == 1:
        ring_s = span.ring_s if span else call.ring_s
        return {"wait_s": call.wait_s, "ring_s": ring_s, "talk_s": call.talk_s, "transfers": float(call.transfers)}
    end = span.ended_at or call.ended_at
    handed = [one for one in call.handovers if end and span.started_at <= one.at <= end + SLACK]
    return {
        "wait_s": call.wait_s if span.position == 0 else None,
        "ring_s": span.ring_s,
        "talk_s": (end - span.started_at).total_seconds() if end else None,
        "transfers": float(len(handed)),
    }


def _queue(call: Call, span: AgentSpan | None) -> str | None:
    """The queue that brought the caller to the agent: the last one left before the agent spoke."""
    if span is None or len(call.spans) == 1:
        return call.queue
    before = [visit.queue for visit in call.visits if visit.joined_at <= span.started_at + SLACK]
    return before[-1] if before else call.queue


def silences(turns: Sequence[Turn]) -> tuple[tuple[float, float], ...]:
    """Stretches (start and end in seconds) between two turns of the agent in which the customer was left waiting."""
    agent = [turn for turn in turns if turn.party == AGENT]
    found = []
    for one, following in pairwise(agent):
        length_s = following.start_s - one.end_s
        inside = [t for t in turns if t.party == CUSTOMER and t.end_s > one.end_s and t.start_s < following.start_s]
        spoken_s = sum(min(t.end_s, following.start_s) - max(t.start_s, one.end_s) for t in inside)
        if length_s - spoken_s >= SILENCE_S and spoken_s <= SILENCE_SPOKEN * length_s:
            found.append((one.end_s, following.start_s))
    return tuple(found)


def _within(call: Call, span: AgentSpan, turns: Sequence[Turn]) -> tuple[Turn, ...]:
    begin, end = _bounds_s(call, span)
    return tuple(turn for turn in turns if begin - SLACK_S <= (turn.start_s + turn.end_s) / 2 <= end + SLACK_S)


def _held_in(call: Call, span: AgentSpan, hold: tuple[float, float]) -> bool:
    begin, end = _bounds_s(call, span)
    return begin - SLACK_S <= hold[0] <= end


def _bounds_s(call: Call, span: AgentSpan) -> tuple[float, float]:
    end = span.ended_at or call.ended_at
    return _clock_s(call, span.started_at), _clock_s(call, end) if end else float("inf")


def _clock_s(call: Call, moment: datetime.datetime) -> float:
    """A moment of the ledger on the playback's clock, whose 0 is the earliest recording's first second."""
    return (moment - call.started_at).total_seconds() - playback_starts_s(call)


def playback_starts_s(call: Call) -> float:
    """Seconds from the call's start to the playback's second 0."""
    return playback_zero_s(call)


def _slots(call: Call, agent: str | None, turns: Sequence[Turn]) -> dict[str, tuple[str, ...]]:
    """What fills the phrases' slots: the agent's name, the customer's as the PBX shows it, the end of their number, their words."""
    said = {word for turn in turns if turn.party == CUSTOMER for word in plain(turn.text).split()}
    digits = (call.customer_e164 or "")[-4:]
    return {
        "agent": _names(agent),
        "customer_name": _names(call.caller_name),
        "number": (digits,) if len(digits) == 4 else (),
        "said": tuple(sorted(word for word in said if len(word) > _LEAST_LETTERS and word.isalpha())),
    }


def _names(name: str | None) -> tuple[str, ...]:
    return tuple(word for word in plain(name or "").split() if len(word) >= _LEAST_LETTERS and word.isalpha())
