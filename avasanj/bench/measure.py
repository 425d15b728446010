"""The benches: how soon a call is scored, how long the samples take, what the product takes while idle, and whether it grows."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from avasanj import stuck
from avasanj.bench import archive, processes
from avasanj.bench.figures import Figure
from avasanj.bench.sandbox import Sandbox, free_port, sandbox
from avasanj.errors import LastingError
from avasanj.settings import Settings

Say = Callable[[str], None]
#: until all models are loaded, at the latest, on a machine that does much else
_LOADED_S = 240.0
_CALL_LIMIT_S = 600.0
_FIRST_CALLS = 50  #: how many calls until the memory counts as settled
_REST_S = 5.0  #: from the last call's end to a measurement


def call(settings: Settings, say: Say) -> list[Figure]:
    """Seconds from the end of a two-minute call (its files are there) until the dashboard counts it as scored."""
    with sandbox(settings) as product:
        product.up()
        seconds = []
        for take in range(4):
            say("cold call …" if take == 0 else f"warm call {take} of 3 …")
            folder = archive.write_archive(product.folder / f"call{take}", [archive.two_minutes(take)], first=take)
            seconds.append(_scored_within_s(product, folder, take + 1))
    cold, *warm = seconds
    return [
        Figure(name="two-minute call scored, models not loaded", value=cold, unit="s", below=60),
        Figure(name="two-minute call scored, median of 3", value=statistics.median(warm), unit="s", below=60),
        Figure(name="two-minute call scored, slowest of 3", value=max(warm), unit="s", below=60),
    ]


def samples(settings: Settings, say: Say) -> list[Figure]:
    """Seconds from `avasanj up --samples` on a fresh folder until the last sample call is scored."""
    total = len(list((archive.SAMPLES / "calls").glob("*-agent.ogg")))
    with sandbox(settings) as product:
        began_s = time.monotonic()
        product.up("--samples")
        serving_s = time.monotonic() - began_s
        say(f"{total} sample calls …")
        product.wait(lambda: product.calls_done() >= total, _CALL_LIMIT_S, f"{total} sample calls scored")
        took_s = time.monotonic() - began_s
        _fail_if_any_failed(product)
    return [
        Figure(name="first start until the dashboard answers", value=serving_s, unit="s"),
        Figure(name=f"first start until all {total} sample calls are scored", value=took_s, unit="s", below=180),
    ]


def idle(settings: Settings, say: Say, *, watch_s: float = 60.0) -> list[Figure]:
    """Memory and processor time of everything, the database included, after work with the models loaded, and after they have left."""
    with sandbox(settings) as product:
        # A PBX that is not there: the listener runs and asks for it, as it would wait for events.
        product.up(model_idle_s=watch_s + 60, ami_host="127.0.0.1", ami_port=free_port(), ami_secret="none")  # noqa: S106 - nobody asks for it
        say("some calls first …")
        folder = archive.write_archive(product.folder / "calls", [archive.short_call(number) for number in range(4)])
        _scored_within_s(product, folder, 4)
        time.sleep(_REST_S)
        say(f"idle with models in memory, {watch_s:.0f} s …")
        figures = _idle_figures(product, watch_s, "models loaded")
        say("waiting for the models to leave the memory …")
        time.sleep(75)
        return figures + _idle_figures(product, watch_s, "models unloaded")


def memory(settings: Settings, say: Say, *, calls: int = 200) -> list[Figure]:
    """Growth of each worker's memory from the first 50 calls to the last, in percent."""
    first = min(_FIRST_CALLS, max(1, calls // 4))
    with sandbox(settings) as product:
        product.up(model_idle_s=0)
        before = _memory_after(product, range(first), first, say)
        after = _memory_after(product, range(first, calls), calls, say)
    figures = []
    for part in sorted(before.keys() & after.keys()):
        growth = 100 * (after[part] / before[part] - 1)
        figures += [
            Figure(name=f"{part}, after {first} calls", value=before[part], unit="MB"),
            Figure(name=f"{part}, after {calls} calls", value=after[part], unit="MB"),
            Figure(name=f"{part}, growth", value=growth, unit="%", below=5),
        ]
    total = 100 * (sum(after.values()) / sum(before.values()) - 1)
    return [*figures, Figure(name="all workers, growth", value=total, unit="%", below=5)]


def _memory_after(product: Sandbox, numbers: range, scored: int, say: Say) -> dict[str, float]:
    """Resident MB of `up`'s children once the calls are done."""
    say(f"calls {numbers.start + 1} to {numbers.stop} …")
    talks = [archive.short_call(number) for number in numbers]
    folder = archive.write_archive(product.folder / f"calls{numbers.start}", talks, first=numbers.start)
    _scored_within_s(product, folder, scored, limit_s=_LOADED_S + 60 * len(talks))
    time.sleep(_REST_S)
    return {name: processes.rss_mb(pids) for name, pids in product.parts().items() if name not in ("up", "postgres")}


def _scored_within_s(product: Sandbox, folder: Path, total: int, *, limit_s: float = _CALL_LIMIT_S) -> float:
    """Import a folder and wait until the dashboard counts `total` scored calls; the seconds that took."""
    from telephony.archive import import_folder

    began_s = time.monotonic()
    report = import_folder(product.settings, product.database, folder)
    if report.problems:
        raise LastingError("The calls made for the measurement were not taken in: " + "; ".join(report.problems))
    product.wait(lambda: product.calls_done() >= total, limit_s, f"{total} calls scored")
    took_s = time.monotonic() - began_s
    _fail_if_any_failed(product)
    return took_s


def _fail_if_any_failed(product: Sandbox) -> None:
    with product.database.read() as session:
        reasons = [f"{piece.stage}: {piece.error}" for piece in stuck.waiting(session)]
    if reasons:
        raise LastingError("Calls of the measurement failed, so it counts for nothing. " + " ".join(reasons[:3]))


def _idle_figures(product: Sandbox, watch_s: float, when: str) -> list[Figure]:
    parts = product.parts()
    before, began_s = processes.cpu_s(parts), time.monotonic()
    time.sleep(watch_s)
    share = 100 / (time.monotonic() - began_s)
    used = {name: spent_s - before[name] for name, spent_s in processes.cpu_s(parts).items()}
    figures = []
    for name, pids in parts.items():
        figures += [
            Figure(name=f"{when}: {name}, memory", value=processes.pss_mb(pids), unit="MB"),
            Figure(name=f"{when}: {name}, processor", value=used[name] * share, unit="% of a core"),
        ]
    everything = [pid for pids in parts.values() for pid in pids]
    return [
        *figures,
        Figure(name=f"{when}: everything, memory", value=processes.pss_mb(everything), unit="MB", below=1500),
        Figure(name=f"{when}: everything, processor", value=sum(used.values()) * share, unit="% of a core", below=3),
    ]
