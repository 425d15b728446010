"""The search for speech in parts is the search in one go."""

from pathlib import Path

import numpy as np
import pytest
from faster_whisper.utils import get_assets_path
from faster_whisper.vad import SileroVADModel, get_vad_model

from telephony.tables import Party
from tests.transcription.sounds import sample
from transcription import vad
from transcription.audio import Recording


@pytest.mark.parametrize("frames", [1, 31, 32, 33, 256, 300, 530])
def test_the_probabilities_are_those_of_the_whole(frames: int) -> None:
    samples = np.concatenate(list(Recording(sample("en-wrong-number", Party.AGENT)).blocks(16_000)))[: 512 * frames]
    vad.speech(np.zeros(16_000, np.float32))
    (path,) = Path(get_assets_path()).glob("silero_vad*.onnx")
    np.testing.assert_allclose(get_vad_model()(samples), SileroVADModel(str(path))(samples), atol=1e-4)
