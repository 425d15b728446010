"""Every kind of call with real phones on Asterisk 22 and 16, side by side, told by the ledger as the phones did it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.peers.calls.run import Run, play_everything
from tests.peers.calls.stage import SCENARIOS
from tests.peers.fixtures import missing
from tests.streams import expected
from tests.telephony.every_call import ledger_of

pytestmark = [pytest.mark.realtime, pytest.mark.slow]
VERSIONS = (22, 16)
#: What the phones say, in Hz, by whose voice it is (`tests.peers.sip`).
PITCH_HZ = {"customer": 400.0, "agent": 700.0}


@pytest.fixture(scope="module")
def runs() -> dict[int, Run]:
    return play_everything(VERSIONS)


@pytest.fixture(scope="module")
def ledgers(runs: dict[int, Run]) -> dict[int, dict[str, Any]]:
    return {version: ledger_of(run.capture) for version, run in runs.items() if run.capture}


def went_through(runs: dict[int, Run], version: int) -> Run:
    run = runs[version]
    if run.missing is not None:
        missing(run.missing)
    if run.problem is not None:
        raise run.problem
    return run


@pytest.mark.timeout(300)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_call_is_told_as_the_phones_did_it(
    runs: dict[int, Run], ledgers: dict[int, dict[str, Any]], name: str, version: int
) -> None:
    run = went_through(runs, version)
    played = run.played[name]
    if played.expected is None:
        raise AssertionError(f"The phones could not play {name}: {played.problem}") from played.problem
    assert not expected.differences(ledgers[version], played.expected)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_partys_voice_is_in_their_recording(
    runs: dict[int, Run], ledgers: dict[int, dict[str, Any]], version: int
) -> None:
    run = went_through(runs, version)
    wrong, checked = [], 0
    for call in ledgers[version]["calls"]:
        handed_outside = any(len(transfer["to"]) > 4 for transfer in call["transfers"])
        for recording in call["recordings"]:
            if handed_outside and recording["party"] == "agent":
                continue  # what the customer heard: the agent first, then longer somebody outside
            length_s, pitch_hz = run.sounds.get(recording["file"], (0.0, 0.0))
            checked += 1
            if length_s < 1.0 or abs(pitch_hz - PITCH_HZ.get(recording["party"], 0.0)) > 15:
                wrong.append((call["caller"], call["called"], recording, length_s, pitch_hz))
    assert not wrong
    assert checked >= 40
