"""The way into a PBX: connect, log in, and see whether we may do there what we need. The listener's and the doctor's."""

from __future__ import annotations

from avasanj.settings import Settings
from telephony import problems
from telephony.ami import ActionRefused, ConnectionFault, ManagerConnection, UnsafeAction
from telephony.privileges import NEEDED_READ, lacking_actions, lacking_events

#: Classes of events of which the ledger learns something, where the user may have them. Left out are reports of RTP,
#: key presses and the like: Asterisk sends less, and nothing is lost.
EVENTS = ",".join((*NEEDED_READ, "system", "security", "cdr"))


class Refused(Exception):  # noqa: N818 - read at its raising
    """The PBX does not take us as we come. `state` is refused or unprivileged, `problem` a sentence for a person."""

    def __init__(self, state: str, problem: str) -> None:
        super().__init__(problem)
        self.state, self.problem = state, problem


def enter(connection: ManagerConnection, settings: Settings, *, events: str = EVENTS) -> str | None:
    """Connect and log in; return the PBX's version where it tells. Raises Refused and ConnectionFault."""
    user = settings.ami_user
    if settings.ami_secret is None:
        raise Refused("refused", problems.text(problems.NO_SECRET, user=user))
    connection.connect()
    try:
        secret = settings.ami_secret.get_secret_value()
        connection.request("Login", {"Username": user, "Secret": secret, "Events": events})
    except ActionRefused as refusal:
        raise Refused("refused", problems.text(problems.REFUSED, user=user)) from refusal
    except UnsafeAction as refusal:
        raise Refused("refused", problems.text(problems.LINE_BREAK)) from refusal
    return _privileges(connection, settings)


def explain(fault: ConnectionFault, connection: ManagerConnection, settings: Settings, *, was_connected: bool) -> str:
    """A sentence for a person, with what to do."""
    address = f"{settings.ami_host}:{settings.ami_port}"
    if fault.problem is not None:
        return fault.problem
    if connection.spoke_otherwise:
        return problems.text(problems.NOT_ASTERISK, address=address)
    if was_connected:
        return problems.text(problems.LOST, fault=fault)
    return problems.text(problems.UNREACHABLE, address=address, fault=fault)


def _privileges(connection: ManagerConnection, settings: Settings) -> str | None:
    user = settings.ami_user
    allowed = connection.request("ListCommands").fields
    lack = lacking_actions(allowed, user=user, recording=settings.record_calls)
    if lack is None and "Command" in allowed:
        shown = connection.request("Command", {"Command": f"manager show user {user}"}).all("Output")
        lack = lacking_events(shown, user=user)
    if lack is not None:
        raise Refused("unprivileged", lack.problem)
    return connection.request("CoreSettings").get("AsteriskVersion") if "CoreSettings" in allowed else None
