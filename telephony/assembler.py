"""Events in, calls out: a pure function of what the PBX said, in the order in which it was said.

What shaped it: `Linkedid` changes when a consultation joins the call that it is about; a span is a stretch in
which the agent's channel hears the customer's, through Local channels too; QueueCallerAbandon also fires on a timeout.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping

from telephony import clock_steps, conclusions
from telephony.agents import AgentsAtWork
from telephony.bridge_events import BridgeEvents
from telephony.call_events import CallEvents
from telephony.callbook import CallBook
from telephony.channels import Numbering, Switchboard
from telephony.clock import PbxClock
from telephony.event_names import KNOWN_EVENTS
from telephony.frames import Kind, Look, Message
from telephony.history import CallHistory
from telephony.ledger import Activity, CallSnapshot, Position, seconds_since_1970
from telephony.queue_events import QueueEvents
from telephony.repair_marks import RepairMarks
from telephony.resync import Resync
from telephony.running_recordings import RunningRecordings
from telephony.transfer_events import TransferEvents

#: Marks that the journal and the listener write between the PBX's own messages.
MARK_RECEIVED = "received"
MARK_CONNECTED = "connected"
MARK_HOLE = "hole"
#: Asked of every message, and an enum's members are slow to look up.
_EVENT = Kind.EVENT


class Assembler:
    """Follows every call of one PBX. `feed` events, then take what `changed`, and `activities_changed`."""

    def __init__(self, *, pbx: str, numbering: Numbering, wrap_up_s: Mapping[str, float] | None = None) -> None:
        """`wrap_up_s`: how long each queue leaves its members alone after a call, where the PBX doesn't say."""
        self.pbx = pbx
        self.numbering = numbering
        self.events = 0
        self.unknown_events = 0  #: events with a name that Asterisk's own documentation does not have
        self.malformed = 0  #: messages that are no event, no response and no mark
        self._agents = AgentsAtWork(pbx=pbx, wrap_up_s=wrap_up_s or {})
        self._book = CallBook(numbering=numbering, agents=self._agents)
        self._clock = PbxClock()
        self._emitted: dict[str, CallSnapshot] = {}
        self.running_recordings = RunningRecordings(self._book)
        self._resync = Resync(self._book, self._agents, self.running_recordings)
        self._repair = RepairMarks(self._book)
        self._channels = CallEvents(self._book)
        #: of kinds that come in masses, which tell something; asked before anything else is read
        wanted: dict[str, Callable[[Message], bool]] = {
            "VarSet": self._channels.wants_variable,
            "Newexten": self._channels.wants_step,
            "CEL": self._repair.wants,
        }
        handlers: dict[str, Callable[[Message, float], None]] = {
            **self._channels.handlers(),
            **QueueEvents(self._book).handlers(),
            **BridgeEvents(self._book).handlers(),
            **TransferEvents(self._book).handlers(),
            **self._resync.handlers(),
            **self._repair.handlers(),
        }
        #: both by the event's name, so that each event costs one look-up
        self._takers = {name: (wanted.get(name), handler) for name, handler in handlers.items()}

    # -- what is known now

    @property
    def calls(self) -> dict[str, CallHistory]:
        """The open calls by linked id."""
        return self._book.open

    @property
    def board(self) -> Switchboard:
        return self._book.board

    @property
    def position(self) -> Position | None:
        """Set by whoever feeds: where the next event lies in the journal."""
        return self._book.position

    @position.setter
    def position(self, place: Position | None) -> None:
        self._book.position = place

    def call_of(self, uniqueid: str) -> CallHistory | None:
        """The open call in which the channel is or was; None for one that we never saw or whose call is over."""
        return self._book.call_of.get(uniqueid)

    def oldest(self) -> Position | None:
        """Where the first event lies of the oldest call that is not done: open, or wrapped up by its agent. None for none."""
        going_on = [*self._book.open.values(), *self._agents.wrapping()]
        return min((call.since for call in going_on if call.since is not None), default=None)

    # -- in

    def looks(self) -> dict[str, Look | bool]:
        """For a sieve: by the name of the event, whether it says anything of calls and agents, or how its bytes alone tell."""
        told: dict[str, Look | bool] = {name: name in self._takers for name in KNOWN_EVENTS | self._takers.keys()}
        return told | {"VarSet": self._channels.variable_tells}

    def pass_over(self, events: int) -> None:
        """Count events that a sieve with these looks held back."""
        self.events += events

    def resume(self, settled: Collection[str]) -> None:
        """What follows is read again from somewhere in its midst: all before it, and of the calls `settled` (linked ids), was told."""
        self._agents.resume(settled)

    def start_clock(self, at: float) -> None:
        """What follows arrived at `at`, as a mark `received` says it. Seconds since 1970."""
        self._clock.arrived(at)
        self._agents.tick(self._clock.now)

    def presume_clock(self, at: float) -> None:
        """The time of what comes before the first event that names its own."""
        self._clock.start(at)

    def feed(self, message: Message) -> None:
        """Take one message of the stream."""
        self.feed_all((message,))

    def feed_all(self, messages: Collection[Message]) -> None:
        """Take messages of the stream, in order; those that tell nothing of calls are counted and passed over."""
        takers, book, agents, clock, resync = self._takers, self._book, self._agents, self._clock, self._resync
        self.events += len(messages)
        for message in messages:
            if message.kind is not _EVENT:
                self.events -= 1
                self._feed_other(message)
                continue
            name = message.name
            taker = takers.get(name)
            if taker is None:
                if name not in KNOWN_EVENTS:
                    self.unknown_events += 1
                continue
            wants, handler = taker
            if wants is not None and not wants(message):
                continue
            at = clock.read(message)  # the PBX's own time stamp where it gives one, else when we received it
            if clock.surprised or resync.uptime_s is not None:
                self._look_at_clock(message, at)
            book.message = message
            if at >= agents.next_due:
                agents.tick(at)
            handler(message, at)

    def _feed_other(self, message: Message) -> None:
        if message.kind is Kind.MARK:
            self._mark(message)
        elif message.kind is Kind.RESPONSE:
            self._book.message = message
            self.running_recordings.answered(message, self._clock.now)
        elif message.kind is Kind.OTHER:
            self.malformed += 1

    def _look_at_clock(self, message: Message, at: float) -> None:
        """What the time of a message, seconds since 1970, tells of the PBX: that it was started, was silent, or set its clock."""
        clock = self._clock
        if self._resync.uptime_s is not None and message.get("Timestamp"):
            self._resync.boot_time(at)
        if clock.silent_since is not None:
            self._resync.silent(clock.silent_since, at)
        if clock.step_s:
            for call in self._book.open.values():
                clock_steps.shift(call, clock.step_s)
                self._book.touched[call.linked_id] = None
            self._agents.clock_set(clock.step_s, at)

    def _mark(self, message: Message) -> None:
        self._book.message = message
        name = message.name
        if name in self._repair.marks:
            self._repair.marks[name](message, self._clock.now)
            return
        with contextlib.suppress(ValueError):
            before, at = self._clock.heard_at, seconds_since_1970(message.get("At"))
            self._clock.arrived(at)
            if name == MARK_CONNECTED:
                self._clock.connected()
                self._resync.begin(before, self._clock.now)
            elif name == MARK_HOLE:
                self._resync.missed(before, self._clock.now)
            self._agents.tick(self._clock.now)

    # -- out

    def changed(self) -> list[CallSnapshot]:
        """Every call that is different from what was last taken, ended ones last and then forgotten."""
        found = []
        book = self._book
        for linked_id in book.touched:
            call = book.open.get(linked_id)
            if call is None or not self._is_a_call(call):
                continue
            now = self._snapshot(call)
            if now != self._emitted.get(linked_id):
                self._emitted[linked_id] = now
                found.append(now)
        book.touched.clear()
        book.touch_ended(self._agents.wrapped())
        for call in book.just_ended.values():
            if call.merged_into is None and self._is_a_call(call):
                found.append(self._snapshot(call))
            elif call.linked_id in self._emitted:
                found.append(self._snapshot(call, gone=True))
            if call.linked_id not in book.open:
                self._emitted.pop(call.linked_id, None)
        book.just_ended.clear()
        return found

    def activities_changed(self) -> list[Activity]:
        """What agents began or ended doing since this was last asked, in the order in which they did."""
        return self._agents.changed()

    def standing(self) -> list[Activity]:
        """Who is logged in and who is paused, by all that was told."""
        return self._agents.standing()

    @property
    def heard_again(self) -> float:
        """When the last connection was made, in seconds since 1970; 0 for none."""
        return self._agents.heard_again

    def end_of_stream(self) -> list[CallSnapshot]:
        """Every call that is still open where a capture ends, as it stands then, in the order of their starts.

        What came after is not in the capture: a gap without an end.
        """
        found = []
        for call in self._book.open.values():
            if self._is_a_call(call):
                call.gap(max(self._clock.now, call.started_at), None)
                found.append(self._snapshot(call))
        return found

    def _snapshot(self, call: CallHistory, *, gone: bool = False) -> CallSnapshot:
        merged_into = call.merged_into or (call.linked_id if gone else None)
        return conclusions.snapshot(
            call, pbx=self.pbx, numbering=self.numbering, name_of=self._agents.name_of, merged_into=merged_into
        )

    def _is_a_call(self, call: CallHistory) -> bool:
        """A real party takes part, and it is no feature code dialled by one of ours."""
        first = call.first
        if first is None or not any(channel.is_real for channel in call.channels.values()):
            return False
        if call.visits or call.spans or not self.numbering.is_inside(first):
            return True
        return not (call.called.startswith(("*", "#")) or (call.service and not call.dials))
