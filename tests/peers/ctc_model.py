"""A small Persian CTC model, trained here on espeak-ng's voice: real recognition by a model that is not Whisper.

It knows some forty words of a call center and has 0.2 million parameters. Making it takes a minute or two; it is kept in the tests' cache, under a name made of this file's own
content, and made again when that changes.
"""

from __future__ import annotations

import fcntl
import hashlib
import random
import shutil
import subprocess
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tests.peers import program

_TEXT = """
سلام وقت بخیر ممنون متشکرم بله خیر لطفا ببخشید خانم محمدی رضایی سفارش شماره پیگیری تلفن آدرس بسته تحویل تهران شیراز امروز فردا
هنوز نرسیده خراب ناراضی هستم نیست مشکل دارم هفته می‌خواهم پول برگشت کارت بانک تومان هزار میلیون اینترنت قطع سرعت مدیر شکایت
"""
WORDS = _TEXT.split()
_VOICES = [f"fa+{name}" for name in ("m1", "m2", "m4", "m5", "m7", "f1", "f3", "f4")] + ["fa"]
#: voices and sentences that training never hears
HELD_OUT_VOICES = ["fa+m3", "fa+f2"]
_SENTENCES, _EPOCHS, _BANDS = 300, 11, 80


def sentences(count: int, seed: int) -> list[str]:
    """Made of the words at random, so that nothing but the sound tells which one comes."""
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(3, 7))) for _ in range(count)]


def speak(text: str, path: Path, *, voice: str, rate: int = 150, pitch: int = 50) -> Path:
    """A telephone's WAV (8 kHz) of a text in espeak-ng's Persian."""
    whole = path.with_suffix(".whole.wav")
    spoken = [
        program("espeak-ng", package="espeak-ng"),
        "-v",
        voice,
        "-s",
        str(rate),
        "-p",
        str(pitch),
        "-w",
        str(whole),
        text,
    ]
    subprocess.run(spoken, check=True, capture_output=True, timeout=60)
    phone = [program("sox", package="sox"), str(whole), "-r", "8000", "-c", "1", "-b", "16", str(path)]
    subprocess.run(phone, check=True, capture_output=True, timeout=60)
    whole.unlink()
    return path


def folder(cache: Path) -> Path:
    """The model's folder in `cache`, made now if it is not there."""
    name = "ctc-fa-" + hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    made = cache / name
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "ctc-fa.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "model.onnx").is_file():
            with tempfile.TemporaryDirectory(dir=cache) as work:
                _make(Path(work), Path(work) / "out")
                shutil.rmtree(made, ignore_errors=True)
                (Path(work) / "out").replace(made)
    return made


def _make(work: Path, out: Path) -> None:
    import torch

    torch.manual_seed(1)
    pictures = _pictures(work)
    letters = sorted({letter for word in WORDS for letter in word})
    tokens = ["▁", *letters, "<blk>"]
    network = _network(len(tokens))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two would wait for each other on a machine that is busy
    try:
        _train(network, pictures, {token: number for number, token in enumerate(["▁", *letters])})
    finally:
        torch.set_num_threads(threads)
    out.mkdir()
    _export(network, out / "model.onnx")
    (out / "tokens.txt").write_text("".join(f"{t} {n}\n" for n, t in enumerate(tokens)), encoding="utf-8")


def _pictures(work: Path) -> list[tuple[str, np.ndarray]]:
    """Each sentence with its sound at 16 kHz."""
    from transcription.audio import Recording

    chance = random.Random(5)
    plans = [
        (text, chance.choice(_VOICES), chance.randint(130, 180), chance.randint(30, 70))
        for text in sentences(_SENTENCES, 11)
    ]

    def spoken(plan: tuple[int, tuple[str, str, int, int]]) -> tuple[str, np.ndarray]:
        number, (text, voice, rate, pitch) = plan
        path = speak(text, work / f"{number}.wav", voice=voice, rate=rate, pitch=pitch)
        sound = np.concatenate(list(Recording(path).blocks(16_000)))
        path.unlink()
        return text, sound

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(spoken, enumerate(plans)))


def _network(tokens: int) -> Any:
    from torch import nn

    width = 128

    class Block(nn.Module):
        def __init__(self, dilation: int) -> None:
            super().__init__()
            self.inner = nn.Sequential(
                nn.Conv1d(width, width, 9, padding=4 * dilation, dilation=dilation, groups=width),
                nn.Conv1d(width, width, 1),
                nn.BatchNorm1d(width),
                nn.ReLU(),
            )

        def forward(self, x: Any) -> Any:
            return x + self.inner(x)

    class Network(nn.Module):
        """As NeMo exports its CTC models: pictures and their lengths in, a frame of 40 ms each out."""

        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Sequential(
                nn.Conv1d(_BANDS, width, 5, stride=2, padding=2),
                nn.BatchNorm1d(width),
                nn.ReLU(),
                nn.Conv1d(width, width, 5, stride=2, padding=2, groups=4),
                nn.BatchNorm1d(width),
                nn.ReLU(),
            )
            self.blocks = nn.Sequential(*(Block(dilation) for dilation in (1, 1, 2, 2, 4)))
            self.last = nn.Conv1d(width, tokens, 1)

        def forward(self, audio_signal: Any, length: Any) -> Any:
            import torch

            x = self.first(audio_signal)
            kept = torch.arange(x.shape[2])[None, None, :] < ((length + 3) // 4)[:, None, None]
            return self.last(self.blocks(x * kept)).transpose(1, 2).log_softmax(-1)

    return Network()


def _train(network: Any, sounds: list[tuple[str, np.ndarray]], numbers: dict[str, int]) -> None:
    import torch

    chance = np.random.default_rng(3)
    given = [(_picture(sound, chance), [numbers[c] for c in "▁" + text.replace(" ", "▁")]) for text, sound in sounds]
    size, batches = 10, len(given) // 10
    steps = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-3)
    pace = torch.optim.lr_scheduler.OneCycleLR(steps, max_lr=6e-3, total_steps=_EPOCHS * batches, pct_start=0.2)
    lost = torch.nn.CTCLoss(blank=len(numbers), zero_infinity=True)
    network.train()
    for _ in range(_EPOCHS):
        order = chance.permutation(len(given))
        for start in range(0, batches * size, size):
            some = [given[i] for i in order[start : start + size]]
            lengths = torch.tensor([picture.shape[1] for picture, _ in some])
            batch = torch.zeros(size, _BANDS, int(lengths.max()))
            for row, (picture, _) in zip(batch, some, strict=True):
                row[:, : picture.shape[1]] = torch.from_numpy(picture)
            texts = torch.tensor([number for _, text in some for number in text])
            found = network(batch, lengths).transpose(0, 1)
            loss = lost(found, texts, (lengths + 3) // 4, torch.tensor([len(text) for _, text in some]))
            steps.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            steps.step()
            pace.step()
    network.eval()


def _picture(sound: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """The picture of a sound as the engine's windows have it: silence around, another loudness, the line's noise."""
    from transcription.ctc_sound import log_mel

    around = [np.zeros(int(chance.uniform(0, 0.6) * 16_000), np.float32) for _ in range(2)]
    noise = 10 ** chance.uniform(-4.5, -2.5) * chance.standard_normal(len(sound)).astype(np.float32)
    louder = np.float32(10 ** chance.uniform(-0.7, 0.3))
    return log_mel(np.concatenate([around[0], louder * sound + noise, around[1]]), _BANDS, normalised=True)


def _export(network: Any, path: Path) -> None:
    import torch

    axes = {"audio_signal": {0: "batch", 2: "time"}, "length": {0: "batch"}, "logprobs": {0: "batch", 1: "time"}}
    given = (torch.zeros(2, _BANDS, 400), torch.tensor([400, 320]))
    export(network, given, path, inputs=["audio_signal", "length"], output="logprobs", axes=axes)


def export(
    module: Any, given: tuple[Any, ...], path: Path, *, inputs: list[str], output: str, axes: dict[str, dict[int, str]]
) -> None:
    """A PyTorch module as an ONNX file. `axes` names the dimensions that vary."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter of old is on its way out, and the new one needs another library
        torch.onnx.export(
            module, given, str(path), dynamo=False, input_names=inputs, output_names=[output], dynamic_axes=axes
        )
