"""Takes the measures of a call's sound while it is read for its words: nothing is decoded twice."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from telephony import tables as ledger
from telephony.tables import Party
from transcription import voice
from transcription.legs import Leg, playback_zero_s
from transcription.measures import CallMeasures, Stretch, measure
from transcription.tables import Measures
from transcription.windows import RATE_HZ, Utterance

#: the customer's own start, against which the rest of the call is held
_START_S = 60.0
_ENOUGH_S, _SHORTEST_S = 3.0, 0.5


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A stretch of the customer's voice. Seconds on the playback's clock."""

    start_s: float
    end_s: float
    level_dbfs: float
    pitch_hz: float | None  #: median; None where nothing was voiced


@dataclass
class Meter:
    """One call's. `hear` is what the engine calls for every utterance (`transcription.engine.Heed`)."""

    speech: dict[Party, list[Stretch]] = field(default_factory=dict)
    passages: list[Passage] = field(default_factory=list)
    _power: dict[Party, list[tuple[float, float]]] = field(default_factory=dict)  #: level and how long

    def expect(self, legs: Sequence[Leg]) -> None:
        """A party whose recording holds no speech was there all the same."""
        for leg in legs:
            self.speech.setdefault(leg.party, [])

    def hear(self, leg: Leg, utterance: Utterance) -> None:
        for span in voice.sharpened(utterance):
            start_s, end_s = leg.start_s + span.start_s, leg.start_s + span.end_s
            self.speech.setdefault(leg.party, []).append((start_s, end_s))
            first = round((span.start_s - utterance.start_s) * RATE_HZ)
            samples = utterance.samples[first : first + round((span.end_s - span.start_s) * RATE_HZ)]
            level = voice.speech_level_dbfs(samples)
            self._power.setdefault(leg.party, []).append((level, end_s - start_s))
            if leg.party == Party.CUSTOMER and end_s - start_s >= _SHORTEST_S:
                pitch = voice.pitch_hz(samples)
                self.passages.append(
                    Passage(
                        start_s=start_s,
                        end_s=end_s,
                        level_dbfs=level,
                        pitch_hz=float(np.median(pitch)) if len(pitch) else None,
                    )
                )

    def level_dbfs(self, party: Party) -> float | None:
        """The party's speech level over the call: a measure of the line, never of the person."""
        parts = self._power.get(party, [])
        total = sum(length for _, length in parts)
        power = sum(length * 10 ** (level / 10) for level, length in parts)
        return round(float(10 * np.log10(power / total)), 1) if total else None

    def measured(
        self, *, talk: Stretch, holds: Sequence[Stretch] = (), words: Mapping[Party, int] | None = None
    ) -> CallMeasures:
        return measure(self.speech, talk=talk, holds=holds, words=words)


def against_own_start(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    """The customer's passages after their first minute of the call, against the median of that minute.

    `pitch_st` in semitones and `level_db` in decibels above (or below) the customer's own start. Empty where the start
    holds less than 3 s of speech: there is nothing then to hold the rest against.
    """
    if not passages:
        return []
    ordered = sorted(passages, key=lambda passage: passage.start_s)
    until_s = ordered[0].start_s + _START_S
    start = [passage for passage in ordered if passage.start_s < until_s]
    pitched = [passage.pitch_hz for passage in start if passage.pitch_hz]
    if sum(passage.end_s - passage.start_s for passage in start) < _ENOUGH_S or not pitched:
        return []
    level, pitch = float(np.median([p.level_dbfs for p in start])), float(np.median(pitched))
    return [
        {
            "start_s": round(p.start_s, 2),
            "end_s": round(p.end_s, 2),
            "level_db": round(p.level_dbfs - level, 1),
            "pitch_st": round(12 * float(np.log2(p.pitch_hz / pitch)), 1) if p.pitch_hz else None,
        }
        for p in ordered
        if p.start_s >= until_s
    ]


def measures_of(call: ledger.Call, legs: Sequence[Leg], meter: Meter, spoken: Iterable[tuple[Party, str]]) -> Measures:
    """The row of a call that was listened to; `spoken` are the stretches' words."""
    meter.expect(legs)
    words: Counter[Party] = Counter()
    for party, text in spoken:
        words[party] += len(text.split())
    zero_s = playback_zero_s(call)

    def at(moment: datetime.datetime | None, otherwise: float) -> float:
        return (moment - call.started_at).total_seconds() - zero_s if moment else otherwise

    last_s = max((end for parts in meter.speech.values() for _, end in parts), default=0.0)
    talk = (max(0.0, at(call.answered_at, 0.0)), at(call.ended_at, last_s))
    holds = [(at(hold.started_at, 0.0), at(hold.ended_at, talk[1])) for hold in call.hold_spans]
    found = meter.measured(talk=talk, holds=holds, words=words)
    parties = {
        party: dataclasses.asdict(one) | {"level_dbfs": meter.level_dbfs(party)} for party, one in found.parties.items()
    }
    customer, agent = found.parties.get(Party.CUSTOMER), found.parties.get(Party.AGENT)
    return Measures(
        call_id=call.id,
        silence_s=found.silence_s,
        longest_silence_s=found.longest_silence_s,
        talk_over_s=found.talk_over_s,
        customer_talk_s=customer.talk_s if customer else None,
        agent_talk_s=agent.talk_s if agent else None,
        details={
            "talk": [round(talk[0], 2), round(talk[1], 2)],
            "parties": {party.value: one for party, one in parties.items()},
            "silences": [list(silence) for silence in found.silences],
            "talk_overs": [[over.start_s, over.end_s, over.by.value] for over in found.talk_overs],
            "voice": against_own_start(meter.passages),
        },
    )
