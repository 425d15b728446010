"""Which process of a parallel run takes which file: the longest first, and what happens in real time in a process of its own.

Most tests wait for something half of their time, so that there are more processes than cores. Those with a real Asterisk
must not wait for longer than they mean to: one process takes them one after another, and the others, which compute, stand
behind it in Linux's order. A file stays in one process, so that what it sets up is set up once.
"""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

REALTIME = "gw0"  #: the process that takes the files of real time before others
_BEHIND = 5  #: how much nicer than it the others are
_TEST_S = 0.7  #: what a test takes on average
#: What the longest files take, in seconds. A file that is missing here only starts later than it could.
LONG_S: dict[str, float] = {
    "tests/telephony/test_live.py": 200,
    "tests/acceptance/test_bad_recordings.py": 150,
    "tests/pipeline/test_speech_workers.py": 130,
    "tests/pipeline/test_kills.py": 90,
    "tests/acceptance/test_live_call.py": 90,
    "tests/floor/test_bench.py": 80,
    "tests/telephony/test_exactness.py": 70,
    "tests/pipeline/test_rescored.py": 60,
    "tests/acceptance/test_full_disk.py": 60,
    "tests/telephony/test_recording_live.py": 60,
    "tests/transcription/test_whisper.py": 55,
    "tests/transcription/test_openvino.py": 50,
    "tests/pipeline/test_up.py": 50,
    "tests/dashboard/test_browser.py": 50,
    "tests/floor/test_doctor.py": 45,
    "tests/telephony/test_listener_killed.py": 40,
    "tests/floor/test_backup.py": 40,
    "tests/scoring/replay/test_exact.py": 35,
    "tests/dashboard/test_scorecards_browser.py": 30,
    "tests/scoring/replay/test_replay.py": 30,
    "tests/transcription/test_engine.py": 30,
    "tests/telephony/test_listener.py": 30,
    "tests/telephony/test_repair.py": 30,
    "tests/transcription/test_stage.py": 25,
    "tests/dashboard/test_transcript_browser.py": 25,
    "tests/transcription/test_corrections.py": 20,
    "tests/scoring/test_public_sets.py": 20,
    "tests/transcription/test_mono_call.py": 20,
}


class Lanes(LoadFileScheduling):
    """Files of real time to one process and the others to the rest; who has none left of its own takes the others'."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        own = node.gateway.id == REALTIME
        self.workqueue.move_to_end(
            max(self.workqueue, key=lambda file: (self._is_realtime(file) is own, self._length_s(file))), last=False
        )
        super()._assign_work_unit(node)

    def _length_s(self, file: str) -> float:
        return LONG_S.get(file, len(self.workqueue[file]) * _TEST_S)

    def _is_realtime(self, file: str) -> bool:
        return "pytest.mark.realtime" in (self.config.rootpath / file).read_text(encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Lanes | None:
    return Lanes(config, log) if config.getvalue("dist") == "loadfile" else None


def stand_behind() -> None:
    """Called once in each process of a run: the ones that compute let the one of real time go first."""
    if os.environ.get("PYTEST_XDIST_WORKER", REALTIME) != REALTIME:
        os.nice(_BEHIND)
