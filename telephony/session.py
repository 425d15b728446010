"""One connection's working life: bytes to the journal, events to the assembler, calls to the ledger, pings, listings."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import metrics, mixmonitor, problems
from telephony.ami import ConnectionFault, Lost, ManagerConnection, Received
from telephony.assembler import MARK_CONNECTED, MARK_RECEIVED, Assembler
from telephony.bookkeeper import Bookkeeper
from telephony.frames import Kind, Message
from telephony.ids import call_id
from telephony.journal import Journal, mark
from telephony.ledger import CallSnapshot, Position
from telephony.pausing import Pauses
from telephony.privileges import Evidence, unread
from telephony.resync import WATCH_PREFIX, clock_s
from telephony.tables import CallState

if TYPE_CHECKING:
    from telephony.listener import Patience

_WAKE_S = 0.25
_BATCH = 200
_CHECKPOINT_EVERY_S = 5.0
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
        tell: Callable[[str, str | None], None],
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._patience = patience
        self._assembler = assembler
        self._journal = journal
        self._bookkeeper = bookkeeper
        self._evidence = evidence
        self._pauses = pauses
        self._tell = tell
        self._pbx = assembler.pbx
        self._started = time.monotonic()
        self._pinged = self._watched = self._checkpointed = self._started
        self._pruned = float("-inf")
        self._watches = 0
        self._asked_to_record: set[str] = set()
        self._journal_fault: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. Raises ConnectionFault when the connection ends or falls silent."""
        self._resync()
        while not stop.is_set():
            try:
                item = self._connection.inbox.get(timeout=_WAKE_S)
                for _ in range(_BATCH):
                    self._take(item)
                    item = self._connection.inbox.get_nowait()
            except queue.Empty:
                pass
            self._tick()

    def _resync(self) -> None:
        """Ask what is going on, with a mark in the journal before the answers."""
        now = time.time()
        self._assembler.position = self._append(mark(MARK_CONNECTED, now), now)
        self._assembler.feed(Message(f"Avasanj: {MARK_CONNECTED}\r\nAt: {now:.6f}"))
        for action in ("CoreShowChannels", "Status", "QueueStatus"):
            self._connection.post(action)

    def _take(self, item: Received | Lost) -> None:
        if isinstance(item, Lost):
            raise ConnectionFault(item.why)
        self._assembler.position = self._append(mark(MARK_RECEIVED, item.at) + item.raw, item.at)
        self._assembler.start_clock(item.at)
        self._bookkeeper.saw_event(item.at)
        metrics.events.labels(self._pbx).inc(len(item.messages))
        for message in item.messages:
            self._assembler.feed(message)
            self._observe(message)
            if message.name == "CoreShowChannelsComplete" and not message.get("ActionID").startswith(WATCH_PREFIX):
                self._bookkeeper.close_all_but(self._assembler.calls)
        calls = self._assembler.changed()
        if calls:
            self._bookkeeper.submit(calls)
            self._record(calls)
            metrics.open_calls.labels(self._pbx).set(len(self._assembler.calls))

    def _append(self, raw: bytes, at: float) -> Position | None:
        """To the journal. A full disk is told and lived with: the ledger goes on without it."""
        try:
            position = self._journal.append(raw, at=at)
        except OSError as error:
            metrics.journal_faults.labels(self._pbx).inc()
            fault = problems.text(problems.JOURNAL, folder=self._journal.folder, fault=error.strerror or error)
            if self._journal_fault is None:
                _log.error("journal_fault", pbx=self._pbx, remedy=fault)
                self._tell("connected", fault)
            self._journal_fault = fault
            return None
        if self._journal_fault is not None:
            self._journal_fault = None
            self._tell("connected", None)
        return position

    def _tick(self) -> None:
        now = time.monotonic()
        self._pauses.act(self._connection.post, self._assembler)
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
        if now - self._checkpointed > _CHECKPOINT_EVERY_S and self._journal_fault is None:
            self._checkpointed = now
            self._keep_house(now)

    def _keep_house(self, now: float) -> None:
        # the order matters: what is open is asked for before the end is
        places = [
            place for place in (self._assembler.oldest(), self._bookkeeper.oldest_unsettled()) if place is not None
        ]
        try:
            self._journal.set_checkpoint(min(places) if places else self._journal.end())
            if now - self._pruned > _PRUNE_EVERY_S:
                self._pruned = now
                self._journal.prune(keep_days=self._settings.journal_keep_days, now=time.time())
        except OSError:
            metrics.journal_faults.labels(self._pbx).inc()

    # -- what the events tell beside calls

    def _observe(self, message: Message) -> None:
        self._pauses.heard(message, self._connection.post, self._assembler)
        if message.kind is Kind.RESPONSE:
            if message.name.lower() == "error":
                _log.warning(
                    "action_refused", pbx=self._pbx, action=message.get("ActionID"), reason=message.get("Message")
                )
            return
        changed = self._evidence.saw(message) if self._evidence.missing else False
        if message.name == "CoreShowChannel" and message.get("ActionID").startswith(WATCH_PREFIX):
            changed = self._watch(message)
        elif message.name == "MixMonitorStart" and "dialplan" not in self._evidence.missing:
            call = self._assembler.call_of(message.get("Uniqueid"))
            if call is not None and not call.monitors:
                self._evidence.missing.add("dialplan")
                changed = True
        if changed:
            missing = self._evidence.missing
            if missing:
                self._tell("unprivileged", unread(missing, user=self._settings.ami_user).problem)
            else:
                self._tell("connected", None)

    def _watch(self, message: Message) -> bool:
        """Hold a listed channel against what its events told. A call that began since we connected has its beginning."""
        call = self._assembler.call_of(message.get("Uniqueid"))
        no_call = message.get("Channel").startswith(("Message/", "Local/", "CBAnn/", "Recorder/"))
        return self._evidence.listed(
            age_s=clock_s(message.get("Duration")),
            connected_s=time.monotonic() - self._started,
            seen=no_call or (call is not None and call.complete),
            in_queue=message.get("Application") == "Queue",
            queue_seen=call is None or bool(call.visits),
        )

    def _record(self, calls: list[CallSnapshot]) -> None:
        """Start a recording of both parties where an agent has just answered and the dialplan records no legs."""
        if not self._settings.record_calls:
            return
        for seen in calls:
            if seen.state is CallState.ENDED:
                self._asked_to_record.discard(seen.linked_id)
            call = self._assembler.calls.get(seen.linked_id)
            if seen.state is not CallState.TALKING or call is None or seen.linked_id in self._asked_to_record:
                continue
            if any(monitor.named and monitor.received and monitor.transmitted for monitor in call.monitors):
                continue
            customer = call.customer(self._assembler.numbering)
            if customer is not None and customer.live:
                self._asked_to_record.add(seen.linked_id)
                file, options = mixmonitor.own_names(str(call_id(self._pbx, seen.linked_id)))
                self._connection.post("MixMonitor", {"Channel": customer.name, "File": file, "Options": options})
