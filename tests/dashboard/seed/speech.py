"""What a spoken call leaves: recordings, a playback file with murmur in it, a transcript."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path

import numpy as np
import soundfile
from sqlalchemy.orm import Session

from avasanj.settings import Settings
from telephony.tables import AgentSpan, Call, HoldSpan, Recording
from tests.dashboard.seed.words import Line
from tests.dashboard.seed.words import times as times_of
from transcription.tables import Playback, Transcript, Turn

_RATE_HZ = 16_000


def spoken(
    session: Session, settings: Settings, call: Call, lines: list[Line], *, agent: str, source: str, model: str | None = None,
    language: str = "fa", too_weak: bool = False, hold: bool = False,
) -> None:  # fmt: skip
    times = times_of(lines)
    duration_s = times[-1][1] + 0.6
    wait_s = call.wait_s or 0.0
    call.answered_at = call.started_at + datetime.timedelta(seconds=wait_s)
    call.ended_at = call.answered_at + datetime.timedelta(seconds=duration_s)
    call.talk_s = duration_s
    session.add(
        AgentSpan(
            call_id=call.id,
            position=0,
            interface="PJSIP/1002",
            agent_name=agent,
            started_at=call.answered_at,
            ended_at=call.ended_at,
        )
    )
    for party in ("customer", "agent"):
        session.add(
            Recording(
                call_id=call.id,
                party=party,
                path=f"/var/spool/asterisk/monitor/{call.linked_id}-{party[0]}.wav",
                offset_s=wait_s,
            )
        )
    if hold:
        longest = max(range(1, len(lines)), key=lambda index: lines[index][1])
        start = call.answered_at + datetime.timedelta(seconds=times[longest - 1][1] + 0.5)
        session.add(
            HoldSpan(
                call_id=call.id,
                started_at=start,
                ended_at=call.answered_at + datetime.timedelta(seconds=times[longest][0] - 0.5),
                by="agent",
            )
        )
    session.add(_playback(settings, call.id, lines, times, duration_s))
    transcript = Transcript(call_id=call.id, language=language, source=source, model=model, too_weak=too_weak)
    transcript.turns = [
        Turn(
            position=index,
            party=line[0],
            start_s=start,
            end_s=end,
            text=line[4],
            confidence=(0.41 if too_weak and index % 3 == 1 else 0.9) if source == "whisper" else None,
            words=_words(line[4], start, end) if source == "whisper" else None,
        )
        for index, (line, (start, end)) in enumerate(zip(lines, times, strict=True))
    ]
    session.add(transcript)


def _words(text: str, start_s: float, end_s: float) -> list[list[object]]:
    """Evenly over the turn; the model was sure of all but every seventh."""
    words = text.split()
    step_s = (end_s - start_s) / len(words)
    return [
        [word, round(start_s + n * step_s, 2), round(start_s + (n + 0.9) * step_s, 2), 0.38 if n % 7 == 4 else 0.93]
        for n, word in enumerate(words)
    ]


def _playback(
    settings: Settings, id_: uuid.UUID, lines: list[Line], times: list[tuple[float, float]], duration_s: float
) -> Playback:
    """Murmur in place of speech: one pitch a party, swelling like syllables."""
    sound = np.zeros((int(duration_s * _RATE_HZ), 2), dtype=np.float32)
    random = np.random.default_rng(id_.int % 2**32)
    for line, (start, end) in zip(lines, times, strict=True):
        at = np.arange(int((end - start) * _RATE_HZ)) / _RATE_HZ
        swell = np.abs(np.sin(at * 9 + random.uniform(0, 3))) * np.abs(
            np.sin(at * 2.3 + random.uniform(0, 3)) * 0.5 + 0.5
        )
        channel, pitch_hz = (0, 190.0) if line[0] == "customer" else (1, 130.0)
        first = int(start * _RATE_HZ)
        sound[first : first + len(at), channel] = (
            0.3 * (0.5 + (line[3] or 0.4)) * swell * np.sin(2 * np.pi * pitch_hz * at)
        )
    file = Path(settings.media_dir) / id_.hex[:2] / f"{id_}.ogg"
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, sound, _RATE_HZ, format="OGG", subtype="OPUS")
    blocks = np.array_split(np.abs(sound), 600)
    peaks = {
        party: [round(float(block[:, channel].max()), 3) for block in blocks]
        for channel, party in enumerate(("customer", "agent"))
    }
    return Playback(call_id=id_, path=f"{id_.hex[:2]}/{id_}.ogg", duration_s=duration_s, peaks=peaks)
