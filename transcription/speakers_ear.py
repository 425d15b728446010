"""Listens to the voices in a mono recording while the engine reads it, and afterwards says who said what."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from avasanj.errors import LastingError
from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony.tables import Call, Direction, Party
from transcription import speaker_model, speakers
from transcription.audio import Samples
from transcription.engine import Spoken
from transcription.legs import Leg, playback_zero_s
from transcription.speakers import Glimpse
from transcription.voices import SIZE, VoiceEncoder
from transcription.windows import Span, Utterance

#: windows held before they become vectors: bounds the memory of a recording of hours
_AT_ONCE = 16
_log = get_logger(__name__)


class SpeakerEar:
    """For one call. An hour of speech leaves 2 MB of vectors behind."""

    def __init__(self, encoder: VoiceEncoder, *, direction: Direction, answered_s: float) -> None:
        """`answered_s`: when the call was answered, on the playback's clock."""
        self._encoder = encoder
        self._direction, self._answered_s = direction, answered_s
        self._seen: list[Glimpse] = []
        self._vectors: list[speakers.Vectors] = []
        self._sounds: list[Samples] = []
        self._fault: LastingError | None = None  #: why nothing more is looked at; the words do not suffer from it

    def hear(self, leg: Leg, utterance: Utterance) -> None:
        """To be told of every utterance; those of recordings with one party's voice are passed over."""
        if leg.party != Party.MIXED or self._fault is not None:
            return
        for glimpse, sound in speakers.glimpses(utterance):
            self._seen.append(_shifted(glimpse, leg.start_s))
            self._sounds.append(sound)
            if len(self._sounds) >= _AT_ONCE:
                self._look()

    def parted(self, spoken: Sequence[Spoken]) -> list[Spoken] | None:
        """What was said given to the parties, or None where no two voices were told apart. Words of others' legs stay.

        Raises LastingError where the model can't be read.
        """
        self._look()
        self._encoder.unload()
        if self._fault is not None:
            raise self._fault
        vectors = np.concatenate(self._vectors) if self._vectors else np.zeros((0, SIZE), np.float32)
        centres = speakers.voices_in(vectors)
        if centres is None:
            return None
        order = sorted(range(len(self._seen)), key=lambda i: (self._seen[i].from_s, self._seen[i].to_s))
        found = speakers.stretches([self._seen[i] for i in order], vectors[order], centres)
        agent = speakers.agents_voice(found, self._direction, answered_s=self._answered_s)
        parts = [
            part
            for one in spoken
            for part in (speakers.divided(one, found, agent) if one.party == Party.MIXED else [one])
        ]
        return sorted(parts, key=lambda part: (part.start_s, part.party))

    def _look(self) -> None:
        if not self._sounds:
            return
        try:
            self._vectors.append(self._encoder.voices(self._sounds))
        except LastingError as error:
            self._fault = error
        self._sounds = []


def ear_for(settings: Settings, call: Call, legs: Sequence[Leg]) -> SpeakerEar | None:
    """An ear for a call that has both parties in one channel, where the speaker model is there; else None."""
    if all(leg.party != Party.MIXED for leg in legs):
        return None
    if faults := speaker_model.verify(settings.models_dir):
        _log.info("speakers_not_told_apart", call=str(call.id), reason=faults[0])
        return None
    answered_s = (
        (call.answered_at - call.started_at).total_seconds() - playback_zero_s(call) if call.answered_at else 0.0
    )
    encoder = VoiceEncoder(speaker_model.path_of(settings.models_dir))
    return SpeakerEar(encoder, direction=Direction(call.direction), answered_s=answered_s)


def told_apart(ear: SpeakerEar | None, spoken: Sequence[Spoken]) -> tuple[list[Spoken], bool]:
    """What was said, by party where the voices tell it, and whether they did. A model that fails leaves it as it was."""
    if ear is None:
        return list(spoken), False
    try:
        parted = ear.parted(spoken)
    except LastingError as error:
        _log.warning("speakers_not_told_apart", reason=str(error))
        return list(spoken), False
    return (list(spoken), False) if parted is None else (parted, True)


def _shifted(glimpse: Glimpse, by_s: float) -> Glimpse:
    span = Span(start_s=glimpse.span.start_s + by_s, end_s=glimpse.span.end_s + by_s)
    return dataclasses.replace(glimpse, span=span, from_s=glimpse.from_s + by_s, to_s=glimpse.to_s + by_s)
