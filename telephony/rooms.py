"""Conference rooms: whoever meets in one is in one call, though Linkedid never says so. Times in seconds since 1970."""

from __future__ import annotations

from telephony import sentences
from telephony.callbook import CallBook
from telephony.channels import Channel
from telephony.history import CallHistory


def meet(book: CallBook, channel: Channel, bridge: str, room: str, at: float) -> None:
    """The channel is in the room whose bridge this is. Two customers keep a call each."""
    if not channel.is_real:
        return
    call = book.call_of[channel.uniqueid]
    if call.conference != room:
        call.conference = room
        book.note(call, sentences.IN_ROOM, at, party=channel.interface, room=room)
    here = {book.call_of[c.uniqueid].linked_id for c in book.board.members(bridge) if c.is_real}
    met = sorted((book.open[one] for one in here if one in book.open), key=lambda c: c.started_at)
    customers = [one for one in met if _has_customer(book, one)]
    whole = (customers or met or [call])[0]
    for part in met:
        if part is not whole and not _has_customer(book, part):
            book.join(part, whole, at)


def _has_customer(book: CallBook, call: CallHistory) -> bool:
    customer = call.customer(book.numbering)
    return customer is not None and (bool(call.visits) or not book.numbering.is_inside(customer))
