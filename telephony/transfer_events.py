"""What the events of transfers mean: who handed the call to whom, and which second call was about the first."""

from __future__ import annotations

from collections.abc import Callable

from telephony import sentences
from telephony.callbook import CallBook
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.ledger import TransferKind
from telephony.parts import OpenSpan, TransferNote

#: The events of one transfer come within this time: whoever hears the customer so shortly before it is told, got them by it.
_TOGETHER_S = 0.05


class TransferEvents:
    """Handlers of BlindTransfer and AttendedTransfer. Times in seconds since 1970."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def handlers(self) -> dict[str, Callable[[Message, float], None]]:
        return {"BlindTransfer": self._blind, "AttendedTransfer": self._attended}

    def _blind(self, message: Message, at: float) -> None:
        self._transfer(message, at, kind=TransferKind.BLIND, who="Transferer", target=message.get("Extension"))

    def _attended(self, message: Message, at: float) -> None:
        consultation = self._book.call_of.get(message.get("SecondTransfererUniqueid"))
        self._transfer(
            message,
            at,
            kind=TransferKind.ATTENDED,
            who="OrigTransferer",
            target=self._target(message, consultation),
            ringing=_rings(consultation),
        )
        self._join_consultation(message, consultation, at)

    @staticmethod
    def _target(message: Message, consultation: CallHistory | None) -> str:
        """The extension as it was dialled: on the second line, or behind the Local channel that the PBX dialled with."""
        if message.get("SecondTransfererUniqueid") != message.get("OrigTransfererUniqueid"):
            second = consultation.channels.get(message.get("SecondTransfererUniqueid")) if consultation else None
            dialled = second.exten if second is not None else message.get("SecondTransfererExten")
            if dialled not in ("", "s"):
                return dialled
        if message.get("TransferTargetChannel").startswith("Local/"):
            return message.get("TransferTargetExten") or message.get("TransferTargetCallerIDNum")
        return (
            message.get("TransferTargetCallerIDNum")
            or _dialled_by_pbx(consultation)
            or message.get("SecondTransfererExten")
        )

    def _join_consultation(self, message: Message, consultation: CallHistory | None, at: float) -> None:
        """The transferrer's second line was about this call; its Linkedid never says so."""
        call = self._book.call_of.get(message.get("OrigTransfererUniqueid")) or self._book.call_of.get(
            message.get("TransfereeUniqueid")
        )
        if call is not None and consultation is not None and call is not consultation:
            self._book.join(consultation, call, at)
        if call is not None:
            self._book.explain(*call.unexplained)

    def _transfer(
        self, message: Message, at: float, *, kind: TransferKind, who: str, target: str, ringing: bool = False
    ) -> None:
        uniqueid = message.get(f"{who}Uniqueid")
        call = self._book.call_of.get(uniqueid)
        if call is None or message.get("Result") not in ("", "Success"):
            return
        transferrer = call.channels[uniqueid]
        known = next((note for note in call.transfers if note.transferrer_channel == uniqueid), None)
        if transferrer.handed_over and known is not None:
            if known.inferred:  # the parking lot may tell of it first
                known.kind, known.target, known.inferred = kind, target, False
            return  # told twice
        for span in call.open_spans:
            if span.channel.uniqueid == uniqueid:
                self._book.close_span(call, span, at)
            elif at - span.started_at < _TOGETHER_S:
                span.started_at = max(at, span.started_at)  # from the transfer's completion on
        # whoever hands the call on begins no time with the customer then, on no line: a bridge was entered before it was left
        call.spans = [span for span in call.spans if not _is_momentary(span, transferrer.interface, at)]
        transferrer.handed_over = True
        for channel in call.channels.values():
            if channel.is_local and channel.member_interface == transferrer.member_interface:
                channel.member_interface = channel.member_name = None  # what it dials now is somebody else
        from_ = self._book.numbering.extension(transferrer) or message.get(f"{who}CallerIDNum")
        call.transfers.append(
            TransferNote(
                kind=kind, transferrer=from_, target=target, at=at, transferrer_channel=uniqueid, ringing=ringing
            )
        )
        text = sentences.TRANSFERRED_BLIND if kind is TransferKind.BLIND else sentences.TRANSFERRED_ATTENDED
        if ringing:
            text = sentences.TRANSFERRED_RINGING
        self._book.note(call, text, at, **{"from": from_, "to": target})
        self._book.connect(call, at)  # whoever handed the call on may stay on the line, but talks to nobody


def _rings(consultation: CallHistory | None) -> bool:
    """Whether the phone that is being consulted has not answered yet."""
    return consultation is not None and any(
        dial.ended_at is None and dial.target in consultation.live and consultation.live[dial.target].is_real
        for dial in consultation.dials
    )


def _is_momentary(span: OpenSpan, interface: str, at: float) -> bool:
    return span.channel.interface == interface and 0 <= at - span.started_at < _TOGETHER_S


def _dialled_by_pbx(call: CallHistory | None) -> str:
    """What the PBX dialled last for an agent, by a Local channel: the event does not always name the target."""
    if call is None:
        return ""
    numbers = [channel.exten for channel in call.channels.values() if channel.is_local and channel.name.endswith(";1")]
    return next((number for number in reversed(numbers) if number not in ("", "s")), "")
