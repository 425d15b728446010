"""Memory and processor time of processes, from what Linux counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil


def pss_mb(pids: Sequence[int]) -> float:
    """Memory that is these processes' share, in MB: what several share is divided among them."""
    return sum(_rollup_kb(pid, "Pss") for pid in pids) * 1024 / 1e6


def rss_mb(pids: Sequence[int]) -> float:
    """Resident memory in MB, shared pages counted in each process."""
    return sum(_rollup_kb(pid, "Rss") for pid in pids) * 1024 / 1e6


def cpu_s(parts: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Processor seconds used so far by each part."""
    return {name: sum(_cpu_s(pid) for pid in pids) for name, pids in parts.items()}


def _rollup_kb(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


def _cpu_s(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
