"""The machine under the product: folder, disk, graphics processor, port, clock."""

from __future__ import annotations

import json
import shutil
import stat
import tempfile
import urllib.error
import urllib.request
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

from avasanj.doctor.finding import Finding, fault, warning, well
from avasanj.errors import LastingError
from avasanj.processes import check_port
from avasanj.settings import Settings

_GIGABYTE = 1_000_000_000
_FREE_MIN_BYTES, _FREE_MIN_SHARE = 5 * _GIGABYTE, 0.10
#: With less than this, recordings of a day may not fit.
_FREE_FAULT_BYTES = 500_000_000
_ANSWER_S = 3.0


def data_folder(settings: Settings) -> Iterator[Finding]:
    """Whether the data folder can be written, and the room on its disk."""
    folder = settings.data_dir
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".doctor-"):
            pass
    except OSError as error:
        yield fault(
            "data folder",
            f"{folder} can't be written: {error.strerror}.",
            "Give it to the user that runs Avasanj (chown), or set AVASANJ_DATA_DIR to a folder of your own.",
        )
    else:
        yield well("data folder", f"{folder}" + ("" if there == folder else " (made at the first start)"))
    usage = shutil.disk_usage(there)
    room = f"{usage.free / _GIGABYTE:.1f} GB free of {usage.total / _GIGABYTE:.0f} GB under {folder}"
    mend = "Make room, move the data folder (AVASANJ_DATA_DIR), or delete old recordings at the PBX."
    if usage.free < _FREE_FAULT_BYTES:
        yield fault("disk", f"{room}.", mend)
    elif usage.free < _FREE_MIN_BYTES or usage.free < usage.total * _FREE_MIN_SHARE:
        yield warning("disk", f"{room}.", mend)
    else:
        yield well("disk", room)


def gpu(settings: Settings) -> Finding:
    """Whether graphics cards are there and used as the settings say. Loads CTranslate2 only where they ask for one."""
    seen = len(list(Path("/dev").glob("nvidia[0-9]*")))
    if settings.speech_device == "cpu" and seen:
        return warning(
            "graphics processor",
            f"{seen} NVIDIA device(s) seen, but speech runs on the processor.",
            "Set AVASANJ_SPEECH_DEVICE=cuda for many times the speed.",
        )
    if settings.speech_device == "cpu" or (settings.speech_device == "auto" and not seen):
        return well("graphics processor", f"none; speech runs on {settings.threads} processor threads")
    return _cards(settings)


def _cards(settings: Settings) -> Finding:
    from transcription import devices

    free = []
    try:
        for device in devices.devices_of(settings.speech_device):
            devices.require(device)
            devices.require_type(device, devices.compute_type_of(device, settings.speech_compute_type))
            room = devices.free_memory(device)
            free.append(f"{device}{'' if room is None else f' ({room / 1e9:.1f} GB free)'}")
    except LastingError as error:
        said, _, mend = str(error).partition(". ")
        if settings.speech_fallback_device or settings.speech_fallback_model:
            return warning("graphics processor", f"{said}. Another device or model takes its place.", mend)
        return fault("graphics processor", f"{said}.", mend)
    return well("graphics processor", f"{', '.join(free)}, used for speech")


def dashboard_port(settings: Settings) -> Finding:
    """Whether the dashboard answers, or could start."""
    address = f"{settings.web_host}:{settings.web_port}"
    try:
        check_port(settings.web_host, settings.web_port)
    except LastingError as error:
        if _is_ours(settings):
            return well("dashboard", f"answers at {settings.address}")
        return fault(
            "dashboard",
            str(error).split(" Stop ", 1)[0],
            "Stop what uses the port, or set AVASANJ_WEB_PORT to another.",
        )
    return well("dashboard", f"not running; {address} is free for it")


def zone(settings: Settings) -> Finding:
    """Whether the center's time zone is known here."""
    try:
        zoneinfo.ZoneInfo(settings.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return fault(
            "time zone",
            f"AVASANJ_TIMEZONE={settings.timezone} is no zone that this machine knows.",
            "Use an IANA name such as Asia/Tehran or Europe/Berlin; if it is one, install the package tzdata.",
        )
    return well("time zone", settings.timezone)


def secrets_file(settings: Settings) -> Iterator[Finding]:
    """Settings files that other users of the machine can read."""
    for path in (Path("avasanj.env"), settings.data_dir / "avasanj.env"):
        if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield warning("secrets", f"Other users may read {path}, which can hold secrets.", f"chmod 600 {path}")


def _is_ours(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.web_host, settings.web_host)  # noqa: S104 - translating
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.web_port}/health", timeout=_ANSWER_S) as answer:
            said = json.loads(answer.read(100_000))
    except urllib.error.HTTPError as error:  # 503: ours, in trouble that the other checks name
        said = _parsed(error.read(100_000))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and "version" in said and "calls" in said


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None
