"""Fetching a model by name from a hub: here one of our own on the loopback, which speaks as Hugging Face's does."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.transcription.model_files import whisper
from transcription import model_folder, sums

_COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Models by name, each a folder; `told` is the sha256 that is told of a file in the place of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.models: dict[str, Path] = {}
        self.told: dict[str, str] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Asked(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/").split("/")
        if (
            path[:2] == ["api", "models"]
            and path[4:5] == ["tree"]
            and (folder := self.server.models.get("/".join(path[2:4])))
        ):
            self._send(json.dumps(self._tree(folder)).encode(), "application/json")
        elif path[:2] == ["api", "models"] and (folder := self.server.models.get("/".join(path[2:4]))):
            self._send(json.dumps(self._facts("/".join(path[2:4]), folder)).encode(), "application/json")
        elif path[2:3] == ["resolve"] and (folder := self.server.models.get("/".join(path[:2]))):
            self._send((folder / "/".join(path[4:])).read_bytes(), "application/octet-stream")
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _facts(self, name: str, folder: Path) -> dict[str, object]:
        files = [
            {"rfilename": path.name, "size": path.stat().st_size, "blobId": "b", "lfs": {"sha256": self._sum(path), "size": path.stat().st_size, "pointerSize": 1}}
            for path in sorted(folder.iterdir())
        ]  # fmt: skip
        return {
            "id": name,
            "modelId": name,
            "sha": _COMMIT,
            "private": False,
            "siblings": files,
            "tags": [],
            "downloads": 0,
            "likes": 0,
        }

    def _tree(self, folder: Path) -> list[dict[str, object]]:
        return [
            {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": "b"}
            for path in sorted(folder.iterdir())
        ]

    def _sum(self, path: Path) -> str:
        return self.server.told.get(path.name) or hashlib.sha256(path.read_bytes()).hexdigest()

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", _COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def avasanj(home: Path, address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AVASANJ_", "HF_"))}
    environment |= {
        "AVASANJ_DATA_DIR": str(home),
        "HF_ENDPOINT": address,
        "HF_HOME": str(home / "hf"),
        "PYTHONPATH": str(ROOT),
    }
    environment |= {"HF_HUB_DISABLE_XET": "1", "AVASANJ_LANGUAGE": "fa"}
    command = [sys.executable, "-m", "avasanj", *arguments]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=240, check=False)


def test_a_model_is_fetched_by_name_summed_and_not_fetched_twice(hub: Hub, tmp_path: Path) -> None:
    hub.models["owner/small-fa"] = whisper(tmp_path / "there", parameters=50_000)
    (tmp_path / "there" / "README.md").write_text("of no use here")
    done = avasanj(tmp_path, hub.address, "models", "fetch", "owner/small-fa")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "models" / "owner--small-fa"
    assert "AVASANJ_SPEECH_MODEL=owner--small-fa" in done.stdout
    assert "too small for Persian" in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [sums.NAME, "config.json", "model.bin", "tokenizer.json", "vocabulary.json"]
    )
    assert model_folder.faults(folder) == []
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["owner--small-fa"]
    hub.models.clear()
    assert avasanj(tmp_path, hub.address, "models", "fetch", "owner/small-fa").returncode == 0


def test_a_file_that_is_not_the_hubs_is_refused_and_nothing_of_it_kept(hub: Hub, tmp_path: Path) -> None:
    hub.models["owner/m"] = whisper(tmp_path / "there", parameters=50_000)
    hub.told["model.bin"] = "0" * 64
    done = avasanj(tmp_path, hub.address, "models", "fetch", "owner/m")
    assert done.returncode == 1
    assert "What came is not what the hub has" in done.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_an_unknown_name_and_no_network_are_one_sentence_each(hub: Hub, tmp_path: Path) -> None:
    for address, name, says in (
        (hub.address, "owner/none", "The hub has no model owner/none"),
        (hub.address, "none", "'none' is no model's name. Give owner/model"),
        (
            f"http://127.0.0.1:{free_port()}",
            "large-v3",
            "Check this machine's way to the network and its disk. Without a network",
        ),
    ):
        done = avasanj(tmp_path, address, "models", "fetch", name)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert says in done.stderr
