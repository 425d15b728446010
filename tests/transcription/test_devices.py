"""Where a model runs, how much fits there, and what is said when it can't. Cards are not needed: what they say is known."""

from pathlib import Path

import ctranslate2
import pytest

from avasanj.errors import LastingError, SettingsError
from avasanj.settings import Settings, load_settings
from transcription import devices, engines, loading
from transcription.devices import CPU, Device, batch_for, compute_type_of, devices_of, short_of_memory
from transcription.recogniser import Recogniser
from transcription.whisper import WhisperRecogniser

GPU = Device(kind="cuda")
HERE = ctranslate2.get_cuda_device_count()
#: As CTranslate2 4.8 says it, each from one of its own messages.
SHORT = [
    "CUDA failed with error out of memory",
    "cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED",
    "std::bad_alloc",
]


@pytest.mark.parametrize("text", SHORT)
def test_want_of_memory_is_known_by_what_the_library_says(text: str) -> None:
    assert short_of_memory(RuntimeError(text))
    assert not short_of_memory(ValueError(text))


def test_other_faults_are_not_taken_for_want_of_memory() -> None:
    assert short_of_memory(MemoryError())
    assert not short_of_memory(RuntimeError("CUDA failed with error an illegal memory access was encountered"))


def test_devices_are_read_from_the_setting() -> None:
    assert devices_of("cpu") == [CPU]
    assert [str(device) for device in devices_of("cuda:1,cuda,cuda:1")] == ["cuda:1", "cuda:0"]
    assert len(devices_of("auto")) == max(1, HERE)


@pytest.mark.parametrize("value", ["gpu", "cuda:", "cpu,cuda", "cuda:x"])
def test_a_device_that_nobody_knows_is_refused_at_the_start(value: str) -> None:
    with pytest.raises(SettingsError, match="AVASANJ_SPEECH_DEVICE"):
        load_settings(speech_device=value)


@pytest.mark.skipif(HERE > 0, reason="a graphics card is here")
def test_a_card_that_is_not_there_is_named_with_the_way_out() -> None:
    with pytest.raises(LastingError, match=r"says cuda:0, but no graphics card .* AVASANJ_SPEECH_FALLBACK_DEVICE=cpu"):
        devices.require(GPU)
    devices.require(CPU)


def test_a_card_beyond_those_that_are_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    with pytest.raises(LastingError, match="says cuda:3, but this machine has only 1 graphics"):
        devices.require(Device(kind="cuda", index=3))


def test_the_compute_type_suits_the_device_and_a_wrong_one_is_refused() -> None:
    assert compute_type_of(CPU, "auto") == "int8"
    assert compute_type_of(GPU, "auto") in ("int8_float16", "float16", "int8_float32")
    assert compute_type_of(CPU, "float32") == "float32"
    devices.require_type(CPU, "int8")
    with pytest.raises(LastingError, match=r"AVASANJ_SPEECH_COMPUTE_TYPE is float16.* int8"):
        devices.require_type(CPU, "float16")


@pytest.mark.parametrize(
    ("free_gb", "weights_gb", "windows"), [(24, 1.6, 64), (8, 3.1, 20), (4, 3.1, 10), (0.2, 3.1, 1), (0, 3.1, 1)]
)
def test_a_batch_fits_into_the_free_memory(free_gb: float, weights_gb: float, windows: int) -> None:
    assert batch_for(int(free_gb * 1e9), weights=int(weights_gb * 1e9), most=64) == pytest.approx(windows, abs=1)


def test_where_nobody_knows_the_free_memory_the_batch_is_found_by_trying() -> None:
    assert batch_for(None, weights=10**9, most=64) == 64


def test_the_processors_free_memory_is_what_the_machine_or_its_limit_leaves() -> None:
    assert 10**7 < (devices.free_memory(CPU) or 0) < 10**13


def test_a_model_that_is_too_large_is_not_loaded(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_free_here", lambda: 50_000_000)
    with pytest.raises(
        LastingError, match=r"whisper-base needs about 73 MB, and cpu has 50 MB free\. Choose a smaller"
    ):
        WhisperRecogniser(models_dir / "whisper-base").load()


@pytest.mark.parametrize("text", SHORT[:1])
def test_a_card_without_memory_is_the_same_to_a_person(models_dir: Path, text: str) -> None:
    told = loading.failure(RuntimeError(text), models_dir / "whisper-base", GPU, "int8_float16")
    assert str(told).startswith("The speech model whisper-base needs about 73 MB, and cuda:0 has")
    driver = RuntimeError("CUDA failed with error CUDA driver version is insufficient for CUDA runtime version")
    assert "Install NVIDIA's driver" in str(loading.failure(driver, models_dir / "whisper-base", GPU, "float16"))


def test_several_cards_have_a_recogniser_each_and_a_fallback_only_where_it_is_allowed(settings: Settings) -> None:
    one = settings.model_copy(update={"speech_device": "cuda:0,cuda:1", "speech_batch": 9})
    assert [recogniser.batch for recogniser in _of(one)[0]] == [9, 9]
    assert _of(one)[1] == []
    both = one.model_copy(update={"speech_fallback_device": "cpu", "speech_fallback_model": "whisper-tiny"})
    assert [recogniser.name for recogniser in _of(both)[1]][:1] == ["whisper-tiny int8"]
    assert engines.calls_at_once(one) == 24
    assert engines.calls_at_once(settings) == 2
    assert engines.calls_at_once(settings.model_copy(update={"speech_calls_at_once": 5})) == 5


def _of(settings: Settings) -> tuple[list[Recogniser], list[Recogniser]]:
    engine = engines.engine_of(settings)
    return list(engine._first), list(engine._fallback)
