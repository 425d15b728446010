"""The devices that speech models run on: how much memory they have free, and what their libraries say when it is short."""

from __future__ import annotations

import ctypes
import re

#: CTranslate2 names CUDA's error, cuBLAS's status or the C++ allocator's, and nothing else tells them apart
_SHORT = re.compile(r"out of memory|ALLOC_FAILED|failed to allocate|bad_alloc|bad allocation", re.IGNORECASE)
_OK = 0


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
