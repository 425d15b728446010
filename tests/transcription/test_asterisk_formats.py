"""What a real Asterisk writes in each of its formats is found by the import, measured right and heard right."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from telephony.archive_rows import ArchiveRow, discover
from telephony.soundfiles import inspect
from telephony.tables import Party
from tests.conftest import missing_peer
from tests.peers import PeerMissing
from tests.peers.asterisk import Asterisk
from tests.transcription.sounds import write_wav
from tests.transcription.test_audio import is_rising
from transcription.audio import Recording

pytestmark = pytest.mark.realtime
FORMATS = (
    "WAV", "wav16", "gsm", "ulaw", "ul", "mu", "pcm", "alaw", "al", "g722", "ogg", "opus",
    "sln", "slin", "sln12", "sln16", "sln24", "sln32", "sln44", "sln48", "sln96", "sln192",
)  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pairs, one for each format, of ten seconds of a tone that rises from 300 to 3300 Hz."""
    folder = tmp_path_factory.mktemp("written")
    t = np.arange(80_000) / 8000
    rising = (0.4 * np.sin(2 * np.pi * (300 * t + 150 * t**2))).astype(np.float32)
    try:
        with Asterisk() as pbx:
            write_wav(pbx.recordings_dir / "plain.wav", rising)
            for end in FORMATS:
                made = pbx.recordings_dir / f"made.{end}"
                pbx.cli(f"file convert {pbx.recordings_dir}/plain.wav {made}")
                for party in ("agent", "customer"):
                    shutil.copy(made, folder / f"{end}-{party}.{end}")
    except PeerMissing as missing:
        missing_peer(str(missing))
    return folder


def test_every_format_is_found_and_paired(written: Path) -> None:
    rows = list(discover(written))
    assert all(isinstance(row, ArchiveRow) for row in rows)
    assert {row.place: set(row.files) for row in rows if isinstance(row, ArchiveRow)} == {
        end: {Party.AGENT, Party.CUSTOMER} for end in FORMATS
    }


@pytest.mark.parametrize("end", FORMATS)
def test_every_format_has_its_length_and_its_pitch(written: Path, end: str) -> None:
    path = written / f"{end}-agent.{end}"
    recording = Recording(path)
    heard = np.concatenate(list(recording.blocks(8000)))
    assert recording.duration_s == pytest.approx(10.0, abs=0.05)
    assert inspect(path).duration_s == pytest.approx(10.0, abs=0.05)
    assert not recording.cut_off
    assert not recording.damaged
    assert all(is_rising(heard, at_s) for at_s in np.arange(0.5, 9.6, 0.5))
