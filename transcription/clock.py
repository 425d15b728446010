"""A recording's own time laid on the call's clock: its file stands still while the PBX writes nothing to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from transcription.audio import Recording, Samples
from transcription.legs import Leg
from transcription.windows import RATE_HZ, silenced

_BLOCK = RATE_HZ  #: silence comes a second at a time, so that a long cut needs no memory


def second_on_clock(file_s: float, *, start_s: float, cuts: Sequence[tuple[float, float]]) -> float:
    """Where second `file_s` of a file lies on the clock on which the file begins at `start_s`.

    `cuts` are sorted stretches of that clock in which nothing was written. A moment at a cut's very edge lies after it.
    """
    at_s = start_s + file_s
    for from_s, to_s in _within(cuts, start_s):
        if from_s > at_s:
            break
        at_s += to_s - from_s
    return at_s


def spread(blocks: Iterable[Samples], *, cuts: Sequence[tuple[float, float]], start_s: float) -> Iterator[Samples]:
    """The blocks at 16 kHz with silence for each cut; nothing is added after the last sample."""
    waiting = [(round(from_s * RATE_HZ), round(to_s * RATE_HZ)) for from_s, to_s in _within(cuts, start_s)]
    at = round(start_s * RATE_HZ)
    for whole in blocks:
        block = whole
        while waiting and len(block) and waiting[0][0] < at + len(block):
            from_, to = waiting.pop(0)
            head = max(0, from_ - at)
            if head:
                yield block[:head]
            block, at = block[head:], at + head
            for begin in range(at, to, _BLOCK):
                yield np.zeros(min(_BLOCK, to - begin), np.float32)
            at = max(at, to)
        if len(block):
            yield block
            at += len(block)


def sound_of(leg: Leg, recording: Recording) -> Iterator[Samples]:
    """What the leg holds from `leg.start_s` on, at 16 kHz on the call's clock; silence where it was muted or not written."""
    blocks = spread(recording.blocks(RATE_HZ), cuts=leg.cuts, start_s=leg.start_s)
    return silenced(blocks, leg.muted, leg.start_s)


def _within(cuts: Sequence[tuple[float, float]], start_s: float) -> list[tuple[float, float]]:
    """The cuts after the file's beginning, sorted; those that touch made one."""
    found: list[tuple[float, float]] = []
    for from_s, to_s in sorted(cuts):
        if found and from_s <= found[-1][1]:
            found[-1] = (found[-1][0], max(to_s, found[-1][1]))
        elif to_s > max(from_s, start_s):
            found.append((max(from_s, start_s), to_s))
    return found
