"""The recordings of one call laid on one clock: second 0 is where the earliest of them begins."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import telephony.tables as ledger
from telephony.tables import Party

#: Music may sound on a little before and after the PBX tells of a hold: its events and the media are not in step.
_HOLD_MARGIN_S = 0.15
#: The agent's first word may fall a little before the PBX tells of the answer.
_ANSWER_MARGIN_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One recording of one party. Seconds on the playback's clock."""

    recording_id: int
    party: Party
    path: Path  #: on this machine
    channel: int | None
    start_s: float  #: where the file's second 0 lies
    kept: str = ""  #: as the ledger names the file: a path or, for one on another machine, a URL
    #: stretches (start, end) in which this leg carries music or announcements instead of the party's voice
    masked: tuple[tuple[float, float], ...] = ()
    #: stretches in which nothing was written to the file, whose own time stood still
    cuts: tuple[tuple[float, float], ...] = ()
    #: stretches in which the recording was muted, or another one holds the voice: nothing in them is heard or read,
    #: whatever the file holds
    muted: tuple[tuple[float, float], ...] = ()


def legs_of(call: ledger.Call) -> list[Leg]:
    """The call's recordings that aren't known to be broken, in time. One without an offset starts with the earliest.

    Broken ones count for the clock all the same, so that finding one broken later moves nobody's times.
    """
    usable = [r for r in call.recordings if r.problem is None]
    zero_s = playback_zero_s(call)
    muted = tuple(
        ((from_s or 0.0) - zero_s, float("inf") if to_s is None else to_s - zero_s) for from_s, to_s in call.mutes or ()
    )
    legs = [
        Leg(
            recording_id=r.id,
            party=Party(r.party),
            path=Path(r.path),
            kept=r.path,
            channel=r.channel,
            start_s=(zero_s if r.offset_s is None else r.offset_s) - zero_s,
            masked=masked_in(call, Party(r.party), zero_s),
            cuts=tuple((from_s - zero_s, to_s - zero_s) for from_s, to_s in r.cuts or ()),
            muted=(*muted, *_unheard(r, zero_s)),
        )
        for r in usable
    ]
    return sorted(legs, key=lambda leg: (leg.start_s, leg.party, leg.recording_id))


def _unheard(recording: ledger.Recording, zero_s: float) -> tuple[tuple[float, float], ...]:
    """Where another recording holds this party's voice, or the recorded agent is not with the customer."""
    return tuple(
        (float("-inf") if from_s is None else from_s - zero_s, float("inf") if to_s is None else to_s - zero_s)
        for from_s, to_s in recording.unheard or ()
    )


def playback_zero_s(call: ledger.Call) -> float:
    """Seconds from the call's start to second 0 of its recordings' clock, on which the playback and every turn lie."""
    return min((r.offset_s for r in call.recordings if r.offset_s is not None), default=0.0)


def masked_in(call: ledger.Call, party: Party, zero_s: float) -> tuple[tuple[float, float], ...]:
    """Where a leg can't be its party's voice.

    On hold the PBX plays music to the party that waits, into the same stream that otherwise carries the other party: a
    hold by the agent masks the agent's leg, one by the customer the customer's. Before the answer the agent's leg
    carries what the queue plays.
    """

    def at(moment: datetime.datetime | None) -> float:
        return (moment - call.started_at).total_seconds() - zero_s if moment else float("inf")

    spans = [
        (at(hold.started_at) - _HOLD_MARGIN_S, at(hold.ended_at) + _HOLD_MARGIN_S)
        for hold in call.hold_spans
        if party in (Party.MIXED, Party(hold.by or Party.AGENT))
    ]
    if party == Party.AGENT and call.queued_at and call.answered_at:
        spans.append((float("-inf"), at(call.answered_at) - _ANSWER_MARGIN_S))
    return tuple(sorted(spans))
