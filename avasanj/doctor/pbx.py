"""Whether the PBX lets us in and tells us what we need, and whether its recordings can be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from avasanj.doctor.finding import Finding, fault, warning, well
from avasanj.settings import Settings
from telephony import problems
from telephony.ami import ActionRefused, ConnectionFault, ManagerConnection, UnsafeAction
from telephony.privileges import lacking_actions, lacking_events


def connection(settings: Settings) -> Iterator[Finding]:
    """Log in as the listener does, ask what is allowed, and leave again."""
    if settings.ami_host is None:
        mend = "Set AVASANJ_AMI_HOST, AVASANJ_AMI_USER and AVASANJ_AMI_SECRET (README, “Connect your PBX”); archives work without."
        yield warning("PBX", "None is set: no live calls.", mend)
        return
    if settings.ami_secret is None:
        yield fault(
            "PBX", "AVASANJ_AMI_SECRET is not set.", f"Set it to the secret of {settings.ami_user} in manager.conf."
        )
        return
    address = f"{settings.ami_host}:{settings.ami_port}"
    manager = ManagerConnection(settings.ami_host, settings.ami_port)
    try:
        manager.connect()
        yield _asked(manager, settings, address)
    except ConnectionFault as found:
        text = problems.NOT_ASTERISK if manager.spoke_otherwise else problems.UNREACHABLE
        values = {"address": address, "fault": found}
        yield _in_two("PBX", problems.text(text, **values))
    except UnsafeAction as found:
        yield fault("PBX", str(found), "Remove the line break from AVASANJ_AMI_USER or AVASANJ_AMI_SECRET.")
    finally:
        manager.disconnect()


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


def _asked(manager: ManagerConnection, settings: Settings, address: str) -> Finding:
    secret = settings.ami_secret.get_secret_value() if settings.ami_secret else ""
    try:
        manager.request("Login", {"Username": settings.ami_user, "Secret": secret, "Events": "off"})
    except ActionRefused:
        return _in_two("PBX", problems.text(problems.REFUSED, user=settings.ami_user))
    allowed = manager.request("ListCommands").fields
    lack = lacking_actions(allowed, user=settings.ami_user, recording=settings.record_calls)
    if lack is None and "Command" in allowed:
        shown = manager.request("Command", {"Command": f"manager show user {settings.ami_user}"}).all("Output")
        lack = lacking_events(shown, user=settings.ami_user)
    if lack is not None:
        return _in_two("PBX", lack.problem)
    version = manager.request("CoreSettings").get("AsteriskVersion") if "CoreSettings" in allowed else ""
    return well(
        "PBX",
        f"Asterisk {version} at {address} lets {settings.ami_user} in, with the privileges needed".replace("  ", " "),
    )


def _in_two(check: str, problem: str) -> Finding:
    """A sentence of the ledger's: what is wrong, then what to do about it."""
    text, _, mend = problem.partition(". ")
    return fault(check, f"{text}.", mend or "See docs/telephony.md.")


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
