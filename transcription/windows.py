"""Speech cut out of a recording and packed into windows for the speech model, with the way back to the recording's clock.

A leg of a call is half silence, and a window costs the model the same whatever it holds: so windows are filled with the
stretches of speech alone. Stretches keep 400 ms around them and 400 ms of silence between them, which was measured
to give no looping text, unlike closer joins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from transcription.audio import Samples

#: samples at 16 kHz -> stretches of speech (start, end) in samples, sorted, apart
Detector = Callable[[Samples], list[tuple[int, int]]]

RATE_HZ = 16_000
WINDOW_S = 15.0
#: the longest stretch a detector may give: with its padding it still fits a window
LONGEST_SPEECH_S = 13.5
_PAD_S = 0.4
_GAP_S = 0.4
#: pauses shorter than this are kept as they are, since padding would fill them anyway
_JOIN_S = 2 * _PAD_S
#: what is louder than twice the line's noise (its quietest tenth) for 30 ms may be speech
_FRAME, _OVER_NOISE, _DIGITAL_SILENCE, _AROUND_S = 480, 2.0, 1e-5, 0.7
#: how much of a recording is looked at in one go: bounds memory on recordings of hours
_LOOK_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of speech, in seconds of the recording."""

    start_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """Spans with only short pauses between them, and their sound with padding around."""

    samples: Samples
    start_s: float  #: of the first sample, in the recording
    spans: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A span, and where in its window it is heard (seconds from the window's start)."""

    span: Span
    start_s: float
    end_s: float


@dataclass(frozen=True, kw_only=True)
class Window:
    """Up to 15 s of one party's speech, ready for the model."""

    samples: Samples
    placed: tuple[Placed, ...]


def utterances(blocks: Iterable[Samples], detect: Detector) -> Iterator[Utterance]:
    """Stretches of speech of a recording given as blocks at 16 kHz, in time."""
    held: list[Samples] = []
    first = 0  # the recording's sample at which `held` begins
    have = 0
    for block in blocks:
        held.append(block)
        have += len(block)
        if have >= _LOOK_S * RATE_HZ:
            samples = np.concatenate(held)
            spans = speech_in(samples, detect)
            keep_from = _unfinished(spans, len(samples))
            yield from grouped(samples, [s for s in spans if s[1] <= keep_from], first)
            held, have, first = [samples[keep_from:]], len(samples) - keep_from, first + keep_from
    if have:
        samples = np.concatenate(held)
        yield from grouped(samples, speech_in(samples, detect), first)


def speech_in(samples: Samples, detect: Detector) -> list[tuple[int, int]]:
    """Speech in the audible stretches, each looked at by itself.

    The detector's memory fades in silence: after a minute of it, it missed up to 1.3 s of a soft beginning; looked at
    by itself, the same beginning was found within 0.15 s.
    """
    return [(start + low, start + high) for start, end in audible(samples) for low, high in detect(samples[start:end])]


def audible(samples: Samples) -> list[tuple[int, int]]:
    """Stretches (start, end) in samples that are louder than the line's own noise, with 0.7 s kept around them."""
    count = len(samples) // _FRAME
    if not count:
        return []
    frames = samples[: count * _FRAME].reshape(count, _FRAME)
    level = np.sqrt(np.einsum("ij,ij->i", frames, frames) / _FRAME)
    sounding = level[level > _DIGITAL_SILENCE]
    if not len(sounding):
        return []
    # where the PBX writes nought between words the quietest tenth is speech itself, hence the bound by the loudest
    gate = min(_OVER_NOISE * float(np.percentile(sounding, 10)), float(sounding.max()) / 4)
    around = round(_AROUND_S * RATE_HZ / _FRAME)
    found: list[tuple[int, int]] = []
    for frame in np.flatnonzero(level > gate):
        start, end = max(0, int(frame) - around), min(count, int(frame) + around + 1)
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return [(start * _FRAME, len(samples) if end == count else end * _FRAME) for start, end in found]


def _unfinished(spans: Sequence[tuple[int, int]], length: int) -> int:
    """Sample from which on the next look must see everything again: speech may go on beyond what is held."""
    edge = length - RATE_HZ
    starts = [start for start, end in spans if end > edge]
    before = max((end for start, end in spans if end <= edge), default=0)
    return max(before, (min(starts) if starts else length) - RATE_HZ)


def grouped(samples: Samples, spans: Sequence[tuple[int, int]], first: int) -> Iterator[Utterance]:
    groups: list[list[tuple[int, int]]] = []
    for span in spans:
        near = groups and span[0] - groups[-1][-1][1] < _JOIN_S * RATE_HZ
        if near and span[1] - groups[-1][0][0] <= LONGEST_SPEECH_S * RATE_HZ:
            groups[-1].append(span)
        else:
            groups.append([span])
    pad = int(_PAD_S * RATE_HZ)
    for i, group in enumerate(groups):
        before = groups[i - 1][-1][1] if i else 0
        after = groups[i + 1][0][0] if i + 1 < len(groups) else len(samples)
        start = max(group[0][0] - pad, (before + group[0][0]) // 2 if i else 0, 0)
        end = min(group[-1][1] + pad, (group[-1][1] + after) // 2 if i + 1 < len(groups) else len(samples))
        yield Utterance(
            samples=samples[start:end].copy(),
            start_s=(first + start) / RATE_HZ,
            spans=tuple(Span(start_s=(first + a) / RATE_HZ, end_s=(first + b) / RATE_HZ) for a, b in group),
        )


def pack(parts: Iterable[Utterance]) -> Iterator[Window]:
    """Fill windows with utterances in their order; each begins a new window when it no longer fits."""
    held: list[Utterance] = []
    used = 0
    limit, gap = int(WINDOW_S * RATE_HZ), int(_GAP_S * RATE_HZ)
    for part in parts:
        if held and used + gap + len(part.samples) > limit:
            yield _window(held, gap)
            held, used = [], 0
        used += len(part.samples) + (gap if held else 0)
        held.append(part)
    if held:
        yield _window(held, gap)


def _window(parts: Sequence[Utterance], gap: int) -> Window:
    pieces: list[Samples] = []
    placed: list[Placed] = []
    at = 0
    for part in parts:
        if pieces:
            pieces.append(np.zeros(gap, np.float32))
            at += gap
        shift_s = at / RATE_HZ - part.start_s
        placed += [Placed(span=s, start_s=s.start_s + shift_s, end_s=s.end_s + shift_s) for s in part.spans]
        pieces.append(part.samples)
        at += len(part.samples)
    return Window(samples=np.concatenate(pieces), placed=tuple(placed))


def alone(window: Window, place: Placed) -> tuple[Window, float]:
    """One stretch of a window in a window of its own, and the second at which that begins in the whole one."""
    others = [p for p in window.placed if p is not place]
    low = max((p.end_s for p in others if p.end_s <= place.start_s), default=0.0)
    high = min((p.start_s for p in others if p.start_s >= place.end_s), default=len(window.samples) / RATE_HZ)
    start = round(max(place.start_s - _PAD_S, (low + place.start_s) / 2 if low else 0.0, 0.0) * RATE_HZ)
    end = round(min(place.end_s + _PAD_S, (place.end_s + high) / 2) * RATE_HZ)
    shift_s = start / RATE_HZ
    placed = Placed(span=place.span, start_s=place.start_s - shift_s, end_s=place.end_s - shift_s)
    return Window(samples=window.samples[start:end].copy(), placed=(placed,)), shift_s


def silenced(blocks: Iterable[Samples], masked: Sequence[tuple[float, float]], start_s: float) -> Iterator[Samples]:
    """The blocks with silence in the masked stretches (seconds on a clock on which the blocks begin at `start_s`)."""
    at_s = start_s
    for block in blocks:
        out = block
        for begin_s, end_s in masked:
            low = max(0.0, (begin_s - at_s) * RATE_HZ)
            high = min(float(len(block)), (end_s - at_s) * RATE_HZ)
            if low < high:
                out = out.copy() if out is block else out
                out[int(low) : int(high)] = 0.0
        yield out
        at_s += len(block) / RATE_HZ
