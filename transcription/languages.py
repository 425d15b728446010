"""In which language a call is: as it is set for the call, its queue, its PBX or the center; else as it sounds."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

import telephony.tables as ledger
from avasanj.settings import Settings
from transcription.audio import Samples
from transcription.windows import RATE_HZ, Utterance

AUTO = "auto"
AMONG = ("fa", "en")
#: a model looks at 30 s at once; some looks at both parties tell more than one at a greeting
_LOOK_S, _LOOKS = 30.0, 3
#: how much of a leg is searched for speech
_SEARCH_S = 600.0


def language_of(settings: Settings, call: ledger.Call) -> str:
    """The call's own language, else its queue's, its PBX's, the center's: the more specific one counts. May be "auto"."""
    pbx = settings.pbxs.get(call.pbx or "")
    return (
        call.language
        or settings.queue_languages.get(call.queue or "")
        or (pbx.language if pbx else None)
        or settings.call_language
        or settings.language
    )


def set_language_of(settings: Settings, call: ledger.Call) -> str:
    """The same where nothing can be recognised (yet): the center's in place of "auto"."""
    return next(
        language
        for language in (language_of(settings, call), settings.call_language, settings.language)
        if language not in (None, AUTO)
    )


def looks(legs: Sequence[Iterable[Utterance]]) -> Iterator[Samples]:
    """Up to three stretches of 30 s of speech, each with as much of one leg as of the others as far as there is."""
    heard = [_speech(leg) for leg in legs]
    heard = [samples for samples in heard if len(samples)]
    if not heard:
        return
    share = round(_LOOK_S * RATE_HZ) // len(heard)
    for look in range(_LOOKS):
        parts = [samples[look * share : (look + 1) * share] for samples in heard]
        joined = np.concatenate(parts)
        if look and len(joined) < share:
            return
        yield joined


def together(found: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """What several looks say together: the language with the highest mean probability, and that.

    Each is the likelier of two languages and its probability, so the rest is the other's.
    """
    (first, other), count = AMONG, len(found)
    of_first = sum(p if language == first else 1 - p for language, p in found) / count
    return (first, of_first) if of_first >= 1 - of_first else (other, 1 - of_first)


def _speech(leg: Iterable[Utterance]) -> Samples:
    most = round(_LOOKS * _LOOK_S * RATE_HZ)
    parts: list[Samples] = []
    have = 0
    for utterance in itertools.takewhile(lambda one: one.start_s < _SEARCH_S, leg):
        parts.append(utterance.samples)
        have += len(utterance.samples)
        if have >= most:
            break
    return np.concatenate(parts)[:most] if parts else np.zeros(0, np.float32)
