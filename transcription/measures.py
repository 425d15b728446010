"""What the two parties' speech does in time: who talks, who is silent, who speaks into whom. Data to data.

All seconds are on the playback's clock. A stretch is a time in which one party speaks; pauses of up to 0.3 s belong to
it, since nobody hears them as silence. What a hold covers counts for nothing: neither as silence nor as anyone's speech.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from telephony.tables import Party

Stretch = tuple[float, float]

#: pauses within speech
_JOIN_S = 0.3
#: who speaks for less than this while the other goes on says "mm-hm" and speaks into nobody
_BACK_CHANNEL_S = 1.0
#: what is shorter at both ends of a turn's change is breath and imprecision
_SHORTEST_TALK_OVER_S = 0.2
#: a wait for an answer that is longer is no answer any more: somebody looks something up
_LONGEST_RESPONSE_S = 10.0
#: a rate in words a minute needs this much speech
_ENOUGH_SPEECH_S = 5.0


@dataclass(frozen=True, kw_only=True)
class TalkOver:
    """A time in which both spoke."""

    start_s: float
    end_s: float
    by: Party  #: who spoke into the other's speech: the one who began later


@dataclass(frozen=True, kw_only=True)
class PartyMeasures:
    """One party's part. None where it can't be known or there was too little of it."""

    talk_s: float
    talk_share: float | None  #: of both parties' talk, 0 to 1
    words_per_minute: float | None  #: of their own talk time
    response_s: (
        float | None
    )  #: median of the times from the other's last sound to their first, where they took the turn
    longest_response_s: float | None
    talk_over_s: float  #: how long they spoke into the other's speech, "mm-hm" left out
    talk_overs: int


@dataclass(frozen=True, kw_only=True)
class CallMeasures:
    """Both parties together. Silences and talk-overs are unknown (None) where only one party was recorded."""

    parties: Mapping[Party, PartyMeasures]
    silence_s: float | None
    longest_silence_s: float | None
    silences: tuple[Stretch, ...]  #: every silence of a second or more
    talk_over_s: float | None  #: all of it, "mm-hm" with it
    talk_overs: tuple[TalkOver, ...]  #: those in which someone spoke into the other's speech


def measure(
    speech: Mapping[Party, Sequence[Stretch]],
    *,
    talk: Stretch,
    holds: Sequence[Stretch] = (),
    words: Mapping[Party, int] | None = None,
) -> CallMeasures:
    """Measures of a call from each recorded party's stretches of speech.

    `talk` is the time to look at (from the answer to the end), `holds` what of it to leave out, `words` how many each
    said, where it is known. A party that was recorded and said nothing has an empty list; one not recorded is not there.
    """
    open_ = _without([talk], joined(holds))
    said = {party: _within(joined(parts, _JOIN_S), open_) for party, parts in speech.items()}
    total_s = sum(map(_length, said.values()))
    both = len(said) == 2
    overs = _talk_overs(said) if both else []
    real = tuple(over for over in overs if _is_talk_over(over, said))
    silences = _without(open_, joined([part for parts in said.values() for part in parts])) if both else []
    responses = _responses(said, open_)
    return CallMeasures(
        parties={
            party: PartyMeasures(
                talk_s=round(_length(parts), 2),
                talk_share=round(_length(parts) / total_s, 3) if both and total_s else None,
                words_per_minute=_rate((words or {}).get(party), _length(parts)),
                response_s=round(statistics.median(responses[party]), 2) if responses[party] else None,
                longest_response_s=round(max(responses[party]), 2) if responses[party] else None,
                talk_over_s=round(sum(o.end_s - o.start_s for o in real if o.by == party), 2),
                talk_overs=sum(o.by == party for o in real),
            )
            for party, parts in said.items()
        },
        silence_s=round(_length(silences), 2) if both else None,
        longest_silence_s=round(max((end - start for start, end in silences), default=0.0), 2) if both else None,
        silences=tuple((round(start, 2), round(end, 2)) for start, end in silences if end - start >= 1.0),
        talk_over_s=round(sum(o.end_s - o.start_s for o in overs), 2) if both else None,
        talk_overs=real,
    )


def joined(parts: Sequence[Stretch], pause_s: float = 0.0) -> list[Stretch]:
    """The stretches in order, those with no more than `pause_s` between them made one."""
    made: list[Stretch] = []
    for start, end in sorted(part for part in parts if part[1] > part[0]):
        if made and start - made[-1][1] <= pause_s:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((start, end))
    return made


def _within(parts: Sequence[Stretch], limits: Sequence[Stretch]) -> list[Stretch]:
    found = [(max(a, c), min(b, d)) for a, b in parts for c, d in limits if max(a, c) < min(b, d)]
    return sorted(found)


def _without(parts: Sequence[Stretch], taken: Sequence[Stretch]) -> list[Stretch]:
    """What of `parts` is left when `taken` (joined) is cut out."""
    left: list[Stretch] = []
    for start, end in parts:
        at = start
        for from_, to in taken:
            if to <= at or from_ >= end:
                continue
            if from_ > at:
                left.append((at, from_))
            at = max(at, to)
        if at < end:
            left.append((at, end))
    return left


def _length(parts: Sequence[Stretch]) -> float:
    return sum(end - start for start, end in parts)


def _rate(words: int | None, talk_s: float) -> float | None:
    return round(60 * words / talk_s, 1) if words is not None and talk_s >= _ENOUGH_SPEECH_S else None


def _talk_overs(said: Mapping[Party, Sequence[Stretch]]) -> list[TalkOver]:
    (one, mine), (other, theirs) = said.items()
    found = [
        TalkOver(start_s=round(max(a, c), 2), end_s=round(min(b, d), 2), by=one if a >= c else other)
        for a, b in mine
        for c, d in theirs
        if max(a, c) < min(b, d)
    ]
    return sorted(found, key=lambda over: over.start_s)


def _is_talk_over(over: TalkOver, said: Mapping[Party, Sequence[Stretch]]) -> bool:
    """Whether it is more than an "mm-hm" or two people meeting at the change of a turn."""
    start, end = next(part for part in said[over.by] if part[0] - 0.01 <= over.start_s < part[1])
    return over.end_s - over.start_s >= _SHORTEST_TALK_OVER_S and end - start > _BACK_CHANNEL_S


def _responses(said: Mapping[Party, Sequence[Stretch]], open_: Sequence[Stretch]) -> dict[Party, list[float]]:
    """Per party, the pauses (seconds) after which they took the turn from the other; none across a hold."""
    order = sorted((start, end, party) for party, parts in said.items() for start, end in parts)
    edges = [end for _, end in open_]
    found: dict[Party, list[float]] = {party: [] for party in said}
    last_end, last = float("-inf"), None
    for start, end, party in order:
        pause_s = start - last_end
        same_part = bisect_left(edges, last_end) == bisect_left(edges, start)
        if last is not None and party != last and 0 <= pause_s <= _LONGEST_RESPONSE_S and same_part:
            found[party].append(pause_s)
        if end >= last_end:
            last_end, last = end, party
    return found
