"""Who called whom: the direction of a call and the numbers at both of its ends."""

from __future__ import annotations

from telephony import durations
from telephony.channels import Channel, Numbering
from telephony.history import CallHistory
from telephony.tables import Direction


def direction(history: CallHistory, numbering: Numbering) -> Direction:
    """Inbound: entered a queue, or came from outside. Outbound: the PBX or one of ours called outside. Internal: neither."""
    first = history.first
    if durations.waiting(history) or first is None:
        return Direction.INBOUND
    if not numbering.is_inside(first):
        return Direction.OUTBOUND if first.originated else Direction.INBOUND
    if not first.dialled and history.last_queue:
        return Direction.INBOUND  # of a queue that took the caller in, unseen, or did not
    if any(
        c is not first and c.is_real and c.dialled and not numbering.is_inside(c) for c in history.channels.values()
    ):
        return Direction.OUTBOUND
    dialled = "".join(letter for letter in history.called if letter.isdigit() or letter == "+")
    return Direction.OUTBOUND if dialled and not numbering.is_extension(dialled) else Direction.INTERNAL


def caller(history: CallHistory, numbering: Numbering) -> str | None:
    """The caller's number; one of our phones that shows none is named by its extension.

    Of a call that the PBX began of itself it is who was called first and then sent on to the other: the number that the
    PBX showed meanwhile says nothing of them.
    """
    first = history.first
    if first is None:
        return None
    shown = durations.known(first.caller_number)
    if first.originated and not _called_outside(history, numbering):
        return _phone(history, first, numbering) or shown
    if first.originated and durations.waiting(history):
        return numbering.reached(first)
    if first.originated and shown == numbering.reached(first):
        return durations.known(history.called)
    return shown or (first.station if numbering.is_extension(first.station) else None)


def called(history: CallHistory, numbering: Numbering) -> str | None:
    """The number called: as dialled, or where the PBX called somebody outside first, theirs."""
    first = history.first
    if first is not None and _called_outside(history, numbering) and not durations.waiting(history):
        return numbering.reached(first)
    return durations.known(history.called)


def _called_outside(history: CallHistory, numbering: Numbering) -> bool:
    """Whether the PBX began the call at a number outside."""
    first = history.first
    if first is None or not first.originated:
        return False
    number = numbering.reached(first).removeprefix("+")
    return number.isdigit() and not numbering.is_extension(number)


def _phone(history: CallHistory, first: Channel, numbering: Numbering) -> str | None:
    """The phone of ours with which the PBX began the call, behind a Local channel too."""
    if numbering.is_extension(first.station):
        return first.station
    phone = first if first.is_real else next((c for c in history.channels.values() if c.is_real), None)
    return None if phone is None else durations.known(numbering.extension(phone))
