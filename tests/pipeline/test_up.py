"""`avasanj up`: one process tree that starts, serves, survives the death of its parts, and leaves nothing behind."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

from tests.pipeline.product import Product, wait_until

pytestmark = [pytest.mark.model, pytest.mark.slow]


def relatives(pid: int, data: Path) -> list[int]:
    """Every process that belongs to this product: descendants, and the database, which is nobody's child."""
    descendants = {child.pid for child in psutil.Process(pid).children(recursive=True)}
    over_data = {
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if str(data) in " ".join(process.info["cmdline"] or [])
    }
    return sorted(descendants | over_data)


def runs(pid: int) -> bool:
    """Whether a process lives; one that only waits for its entry to be read does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_it_serves_survives_a_killed_part_and_leaves_no_process_behind(models_dir: Path) -> None:
    with Product(models_dir) as product:
        up = product.start("up")
        wait_until(product.health, 60, "the dashboard answers")
        family = relatives(up.pid, product.data)
        assert len(family) >= 4, "web, two workers, database"
        web = next(child for child in psutil.Process(up.pid).children() if child.cmdline()[-1] == "web")
        web.kill()
        wait_until(lambda: not web.is_running() and product.health(), 30, "the dashboard is started again")
        up.send_signal(signal.SIGINT)
        assert up.wait(40) == 0
        assert [pid for pid in family if runs(pid)] == [], "nothing is left running"
        assert "/welcome#" not in product.said(), "what is not a terminal gets no link"
        assert "avasanj login-link" in product.said()


def test_the_second_start_serves_within_fifteen_seconds(models_dir: Path) -> None:
    with Product(models_dir) as product:
        first = product.start("up")
        wait_until(product.health, 60, "the dashboard answers")
        first.send_signal(signal.SIGTERM)
        first.wait(40)
        before_s = time.monotonic()
        product.start("up")
        wait_until(product.health, 60, "the dashboard answers again")
        assert time.monotonic() - before_s < 15


def test_killed_outright_it_starts_again_over_what_is_left(models_dir: Path) -> None:
    with Product(models_dir) as product:
        up = product.start("up")
        wait_until(product.health, 60, "the dashboard answers")
        children = psutil.Process(up.pid).children(recursive=True)
        up.kill()
        up.wait(10)
        _gone, alive = psutil.wait_procs(children, timeout=30)
        assert not alive, "the parts end when `up` is killed"
        product.start("up")
        wait_until(product.health, 60, "the dashboard answers again")


def test_a_second_one_over_the_same_folder_says_so(models_dir: Path) -> None:
    with Product(models_dir) as product:
        product.start("up")
        wait_until(product.health, 60, "the dashboard answers")
        second = product.run("up")
        assert second.returncode == 1
        assert "already running" in second.stderr
        assert str(product.data) in second.stderr


def test_a_port_in_use_is_named_with_what_to_do(models_dir: Path) -> None:
    with Product(models_dir) as product, socket.socket() as other:
        other.bind(("127.0.0.1", product.port))
        other.listen()
        result = product.run("up")
        assert result.returncode == 1
        assert f"127.0.0.1:{product.port}" in result.stderr
        assert "AVASANJ_WEB_PORT" in result.stderr


def test_a_data_folder_that_cannot_be_written_is_named(models_dir: Path) -> None:
    with Product(models_dir) as product:
        product.set(data_dir="/proc/avasanj")
        result = product.run("up")
        assert result.returncode == 1
        assert "/proc/avasanj" in result.stderr
        assert "AVASANJ_DATA_DIR" in result.stderr
        assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("name", "value"), [("WEB_PORT", "90000"), ("LANGUAGE", "tlh"), ("QUEUE_LANGUAGES", "{oops")])
def test_a_setting_that_cannot_be_used_is_named(models_dir: Path, name: str, value: str) -> None:
    with Product(models_dir) as product:
        product.environment[f"AVASANJ_{name}"] = value
        result = product.run("doctor")
        assert result.returncode == 1
        assert f"AVASANJ_{name}" in result.stderr
        assert "Traceback" not in result.stderr


def test_its_folders_are_closed_to_others(models_dir: Path) -> None:
    with Product(models_dir) as product:
        product.start("up")
        wait_until(product.health, 60, "the dashboard answers")
        for name in ("media", "journal", "archive", "metrics"):
            assert (product.data / name).stat().st_mode & 0o077 == 0, name
        assert (product.data / "postgres" / "data").stat().st_mode & 0o077 == 0
