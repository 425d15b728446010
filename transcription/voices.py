"""What a voice is like, as a vector: the CAM++ speaker encoder (Apache-2.0, 3D-Speaker), its arithmetic written here.

The only file of this room that imports torch. The weights' own package is never imported: its file is read as tensors
and nothing else.
"""

from __future__ import annotations

import contextlib
import gc
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from avasanj.errors import LastingError
from transcription.audio import Samples

if TYPE_CHECKING:
    from torch import Tensor

#: one unit vector for each window of sound; two of one speaker have a product near 0.7, of two speakers near 0.2
Voices = NDArray[np.float32]

SIZE = 192
_RATE_HZ, _MELS, _FRAME, _STEP, _FFT = 16_000, 80, 400, 160, 512
_LOW_HZ, _FLOOR = 20.0, 1.1920929e-07
#: windows at once: more gain nothing
_BATCH = 16
#: layers and dilation of each dense block; the context of a layer is the mean of everything and of each 2 s
_BLOCKS, _CONTEXT = ((12, 1), (24, 2), (16, 2)), 100


class VoiceEncoder:
    """Loads its weights when first asked. Not to be used from two threads at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._weights: dict[str, Tensor] = {}
        self._mels: Tensor | None = None

    def voices(self, windows: Sequence[Samples]) -> Voices:
        """One unit vector for each window, shape (n, 192). Windows are of one length, at least half a second, at 16 kHz.

        Raises LastingError where the weights can't be read.
        """
        import torch

        self._load()
        found = []
        with torch.inference_mode(), _one_thread():
            for start in range(0, len(windows), _BATCH):
                sound = torch.from_numpy(np.stack(windows[start : start + _BATCH]))
                found.append(self._embed(self._features(sound)).numpy())
        return np.concatenate(found) if found else np.zeros((0, SIZE), np.float32)

    def unload(self) -> None:
        self._weights, self._mels = {}, None
        gc.collect()

    def _load(self) -> None:
        if self._weights:
            return
        import torch

        try:
            weights = torch.load(self._path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
            raise LastingError(
                f"The speaker model {self._path} can't be read: {str(error).splitlines()[0]}. "
                "`avasanj models fetch` brings it back."
            ) from error
        self._mels = torch.from_numpy(_mel_bank())
        self._weights = _folded(weights)

    def _features(self, sound: Tensor) -> Tensor:
        """Log mel energies as Kaldi computes them, (n, frames, 80), less their mean over the window."""
        import torch

        frames = sound.unfold(1, _FRAME, _STEP)
        frames = frames - frames.mean(-1, keepdim=True)
        before = torch.cat([frames[..., :1], frames[..., :-1]], -1)
        window = torch.hann_window(_FRAME, periodic=False) ** 0.85
        power = torch.fft.rfft((frames - 0.97 * before) * window, _FFT).abs() ** 2
        energies = torch.log(torch.clamp(power @ self._mels, min=_FLOOR))
        return energies - energies.mean(1, keepdim=True)

    def _embed(self, features: Tensor) -> Tensor:
        import torch
        from torch.nn import functional

        x = self._head(features.transpose(1, 2).unsqueeze(1))
        x = functional.relu(self._conv(x, "xvector.tdnn.linear", stride=2, padding=2))
        for number, (layers, dilation) in enumerate(_BLOCKS, 1):
            for layer in range(1, layers + 1):
                x = torch.cat([x, self._dense(x, f"xvector.block{number}.tdnnd{layer}.", dilation)], 1)
            x = self._conv(self._normed(x, f"xvector.transit{number}.nonlinear"), f"xvector.transit{number}.linear")
        x = self._normed(x, "xvector.out_nonlinear")
        pooled = torch.cat([x.mean(-1), x.std(-1)], -1).unsqueeze(-1)
        return functional.normalize(self._conv(pooled, "xvector.dense.linear")[..., 0], dim=-1)

    def _head(self, x: Tensor) -> Tensor:
        """Residual convolutions over time and frequency, (n, 1, 80, t) to (n, 320, t)."""
        from torch.nn.functional import conv2d, relu

        weights = self._weights

        def conv(x: Tensor, name: str, stride: int = 1, padding: int = 1) -> Tensor:
            return conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], (stride, 1), padding)

        x = relu(conv(x, "head.conv1"))
        for layer in (1, 2):
            for block, stride in ((0, 2), (1, 1)):
                name = f"head.layer{layer}.{block}"
                y = conv(relu(conv(x, f"{name}.conv1", stride)), f"{name}.conv2")
                x = relu(y + (x if block else conv(x, f"{name}.shortcut.0", stride, 0)))
        x = relu(conv(x, "head.conv2", 2))
        return x.reshape(x.shape[0], -1, x.shape[-1])

    def _dense(self, x: Tensor, name: str, dilation: int) -> Tensor:
        """What a layer of a dense block adds: a local convolution, masked by what the whole window is like."""
        import torch
        from torch.nn import functional

        x = functional.relu(self._conv(self._normed(x, f"{name}nonlinear1"), f"{name}linear1"))
        near = functional.avg_pool1d(x, _CONTEXT, _CONTEXT, ceil_mode=True)
        near = near.repeat_interleave(_CONTEXT, -1)[..., : x.shape[-1]]
        context = functional.relu(self._conv(x.mean(-1, keepdim=True) + near, f"{name}cam_layer.linear1"))
        local = self._conv(x, f"{name}cam_layer.linear_local", padding=dilation, dilation=dilation)
        return local * torch.sigmoid(self._conv(context, f"{name}cam_layer.linear2"))

    def _conv(self, x: Tensor, name: str, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Tensor:
        from torch.nn.functional import conv1d

        weights = self._weights
        return conv1d(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"), stride, padding, dilation)

    def _normed(self, x: Tensor, name: str) -> Tensor:
        from torch.nn.functional import relu

        scale, shift = self._weights[f"{name}.scale"], self._weights[f"{name}.shift"]
        return relu(x * scale[:, None] + shift[:, None])


def _folded(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each normalisation that follows a convolution made part of it, the others a scale and a shift."""
    import torch

    after = {"head.bn1": "head.conv1", "head.bn2": "head.conv2"}
    for name in [name.removesuffix(".running_mean") for name in weights if name.endswith(".running_mean")]:
        if name.startswith("head.layer"):
            after[name] = name.replace(".bn", ".conv").replace("shortcut.1", "shortcut.0")
        elif name.endswith("nonlinear2.batchnorm"):
            after[name] = name.replace("nonlinear2.batchnorm", "linear1")
    after["xvector.tdnn.nonlinear.batchnorm"] = "xvector.tdnn.linear"
    after["xvector.dense.nonlinear.batchnorm"] = "xvector.dense.linear"
    made = {name: value for name, value in weights.items() if ".bn" not in name and "batchnorm" not in name}
    for mean_name in [name for name in weights if name.endswith(".running_mean")]:
        name = mean_name.removesuffix(".running_mean")
        mean, spread = weights[mean_name], torch.sqrt(weights[f"{name}.running_var"] + 1e-5)
        scale = weights.get(f"{name}.weight", torch.ones_like(mean)) / spread
        shift = weights.get(f"{name}.bias", torch.zeros_like(mean)) - mean * scale
        if (conv := after.get(name)) is None:
            made[name.removesuffix(".batchnorm") + ".scale"] = scale
            made[name.removesuffix(".batchnorm") + ".shift"] = shift
        else:
            kernel = weights[f"{conv}.weight"]
            made[f"{conv}.weight"] = kernel * scale.reshape(-1, *[1] * (kernel.dim() - 1))
            made[f"{conv}.bias"] = shift
    return made


def _mel_bank() -> NDArray[np.float32]:
    """Kaldi's triangles on the mel scale, (257, 80)."""

    def mel(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(1127.0 * np.log1p(np.asarray(hz) / 700.0))

    edges = np.linspace(mel(_LOW_HZ), mel(_RATE_HZ / 2), _MELS + 2)
    at = mel(np.arange(_FFT // 2 + 1) * _RATE_HZ / _FFT)[:, None]
    rising, falling = (at - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - at) / np.diff(edges)[1:]
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """On layers this small a second thread costs more processor time than it saves."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
