"""Two voices in one channel told apart, and which of them is the agent. Data to data.

Each stretch of speech is looked at through windows of 1.5 s; a window's voice is a vector. Two groups of vectors are
two speakers where the groups lie far enough apart for their spread, else one: better nobody is told apart than a voice cut in two.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telephony.tables import Direction, Party
from transcription.engine import Spoken
from transcription.windows import Placed, Span, Utterance
from transcription.words import assign

Vectors = NDArray[np.float32]

RATE_HZ = 16_000
WINDOW_S = 1.5
HOP_S = 0.75
#: sound around a short stretch that is still its speaker's
_AROUND_S = 0.1
#: distance of two groups' middles in units of their spread from which they are two voices. Measured: halves of one voice
#: 3.4 to 4.7 (and once 6.3), two voices on real calls 8.5 and 12.6, two pitches of one synthetic voice 4.1 to 13
TWO_VOICES_FROM = 5.0
#: least windows of a group
_LEAST = 3
#: what a change of speaker costs, in units of the difference between two voices: within a breath, and after a pause
_CHANGE, _CHANGE_AFTER_PAUSE, _SHARPNESS = 1.0, 0.5, 10.0
#: quantiles along the widest direction at which the search begins: one may speak ten times as much as the other
_BEGINNINGS = (0.08, 0.2, 0.5, 0.8, 0.92)


@dataclass(frozen=True, kw_only=True)
class Glimpse:
    """A window on a stretch of speech. Seconds; `from_s` to `to_s` is what it answers for."""

    span: Span
    from_s: float
    to_s: float


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Speech of one voice, 0 or 1."""

    start_s: float
    end_s: float
    voice: int


def glimpses(utterance: Utterance) -> list[tuple[Glimpse, NDArray[np.float32]]]:
    """The windows of an utterance, each with 1.5 s of its sound (a shorter stretch repeated until it fills them)."""
    found = []
    size = round(WINDOW_S * RATE_HZ)
    for span in utterance.spans:
        length_s = span.end_s - span.start_s
        count = 1 if length_s <= WINDOW_S else int(np.ceil((length_s - WINDOW_S) / HOP_S)) + 1
        if count == 1:
            middles = [(span.start_s + span.end_s) / 2]
        else:
            middles = list(np.linspace(span.start_s + WINDOW_S / 2, span.end_s - WINDOW_S / 2, count))
        edges = [span.start_s, *[(a + b) / 2 for a, b in itertools.pairwise(middles)], span.end_s]
        for at_s, from_s, to_s in zip(middles, edges, edges[1:], strict=False):
            low_s = max(at_s - WINDOW_S / 2, span.start_s - _AROUND_S, utterance.start_s)
            high_s = min(at_s + WINDOW_S / 2, span.end_s + _AROUND_S)
            first = round((low_s - utterance.start_s) * RATE_HZ)
            sound = utterance.samples[first : first + max(1, round((high_s - low_s) * RATE_HZ))]
            if len(sound):
                found.append((Glimpse(span=span, from_s=float(from_s), to_s=float(to_s)), np.resize(sound, size)))
    return found


def voices_in(vectors: Vectors) -> Vectors | None:
    """The two voices' centres, shape (2, d), or None where one voice alone is heard, or two too alike."""
    if len(vectors) < 2 * _LEAST:
        return None
    spread = vectors - vectors.mean(axis=0)
    # the widest direction, from the small matrix of features: cheap for hours of speech
    _, axes = np.linalg.eigh(spread.T @ spread)
    along = spread @ axes[:, -1]
    best: tuple[float, Vectors] | None = None
    for quantile in _BEGINNINGS:
        centres = _centres(vectors, along > np.quantile(along, quantile))
        if centres is not None and (best is None or apart(vectors, centres) > best[0]):
            best = apart(vectors, centres), centres
    return best[1] if best and best[0] >= TWO_VOICES_FROM else None


def apart(vectors: Vectors, centres: Vectors) -> float:
    """How far the two groups' middles lie apart along the line between them, in units of the groups' spread.

    Each vector is measured against groups without itself: with few of them, each would pull its group its own way.
    """
    first = vectors @ (centres[0] - centres[1]) > 0
    groups = (vectors[first], vectors[~first])
    if min(map(len, groups)) < _LEAST:
        return 0.0
    totals = [group.sum(axis=0) for group in groups]
    middles = [total / len(group) for total, group in zip(totals, groups, strict=True)]
    sides = []
    for this, group in enumerate(groups):
        without = (totals[this] - group) / (len(group) - 1)
        sides.append(np.einsum("ij,ij->i", group, without) - group @ middles[1 - this])
    spread = float(np.sqrt((sides[0].var() + sides[1].var()) / 2))
    return float(sides[0].mean() + sides[1].mean()) / max(spread, 1e-6)


def _centres(vectors: Vectors, first: NDArray[np.bool_]) -> Vectors | None:
    """Two groups by their nearest centre, until nothing moves; None where one of them is nearly empty."""
    for _ in range(50):
        if min(int(first.sum()), len(first) - int(first.sum())) < _LEAST:
            return None
        centres = np.stack([vectors[first].mean(axis=0), vectors[~first].mean(axis=0)])
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        again = vectors @ (centres[0] - centres[1]) > 0
        if (again == first).all():
            break
        first = again
    return centres


def stretches(seen: Sequence[Glimpse], vectors: Vectors, centres: Vectors) -> list[Stretch]:
    """Whose voice each stretch of speech is, by time; a change within a breath needs more proof than after a pause."""
    gains = _SHARPNESS * (vectors @ (centres[0] - centres[1])) / 2
    best = np.zeros(2)
    came: list[tuple[int, int]] = []
    for number, (glimpse, gain) in enumerate(zip(seen, gains, strict=True)):
        within = number > 0 and seen[number - 1].span == glimpse.span
        change = _CHANGE if within else _CHANGE_AFTER_PAUSE
        stay = (best[0] >= best[1] - change, best[1] >= best[0] - change)
        came.append((0 if stay[0] else 1, 1 if stay[1] else 0))
        best = np.array([max(best[0], best[1] - change) + gain, max(best[1], best[0] - change) - gain])
    voice = int(best.argmax())
    voices = []
    for before in reversed(came):
        voices.append(voice)
        voice = before[voice]
    found: list[Stretch] = []
    for glimpse, voice in zip(seen, reversed(voices), strict=True):
        if found and found[-1].voice == voice and found[-1].end_s >= glimpse.from_s - 1e-6:
            found[-1] = dataclasses.replace(found[-1], end_s=glimpse.to_s)
        else:
            found.append(Stretch(start_s=glimpse.from_s, end_s=glimpse.to_s, voice=voice))
    return found


def agents_voice(found: Sequence[Stretch], direction: Direction, *, answered_s: float = 0.0) -> int:
    """The likelier agent: who is called answers and speaks first, the agent on inbound calls, else the customer."""
    after = [stretch for stretch in found if stretch.end_s > answered_s] or list(found)
    first = min(after, key=lambda stretch: stretch.start_s).voice
    return 1 - first if direction == Direction.OUTBOUND else first


def divided(spoken: Spoken, found: Sequence[Stretch], agent: int) -> list[Spoken]:
    """What was said, given to the parties: its words go to the stretch of voice in which they were said."""
    inside = [s for s in found if s.end_s > spoken.start_s and s.start_s < spoken.end_s]
    if not inside:
        return [spoken]
    parts = []
    for stretch in inside:
        start_s, end_s = max(stretch.start_s, spoken.start_s), min(stretch.end_s, spoken.end_s)
        parts.append((stretch.voice, Placed(span=Span(start_s=start_s, end_s=end_s), start_s=start_s, end_s=end_s)))
    if len(parts) == 1 or not spoken.words:
        longest = max(parts, key=lambda part: part[1].end_s - part[1].start_s)
        return [dataclasses.replace(spoken, party=_party(longest[0], agent))]
    said = zip(parts, assign(spoken.words, [place for _, place in parts]), strict=True)
    return [
        dataclasses.replace(
            spoken,
            party=_party(voice, agent),
            start_s=round(place.start_s, 3),
            end_s=round(place.end_s, 3),
            text="".join(word.text for word in words).strip(),
            confidence=round(float(np.mean([word.probability for word in words])), 3),
            words=tuple(words),
        )
        for (voice, place), words in said
        if "".join(word.text for word in words).strip()
    ]


def _party(voice: int, agent: int) -> Party:
    return Party.AGENT if voice == agent else Party.CUSTOMER
