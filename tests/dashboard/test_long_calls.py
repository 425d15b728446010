"""A call of hours opens at once: what the page carries, how soon it plays and jumps."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page

from avasanj.database import utc_now
from telephony.tables import Call, Party
from tests.conftest import missing_peer
from tests.dashboard.conftest import Day
from tests.dashboard.test_browser import AUDIO, address, browser, page  # noqa: F401 - fixtures
from tests.transcription.sounds import leg, tone, write_wav
from transcription import playback
from transcription.tables import Playback, Transcript, Turn

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
_TURN_S = 4


def long_call(day: Day, folder: Path, minutes: int) -> tuple[uuid.UUID, float]:
    """A call of so many minutes with a turn every four seconds, and its length in seconds."""
    if shutil.which("ffmpeg") is None:
        missing_peer("needs ffmpeg; `make test` installs it")
    minute = folder / "x" / "x" / "minute.webm"
    legs = [
        leg(write_wav(folder / f"{party}.wav", tone(60, hz)), party, recording_id=i)
        for i, (party, hz) in enumerate(((Party.CUSTOMER, 440), (Party.AGENT, 880)))
    ]
    made = playback.make(legs, minute)
    assert made is not None
    call_id = uuid.uuid4()
    whole = day.settings.media_dir / playback.media_path(call_id)
    whole.parent.mkdir(parents=True, exist_ok=True)
    repeat = ["ffmpeg", "-v", "error", "-stream_loop", str(minutes - 1), "-i", minute, "-c", "copy"]
    subprocess.run([*repeat, "-cues_to_front", "1", whole], check=True, timeout=100)
    length_s = minutes * 60.0
    began = utc_now() - datetime.timedelta(hours=8)
    with day.database.transaction() as session:
        session.add(
            Call(
                id=call_id, pbx="main", linked_id=str(call_id), source="live", direction="inbound", state="ended",
                disposition="answered", started_at=began, answered_at=began, ended_at=began + datetime.timedelta(seconds=length_s),
                talk_s=length_s, language="en",
            )
        )  # fmt: skip
        session.flush()
        session.add(Playback(call_id=call_id, path=playback.media_path(call_id), duration_s=length_s, peaks=made.peaks))
        transcript = Transcript(call_id=call_id, language="en", source="whisper", model="whisper-base int8")
        said = ["I", "would", "like", "to", "know", "why", "my", "bill", "is", "so", "high"]
        transcript.turns = [
            Turn(
                position=i, party=("customer", "agent")[i % 2], start_s=i * _TURN_S, end_s=i * _TURN_S + 3.5,
                text=" ".join(said), confidence=0.9, words=[[w, i * _TURN_S + n * 0.3, i * _TURN_S + n * 0.3 + 0.3, 0.9] for n, w in enumerate(said)],
            )
            for i in range(int(length_s / _TURN_S))
        ]  # fmt: skip
        session.add(transcript)
    return call_id, length_s


def opened(page: Page, address: str, call_id: uuid.UUID, to_s: float) -> dict[str, float]:  # noqa: F811
    """Seconds until the page is there, until the sound could begin, and until a jump has arrived; bytes of both."""
    began = time.monotonic()
    answer = page.goto(f"{address}/calls/{call_id}", wait_until="domcontentloaded")
    assert answer is not None
    there_s = time.monotonic() - began
    _until(page, f"{AUDIO}.readyState >= 1")
    ready_s = time.monotonic() - began
    jump = time.monotonic()
    page.evaluate(f"{AUDIO}.currentTime = {to_s}")
    _until(page, f"!{AUDIO}.seeking && {AUDIO}.readyState >= 2")
    return {
        "page_s": round(there_s, 2),
        "ready_s": round(ready_s, 2),
        "jump_s": round(time.monotonic() - jump, 2),
        "page_bytes": len(answer.body()),
        "peaks_bytes": page.evaluate("document.querySelector('call-player').dataset.peaks.length"),
        "duration_s": page.evaluate(f"{AUDIO}.duration"),
    }


def _until(page: Page, script: str) -> None:  # noqa: F811
    deadline = time.monotonic() + 60
    while not page.evaluate(script):
        assert time.monotonic() < deadline, script
        page.wait_for_timeout(20)


@pytest.mark.parametrize("minutes", [60])
def test_an_hour_opens_and_jumps_at_once(
    page: Page,  # noqa: F811
    address: str,  # noqa: F811
    day: Day,
    tmp_path: Path,
    minutes: int,
) -> None:
    call_id, length_s = long_call(day, tmp_path, minutes)
    found = opened(page, address, call_id, length_s - 30)
    print(json.dumps(found))
    assert found["duration_s"] == pytest.approx(length_s, abs=2)
    assert found["peaks_bytes"] < 20_000
    assert found["ready_s"] < 10  # 0.5 s on an idle machine
    assert found["jump_s"] < 5
