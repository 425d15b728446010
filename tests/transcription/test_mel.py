"""What Whisper hears, computed a second at a time."""

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from telephony.tables import Party
from tests.transcription.sounds import sample
from transcription.audio import Recording
from transcription.mel import Mel


@pytest.mark.parametrize("bins", [80, 128])
@pytest.mark.parametrize("length", [160_000, 176_000, 480_000, 240_487])
def test_it_is_what_faster_whisper_computes(bins: int, length: int) -> None:
    whole = np.concatenate(list(Recording(sample("en-wrong-number", Party.AGENT)).blocks(16_000)))
    samples = whole[: min(length, 170_000)]
    extractor = FeatureExtractor(feature_size=bins)
    wanted = extractor(np.pad(samples, (0, length - len(samples))))[..., : length // 160]
    found = Mel(extractor.mel_filters)(samples, length)
    assert found.shape == wanted.shape
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_silence_is_the_same_in_all_bands() -> None:
    found = Mel(FeatureExtractor().mel_filters)(np.zeros(16_000, np.float32), 32_000)
    assert np.ptp(found) == 0.0
