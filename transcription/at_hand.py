"""The legs of a call with their files on this machine: those that lie elsewhere are fetched, those not ours are refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from avasanj.settings import Settings
from telephony import tables as ledger
from telephony.storage import Storage, at_hand, storages
from telephony.tables import Source
from transcription.legs import Leg, legs_of


def legs_at_hand(settings: Settings, call: ledger.Call) -> tuple[list[Leg], dict[int, str]]:
    """The call's legs that can be opened, and why others can't, by recording id.

    Only files in the settings' places are opened for a live call: whoever can write events may not read the disk. Raises
    Away, to be tried again, where a place can't be reached.
    """
    places = storages(settings)
    sums = {recording.id: recording.sha256 for recording in call.recordings}
    ready: list[Leg] = []
    problems: dict[int, str] = {}
    for leg in legs_of(call):
        if call.source != Source.LIVE:
            ready.append(leg)
            continue
        try:
            path = at_hand(places, leg.kept, sha256=sums[leg.recording_id])
            ready.append(dataclasses.replace(leg, path=path))
        except PermissionError:
            problems[leg.recording_id] = (
                f"{leg.kept} lies outside the recordings' folders ({_named(places)}) and was not opened. Add its folder to "
                "AVASANJ_RECORDINGS_DIR if it is right."
            )
        except FileNotFoundError:
            ready.append(leg)  # reading it says where it was looked for
        except OSError as error:
            problems[leg.recording_id] = f"{leg.kept} can't be used: {error}. Restore it from the PBX."
    return ready, problems


def _named(places: Sequence[Storage]) -> str:
    return ", ".join(place.label for place in places)
