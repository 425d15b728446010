"""Reading the legs of a call for a speech model: their sound, cut into what is said and packed into windows, as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from avasanj.errors import InputError
from transcription import vad
from transcription.audio import Recording
from transcription.clock import sound_of
from transcription.heard import Heard, Spoken
from transcription.legs import Leg
from transcription.windows import Utterance, Window, pack, silenced, utterances

#: is told of every utterance of a leg as it is read: measures of the sound are taken there, so that it is read once
Heed = Callable[[Leg, Utterance], None]
#: what is known already of an utterance of a leg; None where it has to be heard
Known = Callable[[Leg, Utterance], Sequence[Spoken] | None]


def windows_of(
    legs: Sequence[Leg], heard: Heard, heed: Heed | None, known: Known | None
) -> Iterator[tuple[Leg, Window]]:
    """Windows hold one party's speech each, so that no word can change its speaker."""
    for leg in legs:
        for window in pack(_unknown(_heeded(utterances_of(leg, heard), leg, heed), leg, known, heard)):
            yield leg, window


def utterances_of(leg: Leg, heard: Heard) -> Iterator[Utterance]:
    """What is said in the leg, as far as it can be read."""
    blocks = sound_of(leg, Recording(leg.path, channel=leg.channel))
    try:
        yield from utterances(silenced(blocks, leg.masked, leg.start_s), vad.speech)
    except InputError as error:
        heard.problems[leg.recording_id] = str(error)


def _heeded(found: Iterator[Utterance], leg: Leg, heed: Heed | None) -> Iterator[Utterance]:
    for utterance in found:
        if heed is not None:
            heed(leg, utterance)
        yield utterance


def _unknown(found: Iterator[Utterance], leg: Leg, known: Known | None, heard: Heard) -> Iterator[Utterance]:
    """Utterances of which nothing is known yet; what is known is put down as heard."""
    for utterance in found:
        said = known(leg, utterance) if known is not None else None
        if said is None:
            yield utterance
        else:
            heard.spoken.extend(said)
