"""Persian recognised for real by a model that is not Whisper, and the forms in which such models come."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avasanj.errors import LastingError
from avasanj.settings import load_settings
from telephony.tables import Party
from tests.conftest import CACHE, missing_peer
from tests.peers import PeerMissing, ctc_model
from tests.transcription import sounds
from transcription import evaluate
from transcription.ctc import CtcRecogniser
from transcription.ctc_sound import log_mel, plain
from transcription.engine import SpeechEngine
from transcription.engines import engine_of
from transcription.recogniser import Asked
from transcription.windows import Placed, Span, Window
from transcription.word_errors import Errors, compare

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(1200)]  # the model is made at first


@pytest.fixture(scope="module")
def folder() -> Path:
    try:
        return ctc_model.folder(CACHE)
    except PeerMissing as missing:
        missing_peer(str(missing))
        raise


@pytest.fixture(scope="module")
def spoken(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[evaluate.Row]:
    """Sentences and voices that training never heard."""
    place, voices = tmp_path_factory.mktemp("spoken"), ctc_model.HELD_OUT_VOICES
    texts = ctc_model.sentences(14, seed=99)
    paths = [ctc_model.speak(text, place / f"{i}.wav", voice=voices[i % 2]) for i, text in enumerate(texts)]
    return [evaluate.Row(line=i, path=path, text=text) for i, (path, text) in enumerate(zip(paths, texts, strict=True))]


@pytest.fixture(scope="module")
def engine(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpeechEngine]:
    engine = engine_of(load_settings(data_dir=tmp_path_factory.mktemp("data"), speech_model=str(folder), threads=1))
    yield engine
    engine.unload()


def edits(engine: SpeechEngine, rows: list[evaluate.Row], hot_words: tuple[str, ...] = ()) -> Errors:
    total = Errors()
    for row in rows:
        heard = engine.transcribe([sounds.leg(row.path)], "fa", hot_words=hot_words)
        total += compare(row.text, " ".join(one.text for one in heard.spoken), "fa").words
    return total


def test_the_settings_choose_the_engine_by_what_lies_in_the_folder(engine: SpeechEngine, folder: Path) -> None:
    assert engine.kind == "ctc"
    assert engine.name.startswith(folder.name)
    assert len(engine.version) == 12
    assert not engine.too_weak("fa")
    assert engine.too_weak("en")


def test_persian_is_heard_with_few_errors_and_nothing_is_made_of_sounds(
    engine: SpeechEngine, spoken: list[evaluate.Row], tmp_path: Path
) -> None:
    quiet = [
        evaluate.Row(line=100 + i, path=sounds.write_wav(tmp_path / f"{i}.wav", sound(12)), text="")
        for i, sound in enumerate((sounds.ring_back, sounds.dtmf, sounds.music, sounds.line_noise, sounds.silence))
    ]
    figures = evaluate.figures(evaluate.outcomes([*spoken, *quiet], engine, "fa", lambda *_: None))
    print({name: figures[name] for name in ("wer", "cer", "words", "invented_words")})
    assert figures["wer"] < 0.3
    assert figures["cer"] < 0.1
    assert (figures["invented_words"], figures["without_speech"], figures["n"]) == (0, 5, 19)


def test_hot_words_help_and_others_do_no_harm(engine: SpeechEngine, spoken: list[evaluate.Row]) -> None:
    plainly = edits(engine, spoken)
    helped = edits(engine, spoken, tuple(ctc_model.WORDS))
    others = edits(engine, spoken, ("اصفهان", "مشهد", "پیگیر", "سفر", "بانو", "تلف", "مشکی", "دارا"))
    print(
        f"word errors {plainly.edits}, with the center's words {helped.edits}, with others {others.edits} of {plainly.length}"
    )
    assert helped.edits < plainly.edits
    assert others.edits <= plainly.edits + 2


def test_words_have_times_within_the_speech_in_order(
    engine: SpeechEngine, spoken: list[evaluate.Row], tmp_path: Path
) -> None:
    sound = np.concatenate([sounds.silence(3), sounds_of(spoken[3].path), sounds.silence(2)])
    [said] = engine.transcribe([sounds.leg(sounds.write_wav(tmp_path / "a.wav", sound), Party.AGENT)], "fa").spoken
    assert said.party == Party.AGENT
    assert len(said.words) == len(spoken[3].text.split())
    times = [time for word in said.words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert times[0] == pytest.approx(3.05, abs=0.25)
    assert times[-1] == pytest.approx(3 + len(sounds_of(spoken[3].path)) / 8000, abs=0.5)
    assert all(0 < word.probability <= 1 for word in said.words)


def sounds_of(path: Path) -> np.ndarray:
    from transcription.audio import Recording

    return np.concatenate(list(Recording(path).blocks(8000)))


def window(samples: np.ndarray) -> Window:
    length_s = len(samples) / 16_000
    place = Placed(span=Span(start_s=0.0, end_s=length_s), start_s=0.0, end_s=length_s)
    return Window(samples=samples.astype(np.float32), placed=(place,))


def test_windows_of_different_length_are_heard_together_as_alone(folder: Path, spoken: list[evaluate.Row]) -> None:
    from transcription.audio import Recording

    recogniser = CtcRecogniser(folder, threads=1)
    recogniser.load()
    asked = [
        Asked(window=window(np.concatenate(list(Recording(row.path).blocks(16_000)))), language="fa")
        for row in spoken[:4]
    ]
    together = recogniser.recognise(asked)
    for one, words in zip(asked, together, strict=True):
        [alone] = recogniser.recognise([one])
        assert [word.text for word in words] == [word.text for word in alone]
        assert [word.start_s for word in words] == pytest.approx([word.start_s for word in alone], abs=0.08)
    hot = replace(asked[0], hot_words=("شکایت",))
    assert recogniser.recognise_carefully(hot) == recogniser.recognise(asked[:1])[0]
    assert recogniser.language_of([asked[0].window.samples], ["en", "fa"]) == ("fa", 1.0)
    recogniser.unload()


def test_the_picture_of_a_sound_is_nemos() -> None:
    """Against its recipe in PyTorch's own transform: emphasis, Hann window of 25 ms, power, mel, log, evened out per band."""
    import torch
    from faster_whisper.feature_extractor import FeatureExtractor

    sound = (0.1 * np.random.default_rng(0).standard_normal(40_000)).astype(np.float32)
    x = torch.from_numpy(sound)
    x = torch.cat([x[:1], x[1:] - 0.97 * x[:-1]])
    window = torch.hann_window(400, periodic=False)
    spectrum = torch.stft(x, 512, 160, 400, window, center=True, pad_mode="constant", return_complex=True).abs() ** 2
    filters = torch.from_numpy(FeatureExtractor.get_mel_filters(16_000, 512, n_mels=80)).float()
    wanted = torch.log(filters @ spectrum + 2**-24)[:, :250]
    assert np.abs(log_mel(sound, 80, normalised=False) - wanted.numpy()).max() < 2e-3
    wanted = (wanted - wanted.mean(1, keepdim=True)) / (wanted.std(1, keepdim=True) + 1e-5)
    assert np.abs(log_mel(sound, 80, normalised=True) - wanted.numpy()).max() < 2e-3
    even = plain(sound + 0.5, normalised=True)
    assert (float(even.mean()), float(even.std())) == pytest.approx((0, 1), abs=1e-3)


@pytest.mark.parametrize(("said", "evened"), [(None, True), ("per_feature", True), ("", False), ("NA", False)])
def test_a_model_says_whether_its_sound_is_evened_out(
    folder: Path, tmp_path: Path, said: str | None, evened: bool
) -> None:
    """Some Persian models are trained without, and hear nothing right with it."""
    import onnx

    model = onnx.load(str(folder / "model.onnx"))
    if said is not None:
        onnx.helper.set_model_props(model, {"normalize_type": said, "subsampling_factor": "4"})
    onnx.save(model, str(tmp_path / "model.onnx"))
    (tmp_path / "tokens.txt").write_bytes((folder / "tokens.txt").read_bytes())
    recogniser = CtcRecogniser(tmp_path, threads=1)
    recogniser.load()
    assert (recogniser._folder.bands, recogniser._folder.normalised) == (80, evened)


def exported(path: Path, module: Any, given: tuple[Any, ...], names: list[str]) -> None:
    axes = {name: {0: "batch", one.dim() - 1: "time"} for name, one in zip(names, given, strict=True)}
    axes["logits"] = {0: "batch", 1: "time"}
    ctc_model.export(module.eval(), given, path, inputs=names, output="logits", axes=axes)


@pytest.fixture
def wave_model(tmp_path: Path) -> Path:
    """A model of wav2vec 2.0's form that "hears" the loudness of each 20 ms: | a b and nothing."""
    import torch

    class Loudness(torch.nn.Module):
        def forward(self, input_values: Any) -> Any:
            level = torch.nn.functional.avg_pool1d(input_values[:, None].abs(), 320, 320)[:, 0]
            steps = torch.tensor([0.02, 0.6, 1.2, 1.8])  # pad, |, a, b; <s> and </s> are never said
            near = -40 * (level[..., None] - steps).abs()
            return torch.cat([near, torch.full_like(near[..., :2], -80.0)], -1)

    exported(tmp_path / "model.onnx", Loudness(), (torch.zeros(1, 16_000),), ["input_values"])
    (tmp_path / "vocab.json").write_text(json.dumps({"[PAD]": 0, "|": 1, "a": 2, "b": 3}))
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": false}')
    return tmp_path


def test_a_model_of_wav2vecs_form_is_heard_from_its_wave(wave_model: Path) -> None:
    recogniser = CtcRecogniser(wave_model, threads=1)
    recogniser.load()
    assert recogniser.batch == 1  # without lengths, padding would be heard
    levels = [0.02] * 5 + [1.2] * 3 + [0.02] * 2 + [1.8] * 2 + [0.6] * 2 + [1.8] * 4 + [0.02] * 20
    first, second = recogniser.recognise([Asked(window=window(np.repeat(levels, 320)), language="en")])[0]
    assert (first.text, second.text) == (" ab", " b")
    assert (first.start_s, first.end_s, second.start_s) == pytest.approx((0.1, 0.24, 0.28), abs=0.001)


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        ({"[PAD]": 0, "a": 1}, "names 2 tokens|can't be used"),
        ({f"t{i}": i for i in range(8)} | {"[PAD]": 8}, "names 9 tokens"),
    ],
)
def test_tokens_of_another_model_are_refused(wave_model: Path, tokens: dict[str, int], says: str) -> None:
    (wave_model / "vocab.txt").write_text("".join(f"{token} {number}\n" for token, number in tokens.items()))
    with pytest.raises(LastingError, match=says):
        CtcRecogniser(wave_model, threads=1).load()


def test_a_model_of_an_unknown_form_is_refused_by_its_inputs(tmp_path: Path) -> None:
    import torch

    class Other(torch.nn.Module):
        def forward(self, x: Any, y: Any, z: Any) -> Any:
            return (x + y + z)[..., None]

    exported(tmp_path / "model.onnx", Other(), (torch.zeros(1, 8),) * 3, ["x", "cache_key", "cache_value"])
    (tmp_path / "tokens.txt").write_text("<blk> 0\n")
    with pytest.raises(LastingError, match="takes x, cache_key, cache_value, which no CTC model"):
        CtcRecogniser(tmp_path, threads=1).load()
