"""One connection's working life: bytes to the journal, events to the assembler, calls to the ledger, pings, listings."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import metrics
from telephony.ami import ConnectionFault, Lost, ManagerConnection, Received
from telephony.assembler import MARK_CONNECTED, Assembler
from telephony.bookkeeper import Bookkeeper
from telephony.frames import Kind, Message
from telephony.journal import Journal, mark
from telephony.logbook import Logbook
from telephony.own_recordings import OwnRecordings
from telephony.pausing import Pauses
from telephony.privileges import Evidence
from telephony.repair import Repairs
from telephony.resync import WATCH_PREFIX, clock_s
from telephony.running_recordings import GETVAR_PREFIX, VARIABLE
from telephony.unknown import Unknown

if TYPE_CHECKING:
    from telephony.listener import Patience

#: Answers to the questions after a connect are known by this, and by what was asked about.
BRIDGE_PREFIX = "avasanj-bridge-"
_WAKE_S = 0.25
_PRUNE_EVERY_S = 3600.0
_log = get_logger(__name__)


class Session:
    """From a log-in that worked to the connection's first fault."""

    def __init__(
        self,
        connection: ManagerConnection,
        *,
        settings: Settings,
        patience: Patience,
        assembler: Assembler,
        journal: Journal,
        bookkeeper: Bookkeeper,
        evidence: Evidence,
        pauses: Pauses,
        unknown: Unknown,
        repairs: Repairs,
        heard_at: float | None,
        tell: Callable[[], None],
        trouble: Callable[[str, str | None], None],
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._patience = patience
        self._assembler = assembler
        self._journal = journal
        self._logbook = Logbook(journal, assembler, lambda fault: trouble("journal", fault))
        self._trouble = trouble
        self._bookkeeper = bookkeeper
        self._evidence = evidence
        self._pauses = pauses
        self._unknown = unknown
        self._repairs = repairs
        self.heard_at = heard_at  #: when the PBX was last heard, in seconds since 1970; None: never
        self._left_at = heard_at  #: when the PBX was last heard before this connection
        self._tell = tell
        self._own = (
            OwnRecordings(assembler, connection.post, mutes_all=pauses.mutes_all) if settings.record_calls else None
        )
        self._pbx = assembler.pbx
        self._started = time.monotonic()
        self._pinged = self._watched = self._checkpointed = self._started
        self._pruned = float("-inf")
        self._watches = 0

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. Raises ConnectionFault when the connection ends or falls silent."""
        self._resync()
        while not stop.is_set():
            self._take(self._connection.inbox.take(_WAKE_S))
            self._tick()

    def _resync(self) -> None:
        """Ask what is going on, with a mark in the journal before the answers."""
        now = time.time()
        self._logbook.note(mark(MARK_CONNECTED, now))
        self._repairs.missed(self.heard_at, now, self._assembler.position)
        for action in ("CoreShowChannels", "Status", "QueueStatus", "BridgeList"):
            self._connection.post(action)

    def _take(self, items: list[Received | Lost]) -> None:
        came = [item for item in items if isinstance(item, Received)]
        if came:
            self._logbook.received(came)
            for item in came:
                for message in item.messages:
                    self._observe(message)
            self.heard_at = came[-1].at
            self._bookkeeper.saw_event(came[-1].at)
            metrics.events.labels(self._pbx).inc(sum(len(item.messages) + item.passed_over for item in came))
            self._hand_on()
        if items and isinstance(items[-1], Lost):
            raise ConnectionFault(items[-1].why)

    def _hand_on(self) -> None:
        calls, activities = self._assembler.changed(), self._assembler.activities_changed()
        if calls or activities:
            self._bookkeeper.submit(calls, activities)
            self._repairs.touched(calls)
            metrics.open_calls.labels(self._pbx).set(len(self._assembler.calls))
        if self._own is not None:
            self._own.start(calls)

    def _tick(self) -> None:
        now = time.monotonic()
        self._pauses.act(self._connection.post, self._assembler)
        self._repair()
        silence_s = self._connection.silence_s()
        if silence_s > self._patience.ping_every_s + self._patience.ping_deadline_s:
            raise ConnectionFault(f"no answer for {silence_s:.0f} s")
        if silence_s > self._patience.ping_every_s and now - self._pinged > self._patience.ping_every_s:
            self._pinged = now
            self._connection.post("Ping")
        if now - self._watched > self._patience.watch_every_s:
            self._watched = now
            self._watches += 1
            self._connection.post("CoreShowChannels", action_id=f"{WATCH_PREFIX}-{self._watches}")
        if now - self._checkpointed > self._patience.checkpoint_every_s and not self._logbook.failing:
            self._checkpointed = now
            self._unknown.skipped(self._connection.skipped)
            self._keep_house(now)

    def _repair(self) -> None:
        """Take what the PBX's own records say of calls that we did not hear in whole."""
        for found in self._repairs.found():
            self._logbook.note(*found.as_marks(time.time()))
            self._hand_on()
        self._trouble("call records", self._repairs.problem)

    def _keep_house(self, now: float) -> None:
        try:
            self._bookkeeper.note_checkpoint(self._journal, self._assembler, needed=self._repairs.oldest())
            if now - self._pruned > _PRUNE_EVERY_S:
                self._pruned = now
                self._journal.prune(keep_days=self._settings.journal_keep_days, now=time.time())
        except OSError:
            metrics.journal_faults.labels(self._pbx).inc()

    # -- what the events tell beside calls

    def _observe(self, message: Message) -> None:
        """Look at what is no matter of the assembler's: answers to us, privileges that we lack, questions to ask now."""
        if message.kind is Kind.RESPONSE or message.name == "MixMonitorStart":
            self._pauses.heard(message, self._connection.post, self._assembler)
        if message.kind is not Kind.EVENT:
            self._answered(message)
            return
        self._unknown.event(message.name)
        look = _LOOKS.get(message.name)
        changed = self._evidence.saw(message) if self._evidence.missing else False
        if look is not None:
            changed = look(self, message) or changed
        if changed:
            self._tell()

    def _answered(self, message: Message) -> None:
        if message.kind is Kind.OTHER:
            self._unknown.malformed()
        elif message.name.lower() == "error" and not message.get("ActionID").startswith(GETVAR_PREFIX):
            _log.warning("action_refused", pbx=self._pbx, action=message.get("ActionID"), reason=message.get("Message"))

    def _channel_listed(self, message: Message) -> bool:
        """Ask a running channel for its variables; a listing to look by is held against what the events told.

        A call that began since we connected has its beginning.
        """
        if not message.get("ActionID").startswith(WATCH_PREFIX):
            fields = {"Channel": message.get("Channel"), "Variable": VARIABLE}
            self._ask("Getvar", fields, f"{GETVAR_PREFIX}{message.get('Uniqueid')}")
            return False
        call = self._assembler.call_of(message.get("Uniqueid"))
        no_call = message.get("Channel").startswith(("Message/", "Local/", "CBAnn/", "Recorder/"))
        return self._evidence.listed(
            age_s=clock_s(message.get("Duration")),
            connected_s=time.monotonic() - self._started,
            seen=no_call or (call is not None and call.complete),
            in_queue=message.get("Application") == "Queue",
            queue_seen=call is None or bool(call.visits),
        )

    def _listing_complete(self, message: Message) -> bool:
        if not message.get("ActionID").startswith(WATCH_PREFIX):
            self._bookkeeper.close_all_but(self._assembler.calls)
        return False

    def _queues_listed(self, message: Message) -> bool:
        del message
        self._bookkeeper.end_standing_but(
            self._assembler.standing(), heard_at=self._left_at, again_at=self._assembler.heard_again
        )
        return False

    def _bridge_listed(self, message: Message) -> bool:
        bridge = message.get("BridgeUniqueid")
        self._ask("BridgeInfo", {"BridgeUniqueid": bridge}, f"{BRIDGE_PREFIX}{bridge}")
        return False

    def _recording_started(self, message: Message) -> bool:
        call = self._assembler.call_of(message.get("Uniqueid"))
        if "dialplan" in self._evidence.missing or call is None or call.monitors:
            return False
        self._evidence.missing.add("dialplan")
        return True

    def _ask(self, action: str, fields: dict[str, str], action_id: str) -> None:
        """A question with values of the PBX's own, which may hold what an action must not."""
        if not any("\r" in value or "\n" in value for value in (*fields.values(), action_id)):
            self._connection.post(action, fields, action_id=action_id)


#: Events that tell us something and the assembler nothing.
OWN_EVENTS = frozenset({"MixMonitorStart"})
_LOOKS: dict[str, Callable[[Session, Message], bool]] = {
    "CoreShowChannel": Session._channel_listed,  # noqa: SLF001 - its own
    "CoreShowChannelsComplete": Session._listing_complete,  # noqa: SLF001
    "QueueStatusComplete": Session._queues_listed,  # noqa: SLF001
    "BridgeListItem": Session._bridge_listed,  # noqa: SLF001
    "MixMonitorStart": Session._recording_started,  # noqa: SLF001
}
