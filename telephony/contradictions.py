"""What of an ended call can't be so: the event that would explain it was lost, though no connection was. Times in seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterator

from telephony.history import CallHistory
from telephony.ledger import TransferKind

#: The stretch in which events are missing.
Stretch = tuple[float, float]

#: What a phone says while it hands a call on comes so long before the PBX tells of it, at most.
_TRANSFER_S = 1.0
#: The events of one end come within this time.
_TOGETHER_S = 0.5
_TRANSFERRED = "transfer"


def found(call: CallHistory) -> Iterator[Stretch]:
    """Each stretch in which an event must have been that did not come."""
    yield from _unseen_visits(call)
    yield from _dials_without_end(call)
    yield from _unseen_transfers(call)
    yield from _unseen_holds(call)
    yield from call.unexplained.values()


def _unseen_visits(call: CallHistory) -> Iterator[Stretch]:
    """The queue told of a caller who was not seen to come in, or not to leave, or who gave up without hanging up."""
    for visit in call.visits:
        if visit.join_unseen:
            yield visit.joined_at, visit.joined_at
        if visit.left_at is None:
            yield visit.joined_at, max(visit.joined_at, call.last_seen_at)
        elif visit.abandoned and not visit.status:
            asked = [note.at for note in call.hangup_requests if note.uniqueid == visit.uniqueid]
            ordered = [note.at for note in call.pbx_hangups if note.uniqueid == visit.uniqueid]
            if not any(abs(at - visit.left_at) < _TOGETHER_S for at in asked) and not any(
                0 <= visit.left_at - at < _TOGETHER_S for at in ordered
            ):
                yield visit.left_at, visit.left_at


def _dials_without_end(call: CallHistory) -> Iterator[Stretch]:
    """A phone that rang and is gone, and nothing told how that came out."""
    for dial in call.dials:
        if not dial.status and not dial.taken and dial.ended_at is not None:
            yield dial.begun_at, dial.ended_at


def _unseen_holds(call: CallHistory) -> Iterator[Stretch]:
    """Somebody resumed what they were not seen to hold. A phone that hands a call on says so too, without a hold."""
    yield from call.moved_away
    for note in call.transfers:
        span = next((span for span in call.spans if span.channel.uniqueid == note.transferrer_channel), None)
        held = span is None or any(hold.channel is span.channel for hold in call.holds)
        if note.kind is TransferKind.ATTENDED and span is not None and not held:
            yield span.started_at, note.at  # nobody consults a colleague before the customer's ears
    for started_at, ended_at in call.unseen_holds:
        if not any(abs(note.at - ended_at) < _TRANSFER_S for note in call.transfers):
            yield started_at, ended_at


def _unseen_transfers(call: CallHistory) -> Iterator[Stretch]:
    """Who was only consulted is with the customer, or the queue says that its member handed the call on, and no transfer was told."""
    for queue_end in call.queue_ends:
        told = any(abs(note.at - queue_end.at) < _TRANSFER_S for note in call.transfers)
        if queue_end.reason == _TRANSFERRED and not told:
            yield queue_end.at, queue_end.at
    if any(note.kind is TransferKind.ATTENDED for note in call.transfers):
        return
    consulted = _consulted(call)
    for span in call.spans:
        if span.channel.uniqueid in consulted:
            yield span.started_at, span.started_at


def _consulted(call: CallHistory) -> set[str]:
    """The channels of second lines, and whom they called."""
    found = set(call.consulting)
    while more := {dial.target for dial in call.dials if dial.caller in found} - found:
        found |= more
    return found
