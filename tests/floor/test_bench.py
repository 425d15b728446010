"""The benches: what they measure with, how they say it, and that they leave nothing behind."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
import pytest

from avasanj.bench import archive, parsers, processes, telephony
from avasanj.bench.ami_streams import RecordedEvents
from avasanj.bench.figures import Figure, as_json
from avasanj.bench.sandbox import sandbox
from avasanj.bench.wall import wall_update_delays
from avasanj.errors import InputError, LastingError
from avasanj.settings import Settings
from tests.pipeline.product import Product


def test_a_figure_at_its_target_is_met_and_above_it_is_missed() -> None:
    figures = [
        Figure(name="call", value=60.0, unit="s", below=60),
        Figure(name="growth", value=5.1, unit="%", below=5),
        Figure(name="start", value=900.0, unit="s"),
    ]
    assert [figure.met for figure in figures] == [True, False, True]
    assert as_json("x", figures)["met"] is False
    assert as_json("x", figures[::2])["met"] is True


def test_two_minute_calls_are_two_minutes_and_each_take_is_another() -> None:
    takes = [archive.two_minutes(take) for take in range(4)]
    assert [talk.length_s for talk in takes] == [120.0] * 4
    assert all(talk.agent.size == talk.customer.size for talk in takes)
    assert len({talk.agent.tobytes() for talk in takes}) == 4


def test_two_hundred_short_calls_are_all_different_and_people_speak_in_them() -> None:
    talks = [archive.short_call(number) for number in range(200)]
    assert len({talk.agent.tobytes() + talk.customer.tobytes() for talk in talks}) == 200
    assert all(20 <= talk.length_s <= 41 for talk in talks)
    assert all(abs(talk.agent).max() > 1000 or abs(talk.customer).max() > 1000 for talk in talks)


def test_the_archive_for_a_measurement_is_one_that_can_be_imported(tmp_path: Path) -> None:
    from telephony.archive_rows import ArchiveRow, read_csv

    archive.write_archive(tmp_path / "calls", [archive.short_call(number) for number in range(3)], first=7)
    rows = list(read_csv(tmp_path / "calls" / "calls.csv", timezone="UTC"))
    assert all(isinstance(row, ArchiveRow) for row in rows)
    assert all(path.is_file() for row in rows if isinstance(row, ArchiveRow) for path in row.files.values())


def test_memory_of_a_process_is_what_linux_says() -> None:
    own = [os.getpid()]
    assert processes.rss_mb(own) == pytest.approx(psutil.Process().memory_info().rss / 1e6, rel=0.1)
    assert 0 < processes.pss_mb(own) <= processes.rss_mb(own)
    assert processes.pss_mb([2**22 + 1]) == 0, "a process that has ended counts for nothing"


def test_without_models_it_says_how_to_get_them(settings: Settings) -> None:
    with pytest.raises(InputError, match="avasanj models fetch"), sandbox(settings):
        pass


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(820)
def test_a_bench_prints_one_json_document_and_leaves_nothing_behind(models_dir: Path) -> None:
    with Product(models_dir) as product:
        folder = product.folder / "tmp"
        folder.mkdir(mode=0o711)
        product.environment["TMPDIR"] = str(folder)
        done = product.run("bench", "memory", "--calls", "8", "--json", limit_s=800)
        assert done.stdout, done.stderr
        found = json.loads(done.stdout)
        assert found["bench"] == "memory"
        names = [figure["name"] for figure in found["figures"]]
        assert {"worker speech, growth", "worker main, growth", "all workers, growth"} <= set(names)
        assert done.returncode == (0 if found["met"] else 1)
        assert "calls 3 to 8" in done.stderr
        assert list(folder.glob("av-bench-*")) == []
        over = [p for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or [])]
        assert over == [], "no process is left"


@pytest.mark.slow
def test_wall_bench_times_every_event_on_every_wall() -> None:
    delays = wall_update_delays(calls=10, agents=5, walls=2, seconds=2.0, earlier=10)
    assert len(delays) >= 20
    assert len(delays) % 2 == 0
    assert 0.0 < delays[0] <= delays[-1] < 10.0


@pytest.mark.slow
def test_wall_is_among_the_figures_of_the_ledger() -> None:
    measures = {one.name: one for one in telephony.shown_in_time(print, seconds=2.0)}
    late = measures["wall_update_p99_s"]
    assert late.at_most == 1.0
    assert 0.0 < measures["wall_update_p50_s"].value <= late.value


def test_a_part_that_breaks_is_a_missed_figure_with_its_reason_and_no_others_loss() -> None:
    def breaks() -> list[telephony.Measure]:
        raise LastingError("The dashboard did not start.")

    (lost,) = telephony.taken(("wall_update_p99_s",), breaks)
    assert (lost.value, lost.met) == (None, False)
    assert "did not start" in lost.note
    absent = telephony.Measure(name="panoramisk_events_per_s", value=None, note="not installed")
    assert absent.met, "what can't be measured here is not missed"


def test_recorded_events_told_again_are_other_calls_and_every_parser_sees_each_of_them(tmp_path: Path) -> None:
    recorded = RecordedEvents()
    first, second = recorded.again(0), recorded.again(1)
    assert len(first) == len(second)
    assert not {event for event in first if b"\r\nUniqueid: " in event} & set(second)
    events = list(recorded.events(len(first) + 10))
    assert events == [*first, *second[:10]]
    settings = Settings.model_validate({"data_dir": str(tmp_path)})
    assert parsers.assemble([b"".join(events)], settings) > 20
    assert parsers.asterisk_ami([b"".join(events)], settings) == len(events)
    pytest.importorskip("panoramisk")
    assert parsers.panoramisk([b"".join(events)], settings) == len(events)


def test_flood_is_kept_by_a_listener_to_the_last_event(settings: Settings) -> None:
    measures = {one.name: one for one in telephony.flooded(RecordedEvents(), settings, print, lasting_s=2.0)}
    assert measures["socket_lost_events"].value == 0
    assert measures["socket_reconnects"].value == 0
