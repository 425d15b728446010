"""Fetching the speech model: verified, whole or absent, and going on after a kill."""

import hashlib
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from avasanj import wheels
from avasanj.errors import LastingError, PassingError
from transcription import models


def wheel(folder: Path, name: str, members: dict[str, bytes]) -> tuple[str, str]:
    """A data wheel in `folder` as an index on disk has it; gives its requirement and sha256."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return f"{name}==1.0", hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes wheels from, and nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def test_members_come_out_of_whichever_wheel_has_them(index: Path, tmp_path: Path) -> None:
    given = dict([wheel(index, "one", {"a/x": b"1"}), wheel(index, "two", {"b/y": b"2", "b/z": b"3"})])
    assert wheels.members(given, ["a/x", "b/y"], tmp_path / "cache") == {"a/x": b"1", "b/y": b"2"}


def test_a_wheel_that_came_whole_is_not_fetched_again(index: Path, tmp_path: Path) -> None:
    given = dict([wheel(index, "one", {"a": b"1"})])
    wheels.fetch(given, tmp_path / "cache")
    for path in index.iterdir():
        path.unlink()
    assert wheels.members(given, ["a"], tmp_path / "cache") == {"a": b"1"}


def test_another_file_under_the_same_name_is_refused(index: Path, tmp_path: Path) -> None:
    requirement, _ = wheel(index, "one", {"a": b"1"})
    with pytest.raises(LastingError, match="expected 0000"):
        wheels.fetch({requirement: "0" * 64}, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_a_network_the_error_says_what_to_do(index: Path, tmp_path: Path) -> None:
    with pytest.raises(PassingError, match=r"one==1\.0 can't be fetched: .*Check the network"):
        wheels.fetch({"one==1.0": "0" * 64}, tmp_path / "cache")


def test_a_member_that_is_in_no_wheel_is_named(index: Path, tmp_path: Path) -> None:
    given = dict([wheel(index, "one", {"a": b"1"})])
    with pytest.raises(LastingError, match="have no b"):
        wheels.members(given, ["b"], tmp_path / "cache")


def test_a_missing_and_a_changed_file_are_told(tmp_path: Path) -> None:
    faults = models.verify(tmp_path)
    assert len(faults) == 4
    assert "model.bin is missing" in faults[0]
    (tmp_path / models.NAME).mkdir()
    (tmp_path / models.NAME / "config.json").write_text("{}")
    assert any("config.json has sha256" in fault for fault in models.verify(tmp_path))


@pytest.mark.model
def test_the_fetched_model_is_whole_and_fetching_again_does_nothing(models_dir: Path) -> None:
    assert models.verify(models_dir) == []
    before = (models_dir / models.NAME / "model.bin").stat().st_mtime_ns
    models.fetch(models_dir)
    assert (models_dir / models.NAME / "model.bin").stat().st_mtime_ns == before


@pytest.mark.model
def test_a_kill_in_the_middle_leaves_no_half_model_and_the_next_fetch_ends_well(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from transcription import models; models.fetch(Path({str(tmp_path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    deadline_s = time.monotonic() + 120
    while not list((tmp_path / ".wheels").glob("*.whl")) and process.poll() is None and time.monotonic() < deadline_s:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    assert not (tmp_path / models.NAME).exists() or models.verify(tmp_path) == []
    models.fetch(tmp_path)
    assert models.verify(tmp_path) == []
    assert not (tmp_path / ".wheels").exists()
