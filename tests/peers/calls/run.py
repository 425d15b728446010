"""All scenarios side by side on one Asterisk per version, heard by one manager connection each."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
import wave
from pathlib import Path

from tests.peers import PeerMissing, sounds
from tests.peers.ami_tap import AmiTap
from tests.peers.calls.stage import SCENARIOS, PbxHung, Played, Stage, neutral

_LIMIT_S = 200.0


@dataclasses.dataclass(kw_only=True)
class Run:
    """One version's evening: what came, what was done, and what each recording sounds like (path to length and loudest pitch)."""

    capture: bytes = b""
    neutral_capture: bytes = b""  #: without this machine's paths
    played: dict[str, Played] = dataclasses.field(default_factory=dict)
    sounds: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    missing: PeerMissing | None = None  #: why this version can't run here
    problem: BaseException | None = None
    took_s: float = 0.0
    hung: int = 0  #: how often Asterisk came to a stop and everything was played again


def play_everything(versions: tuple[int, ...] = (22, 16)) -> dict[int, Run]:
    """Every scenario on each version, the versions at the same time."""
    runs = {version: Run() for version in versions}
    threads = [
        threading.Thread(target=_play, args=(version, run), name=f"asterisk-{version}", daemon=True)
        for version, run in runs.items()
    ]
    for thread in threads:
        thread.start()
    for thread, run in zip(threads, runs.values(), strict=True):
        thread.join(_LIMIT_S)
        if thread.is_alive():
            run.problem = TimeoutError(f"The scenarios were not over after {_LIMIT_S} s.")
    return runs


def _play(version: int, run: Run) -> None:
    """Once, and a second time where Asterisk itself came to a stop."""
    began = time.monotonic()
    _play_once(version, run)
    if any(isinstance(played.problem, PbxHung) for played in run.played.values()):
        run.hung += 1
        _play_once(version, run)
    run.took_s = time.monotonic() - began


def _play_once(version: int, run: Run) -> None:
    try:
        with Stage.ready(version) as stage, AmiTap(stage.pbx) as tap:
            run.played = stage.play_all(list(SCENARIOS.values()), tap)
            with contextlib.suppress(RuntimeError):  # what a failed scenario left is told by that scenario
                tap.wait_quiet(limit_s=20)
            run.capture = tap.raw
            run.neutral_capture = neutral(run.capture, stage.pbx)
            run.sounds = {str(path): heard(path) for path in stage.pbx.recordings_dir.glob("*-[rt].wav")}
    except PeerMissing as peer:
        run.missing = peer
    except Exception as error:
        run.problem = error


def heard(path: Path) -> tuple[float, float]:
    """Length in s and loudest pitch in Hz; (0, 0) of a file that is no whole WAV."""
    try:
        length_s = sounds.length_s(path)
        return length_s, sounds.loudest_pitch_hz(path) if length_s else 0.0
    except (wave.Error, EOFError):
        return 0.0, 0.0
