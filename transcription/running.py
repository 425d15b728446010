"""The legs of a call that goes on, as far as the PBX has told of its recordings. Data to data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import telephony.tables as ledger
from telephony.one_voice import unheard
from telephony.tables import Party
from transcription.legs import Leg, masked_in

Stretch = tuple[float, float]


def legs_now(call: ledger.Call) -> list[Leg]:
    """The files that are being written, by party; seconds from the call's start, and paths the PBX's own."""
    rows: list[dict[str, Any]] = call.running or []
    own = [(row["party"], _closed(row["counts"])) for row in rows if row["counts"] is not None]
    muted = _closed(call.mutes or ())
    return [
        Leg(
            recording_id=-position,
            party=Party(row["party"]),
            path=Path(row["path"]),
            kept=row["path"],
            channel=None,
            start_s=row["offset_s"],
            masked=masked_in(call, Party(row["party"]), 0.0),
            cuts=tuple(_closed(row["cuts"])),
            muted=(
                *muted,
                *_closed(
                    unheard(
                        None if row["counts"] is None else _closed(row["counts"]),
                        [counts for party, counts in own if party == row["party"]],
                    )
                ),
            ),
        )
        for position, row in enumerate(rows, 1)
    ]


def on_file_clock(leg: Leg, stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches of the call in seconds of the leg's file, whose time stood still in its cuts."""
    return [(file_second(leg, start_s), file_second(leg, end_s)) for start_s, end_s in stretches]


def file_second(leg: Leg, at_s: float) -> float:
    """The second of the file that was written at `at_s` of the leg's clock; infinite where that is."""
    if math.isinf(at_s):
        return at_s
    stood_still_s = sum(max(0.0, min(at_s, to_s) - from_s) for from_s, to_s in leg.cuts if from_s < at_s)
    return at_s - leg.start_s - stood_still_s


def _closed(stretches: Sequence[Sequence[float | None]]) -> list[Stretch]:
    return [(-math.inf if a is None else a, math.inf if b is None else b) for a, b in stretches]
