"""The customer sent on by the manager, not by a phone: Redirect and Park leave no event of a transfer behind.

A Redirect shows as a step of the dialplan of a channel that is still in a bridge; whoever was with it is then hung up.
Where both are sent (into a room), nobody handed the call on. Times in seconds since 1970.
"""

from __future__ import annotations

from telephony import sentences
from telephony.callbook import CallBook
from telephony.channels import Channel, peer
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.ledger import TransferKind
from telephony.parts import OpenSpan, TransferNote

#: Whoever is left behind is out of the bridge within this time.
_LEFT_BEHIND_S = 1.0
_NO_NUMBER = ("", "s", "h", "i", "t")


def sent_on(channel: Channel, message: Message, at: float) -> None:
    """A step of the dialplan: if the channel is still in a bridge, it was sent there from outside."""
    extension = message.get("Extension") or message.get("Exten")
    if channel.bridge is not None and message.get("Priority") == "1" and extension not in _NO_NUMBER:
        channel.sent_to, channel.sent_at = extension, at


def left_behind(book: CallBook, channel: Channel, at: float) -> None:
    """The channel is hung up: if the customer was taken away from it a moment ago, it handed the call on."""
    call = book.call_of[channel.uniqueid]
    span = next((span for span in reversed(call.spans) if span.channel is channel), None)
    if span is None or channel.sent_at is not None:
        return  # before anything else is asked: every hang-up comes here
    customer = call.customer(book.numbering)
    if customer is None or customer.sent_at is None:
        return
    asked = any(note.uniqueid == channel.uniqueid and note.at <= customer.sent_at for note in call.hangup_requests)
    apart_s = (at if span.ended_at is None else span.ended_at) - customer.sent_at
    if not asked and span.started_at < customer.sent_at and 0 <= apart_s < _LEFT_BEHIND_S:
        _note(book, call, span, to=customer.sent_to, at=customer.sent_at)
        customer.sent_at = None


def parked(book: CallBook, call: CallHistory, message: Message, at: float) -> None:
    """The customer was put into the parking lot; by a phone's transfer, it is told already."""
    by = peer(message.get("ParkerDialString"))
    spans = [span for span in call.spans if span.channel.interface == by or not by]
    if spans and at - (spans[-1].ended_at or at) < _LEFT_BEHIND_S:
        _note(book, call, spans[-1], to=message.get("ParkingSpace"), at=at)


def _note(book: CallBook, call: CallHistory, span: OpenSpan, *, to: str, at: float) -> None:
    agent = span.channel
    if agent.handed_over or any(note.transferrer_channel == agent.uniqueid for note in call.transfers):
        return
    agent.handed_over = True
    from_ = book.numbering.extension(agent)
    call.transfers.append(
        TransferNote(
            kind=TransferKind.BLIND,
            transferrer=from_,
            target=to,
            at=at,
            transferrer_channel=agent.uniqueid,
            inferred=True,
        )
    )
    book.note(call, sentences.TRANSFERRED_BLIND, at, **{"from": from_, "to": to})
