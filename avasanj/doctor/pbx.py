"""Whether the PBX lets us in and tells us what we need, and whether its recordings can be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from avasanj.doctor.finding import Finding, fault, warning, well
from avasanj.errors import AvasanjError
from avasanj.settings import Settings
from telephony import entrance, problems
from telephony.ami import ConnectionFault, ManagerConnection
from telephony.remote import Remote


def connection(settings: Settings) -> Iterator[Finding]:
    """Log in to each PBX as the listener does, ask what is allowed, and leave again."""
    pbxs = settings.each_pbx()
    if not pbxs:
        mend = "Set AVASANJ_AMI_HOST, AVASANJ_AMI_USER and AVASANJ_AMI_SECRET (README, “Connect your PBX”); archives work without."
        yield warning("PBX", "None is set: no live calls.", mend)
    for pbx in pbxs:
        yield _asked(pbx, "PBX" if len(pbxs) == 1 else f"PBX {pbx.pbx_name}")


def recordings(settings: Settings) -> Iterator[Finding]:
    """Whether this user can list and read each folder of the PBX's recordings."""
    for folder in settings.recordings_dir:
        mend = "Set AVASANJ_RECORDINGS_DIR to the folder that MixMonitor writes to, as it is called on this machine."
        if not folder.is_dir():
            found = fault if settings.ami_host is not None else warning
            yield found("recordings", f"{folder} is not there.", mend)
        elif not os.access(folder, os.R_OK | os.X_OK):
            yield fault(
                "recordings",
                f"{folder} can't be read by this user.",
                "usermod -aG asterisk USER, then log in again; or setfacl.",
            )
        elif (closed := _unreadable(folder)) is not None:
            yield fault(
                "recordings",
                f"{closed} can't be read by this user.",
                "Let the PBX write its recordings for a group that this user is in (umask 027 for asterisk, usermod -aG asterisk USER).",
            )
        else:
            yield well("recordings", f"{folder} can be read")
    for url in settings.every_recordings_url:
        yield _elsewhere(settings, url)


def _elsewhere(settings: Settings, url: str) -> Finding:
    """Whether recordings on another machine can be reached."""
    try:
        place = Remote(url, settings)
        place.check()
    except AvasanjError as found:
        text, _, _ = str(found).partition(". ")
        mend = "Check AVASANJ_RECORDINGS_URLS, the key and, for SFTP, the server's host key (docs/recordings.md)."
        return fault("recordings", f"{text.removesuffix('.')}.", mend)
    return well("recordings", f"{place.label} can be reached")


def _asked(settings: Settings, check: str) -> Finding:
    if settings.ami_paused:
        return _in_two(check, problems.text(problems.PAUSED), found=warning)
    manager = ManagerConnection.to(settings)
    try:
        version = entrance.enter(manager, settings, events="off")
    except entrance.Refused as refused:
        return _in_two(check, refused.problem)
    except ConnectionFault as found:
        return _in_two(check, entrance.explain(found, manager, settings, was_connected=False))
    finally:
        manager.disconnect()
    shown = " ".join(part for part in ("Asterisk", version) if part)
    address = f"{settings.ami_host}:{settings.ami_port}"
    how = ", encrypted" if settings.ami_tls else ""
    return well(check, f"{shown} at {address} lets {settings.ami_user} in{how}, with the privileges needed")


def _in_two(check: str, problem: str, *, found: Callable[[str, str, str], Finding] = fault) -> Finding:
    """A sentence of the ledger's: what is wrong, then what to do about it."""
    text, _, mend = problem.partition(". ")
    return found(check, f"{text}.", mend or "See docs/telephony.md.")


def _unreadable(folder: Path) -> Path | None:
    """The first of the latest entries that can't be read, in the folder and in its newest subfolder."""
    places = sorted(folder.iterdir())[-20:]
    deeper = [place for place in places if place.is_dir()][-1:]
    for place in (
        *places,
        *(one for sub in deeper if os.access(sub, os.R_OK | os.X_OK) for one in sorted(sub.iterdir())[-20:]),
    ):
        if not os.access(place, os.R_OK | os.X_OK if place.is_dir() else os.R_OK):
            return place
    return None
