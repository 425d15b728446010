"""The command line as a person meets it who has got something wrong: one sentence, never a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def avasanj(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"AVASANJ_DATA_DIR": str(data_dir)} | settings
    return subprocess.run(
        [sys.executable, "-m", "avasanj", *arguments],
        env=environment, cwd=data_dir, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_database_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else answers on this port
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://somebody:secret-word@127.0.0.1:{taken.getsockname()[1]}/calls"
        run = avasanj(tmp_path, "migrate", AVASANJ_DATABASE_URL=url)
    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert "The database can't be used" in run.stderr
    assert "AVASANJ_DATABASE_URL" in run.stderr
    assert "secret-word" not in run.stderr


@pytest.mark.parametrize(
    "url", ["mysql://u:secret-word@host/calls", "host/calls", "postgresql://u:secret-word@host:number/calls"]
)
def test_a_database_address_of_the_wrong_form_is_named_without_its_password(tmp_path: Path, url: str) -> None:
    run = avasanj(tmp_path, "migrate", AVASANJ_DATABASE_URL=url)
    assert run.returncode == 1
    assert run.stderr.startswith("avasanj: AVASANJ_DATABASE_URL")
    assert run.stderr.count("\n") == 1
    assert "secret-word" not in run.stderr


def test_a_worker_without_its_database_says_who_would_run_one(tmp_path: Path) -> None:
    run = avasanj(tmp_path, "work", "--queue", "sync")
    assert run.returncode == 1
    assert "`avasanj up` runs one" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_settings_file_that_can_not_be_reached_is_named(tmp_path: Path) -> None:
    beyond = tmp_path / ("x" * 300)  # the system refuses such a name to root too, as it would not a closed folder
    run = avasanj(tmp_path, "doctor", AVASANJ_DATA_DIR=str(beyond))
    assert run.returncode == 1
    assert run.stderr.startswith("avasanj: ")
    assert "avasanj.env can't be read" in run.stderr


def test_a_settings_file_with_a_byte_order_mark_is_read_from_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "avasanj.env").write_text("AVASANJ_WEB_PORT=none\n", encoding="utf-8-sig")
    assert "AVASANJ_WEB_PORT" in avasanj(tmp_path, "doctor").stderr


def test_a_settings_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "avasanj.env").write_text("AVASANJ_PBX_NAME=تهران\n", encoding="utf-16")
    assert "not text in UTF-8" in avasanj(tmp_path, "doctor").stderr
