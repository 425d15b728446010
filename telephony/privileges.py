"""What the manager user must be allowed, and how to tell from the PBX's answers that it is not."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from telephony import problems
from telephony.frames import Message

#: Classes of events that the ledger is made of: calls and bridges, queues, recordings' names.
NEEDED_READ = ("call", "agent", "dialplan")
#: Actions and the write privilege that allows each.
NEEDED_ACTIONS = {"CoreShowChannels": "reporting", "Status": "reporting"}
RECORDING_ACTIONS = {"MixMonitor": "system"}

_PROOF = {
    "Newchannel": "call",
    "QueueCallerJoin": "agent",
    "AgentCalled": "agent",
    "VarSet": "dialplan",
    "Newexten": "dialplan",
}
#: A channel must be this old before its unseen beginning proves anything.
_OLD_ENOUGH_S = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lack:
    """What the manager user is not allowed. `problem` is a sentence for a person."""

    problem: str


def lacking_actions(allowed: Iterable[str], *, user: str, recording: bool) -> Lack | None:
    """By the answer to ListCommands, which names only what the user may do."""
    may = {name.lower() for name in allowed}
    needed = NEEDED_ACTIONS | (RECORDING_ACTIONS if recording else {})
    missing = [action for action in needed if action.lower() not in may]
    if not missing:
        return None
    privileges = ",".join(dict.fromkeys(needed[action] for action in missing))
    return Lack(
        problem=problems.text(problems.UNPRIVILEGED_WRITE, user=user, actions=", ".join(missing), privileges=privileges)
    )


def lacking_events(shown: Iterable[str], *, user: str) -> Lack | None:
    """By the console's `manager show user NAME`, where the user may ask for it."""
    for line in shown:
        name, _, value = line.partition(":")
        if name.strip().lower() == "read perm":
            granted = {part.strip() for part in value.split(",")}
            missing = [one for one in NEEDED_READ if one not in granted and "all" not in granted]
            return unread(missing, user=user) if missing else None
    return None


def unread(classes: Iterable[str], *, user: str) -> Lack:
    return Lack(problem=problems.text(problems.UNPRIVILEGED_READ, user=user, privileges=",".join(sorted(classes))))


class Evidence:
    """Which classes of events must have been missed, by what listings show: no answer of the PBX tells it."""

    def __init__(self) -> None:
        self.missing: set[str] = set()

    def saw(self, message: Message) -> bool:
        """Take an event as proof that its class is allowed; True where that changes what is missing."""
        proved = _PROOF.get(message.name)
        if proved is None or proved not in self.missing:
            return False
        self.missing.discard(proved)
        return True

    def listed(self, *, age_s: float, connected_s: float, seen: bool, in_queue: bool, queue_seen: bool) -> bool:
        """Take a channel of a listing; True where it proves a class missing that was not known to be."""
        if age_s < _OLD_ENOUGH_S or connected_s < age_s + _OLD_ENOUGH_S:
            return False
        before = set(self.missing)
        if not seen:
            self.missing.add("call")
        elif in_queue and not queue_seen:
            self.missing.add("agent")
        return self.missing != before
