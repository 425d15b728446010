"""The devices that speech models run on: how much memory they have free, and what their libraries say when it is short."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from pathlib import Path

from avasanj.errors import LastingError
from transcription import problems

#: CTranslate2 names CUDA's error, cuBLAS's status or the C++ allocator's, and nothing else tells them apart
_SHORT = re.compile(r"out of memory|ALLOC_FAILED|failed to allocate|bad_alloc|bad allocation", re.IGNORECASE)
_OK = 0
#: what suits a device where nothing else is set, the first that it can compute
_SUITABLE = {"cpu": ("int8",), "cuda": ("int8_float16", "float16", "int8_float32", "float32")}


@dataclass(frozen=True, kw_only=True)
class Device:
    """A processor or one of the graphics cards, which are counted from 0."""

    kind: str  #: "cpu" or "cuda"
    index: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


CPU = Device(kind="cpu")


def devices_of(setting: str) -> list[Device]:
    """What AVASANJ_SPEECH_DEVICE names: `cpu`, `cuda` (the first card), `cuda:1`, several with commas, or `auto`.

    `auto` is every card that can be used, else the processor.
    """
    if setting == "auto":
        return [Device(kind="cuda", index=index) for index in range(_cards()[0])] or [CPU]
    found = []
    for name in dict.fromkeys(part.strip() for part in setting.split(",")):
        kind, _, index = name.partition(":")
        found.append(Device(kind=kind, index=int(index or 0)))
    return found


def require(device: Device) -> None:
    """Raise LastingError where the device is not there or its driver does not work."""
    if device.kind == "cpu":
        return
    count, fault = _cards()
    if not count:
        raise LastingError(problems.NO_DRIVER, device=device, fault=fault or "CUDA finds none")
    if device.index >= count:
        raise LastingError(problems.NO_SUCH_DEVICE, device=device, count=count)


def compute_type_of(device: Device, setting: str) -> str:
    """The compute type for this device: as set, or with `auto` the smallest that it computes well."""
    if setting != "auto":
        return setting
    if device.kind == "cpu":
        return _SUITABLE["cpu"][0]  # every processor that CTranslate2 runs on has it: no need to load the library
    known = _known_types(device)
    return next((name for name in _SUITABLE[device.kind] if name in known), "float32")


def require_type(device: Device, compute_type: str) -> None:
    """Raise LastingError for a compute type that the device can't compute."""
    known = _known_types(device)
    if compute_type not in known:
        raise LastingError(problems.WRONG_TYPE, type=compute_type, device=device, types=", ".join(sorted(known)))


def _known_types(device: Device) -> set[str]:
    """A device that isn't there is taken to know what suits its kind."""
    import ctranslate2

    try:
        return set(ctranslate2.get_supported_compute_types(device.kind, device.index))
    except (RuntimeError, ValueError):
        return set(_SUITABLE[device.kind])


def _cards() -> tuple[int, str]:
    """How many cards CUDA finds, and what was wrong where it can't look."""
    import ctranslate2

    try:
        return int(ctranslate2.get_cuda_device_count()), ""
    except (RuntimeError, ValueError) as error:
        return 0, str(error)


def free_memory(device: Device) -> int | None:
    """Bytes that a model may take there; None where nobody knows."""
    return free_bytes(device.index) if device.kind == "cuda" else _free_here()


def _free_here() -> int | None:
    """What the machine has left, or the group of processes that this one is confined to."""
    free = []
    try:
        told = Path("/proc/meminfo").read_text(encoding="ascii")
        free.append(int(next(line.split()[1] for line in told.splitlines() if line.startswith("MemAvailable"))) << 10)
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii")
        if limit != "max":
            free.append(int(limit) - int(used))
    except (OSError, StopIteration, ValueError):
        pass
    return max(0, min(free)) if free else None


def short_of_memory(error: BaseException) -> bool:
    """Whether a library gave up for want of memory, so that a smaller batch may succeed."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and bool(_SHORT.search(str(error))))


def free_bytes(index: int = 0) -> int | None:
    """Free memory of a CUDA device, counted as CTranslate2 counts them; None where the driver can't say.

    The driver's own library is asked, since it minds CUDA_VISIBLE_DEVICES and is there wherever CUDA works.
    """
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, context = ctypes.c_int(), ctypes.c_void_p()
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    if cuda.cuInit(0) != _OK or cuda.cuDeviceGet(ctypes.byref(device), index) != _OK:
        return None
    if cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device) != _OK:
        return None
    try:
        if cuda.cuCtxPushCurrent_v2(context) != _OK:
            return None
        found = cuda.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
        cuda.cuCtxPopCurrent_v2(ctypes.byref(context))
        return free.value if found == _OK else None
    finally:
        cuda.cuDevicePrimaryCtxRelease_v2(device)


def batch_for(free: int | None, *, weights: int, most: int) -> int:
    """Windows for which a device with so many free bytes has room once a model of `weights` bytes is loaded; 1 to `most`.

    A window takes about a tenth of the weights (keys and values of a decoder with beams, and the encoder's attention), and
    a fifth of the memory is left alone. It may be too many all the same: the engine halves a batch that does not fit.
    """
    if free is None:
        return most
    each = max(64 << 20, weights // 10)
    return max(1, min(most, int(0.8 * free) // each))
