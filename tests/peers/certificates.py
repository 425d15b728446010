"""A certificate authority of one test's own, and the PBX's certificate from it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.peers import program

_NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def make(folder: Path, ca_path: Path) -> None:
    """Write `ca_path`, and `pbx.pem` with `pbx.key` into the folder: valid for a day, for localhost and 127.0.0.1."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, request = folder / "ca.key", folder / "pbx.csr"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    ca_use = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    _openssl(
        "req", "-x509", *key, "-keyout", ca_key, "-out", ca_path, "-days", "1", "-subj", "/CN=Test authority", *ca_use
    )
    _openssl("req", *key, "-keyout", folder / "pbx.key", "-out", request, "-subj", "/CN=localhost")
    extensions = folder / "extensions"
    extensions.write_text(f"{_NAMES}\nextendedKeyUsage=serverAuth\n", encoding="utf-8")
    _openssl(
        *("x509", "-req", "-in", request, "-CA", ca_path, "-CAkey", ca_key, "-CAcreateserial", "-days", "1"),
        *("-out", folder / "pbx.pem", "-extfile", extensions),
    )


def _openssl(*arguments: str | Path) -> None:
    command = [program("openssl", package="openssl"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()[-400:]}")
