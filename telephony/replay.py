"""A recorded event stream or a journal, told as a ledger: the same assembler as the live listener's, and nothing else."""

from __future__ import annotations

import contextlib
import datetime
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from avasanj.errors import InputError
from telephony import journal
from telephony.assembler import Assembler
from telephony.channels import Numbering
from telephony.frames import Framer, Kind, Message
from telephony.ledger import CallSnapshot, HungUpBy, Span, seconds_since_1970
from telephony.tables import Disposition

_DISPOSITION = {Disposition.TIMED_OUT: "timeout"}
_HUNG_UP_BY = {HungUpBy.PBX: "system"}


def replay(
    source: str | Path | Iterable[bytes], *, pbx: str = "replay", numbering: Numbering | None = None
) -> list[dict[str, Any]]:
    """The calls of a raw capture, a journal segment, a journal's folder or chunks of bytes, in the order of their starts.

    Ready for JSON: times in ISO 8601 (UTC), seconds from the call's start. Raises InputError for a file that can't be
    read or holds no manager events.
    """
    stream = _of_file(Path(source)) if isinstance(source, str | Path) else messages(source)
    assembler = Assembler(pbx=pbx, numbering=numbering or Numbering())
    last: dict[str, CallSnapshot] = {}
    for message in _clocked(stream, assembler):
        assembler.feed(message)
        for call in assembler.changed():
            _keep(last, call)
    for call in assembler.end_of_stream():
        _keep(last, call)
    if isinstance(source, str | Path) and not assembler.events:
        raise InputError(
            f"{source} holds no manager events. Record one with `nc HOST 5038` after logging in, or hand in a journal segment."
        )
    return [as_json(call) for call in sorted(last.values(), key=lambda call: call.started_at)]


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """The messages of a recorded stream; one whose line ends were turned into LF is understood too."""
    framer = Framer()
    lone_lf: bool | None = None
    for chunk in chunks:
        if lone_lf is None:
            lone_lf = b"\r\n" not in chunk
        yield from framer.feed(chunk.replace(b"\n", b"\r\n") if lone_lf else chunk)[1]
    yield from framer.feed(b"\r\n\r\n")[1]


def as_json(call: CallSnapshot) -> dict[str, Any]:
    """One call of the ledger, as `avasanj replay --json` prints it."""
    seconds = functools.partial(_seconds, call.started_at)
    return {
        "linked_id": call.linked_id,
        "direction": call.direction.value,
        "state": call.state.value,
        "caller": call.caller_raw,
        "caller_name": call.caller_name,
        "called": call.called_raw,
        "queue": call.queue,
        "disposition": _DISPOSITION.get(call.disposition, call.disposition) if call.disposition else None,
        "started_at": _iso(call.started_at),
        "queued_at": _iso(call.queued_at),
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
        "wait_s": call.wait_s,
        "ring_s": call.ring_s,
        "talk_s": call.talk_s,
        "hold_s": call.hold_s,
        "holds": [
            {"start_s": seconds(h.started_at), "end_s": seconds(h.ended_at), "by": h.by.value} for h in call.holds
        ],
        "hung_up_by": _HUNG_UP_BY.get(call.hung_up_by, call.hung_up_by) if call.hung_up_by else None,
        "complete": call.complete,
        "spans": [_span(span, call.started_at) for span in call.spans],
        "transfers": [
            {"kind": t.kind.value, "from": t.transferrer, "to": t.target, "at_s": seconds(t.at)} for t in call.transfers
        ],
        "recordings": [
            {"party": r.party.value, "file": r.path, "offset_s": r.offset_s} for r in call.recordings if r.expected
        ],
    }


def _span(span: Span, start: datetime.datetime) -> dict[str, Any]:
    return {
        "agent": span.interface,
        "name": span.agent_name,
        "start_s": _seconds(start, span.started_at),
        "end_s": _seconds(start, span.ended_at),
        "hold_s": span.hold_s,
        "ring_s": span.ring_s,
    }


def _seconds(start: datetime.datetime, at: datetime.datetime | None) -> float | None:
    return None if at is None else round((at - start).total_seconds(), 3)


def _iso(at: datetime.datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _clocked(stream: Iterable[Message], assembler: Assembler) -> Iterator[Message]:
    """The stream, after the assembler was told the first time that it names: answers to listings carry none."""
    early: list[Message] = []
    stream = iter(stream)
    for message in stream:
        early.append(message)
        if message.get("Timestamp") or message.kind is Kind.MARK:
            with contextlib.suppress(ValueError):
                assembler.start_clock(seconds_since_1970(message.get("Timestamp") or message.get("At")))
                break
    yield from early
    yield from stream


def _keep(last: dict[str, CallSnapshot], call: CallSnapshot) -> None:
    if call.merged_into is None:
        last[call.linked_id] = call
    else:
        last.pop(call.linked_id, None)


def _of_file(path: Path) -> Iterator[Message]:
    try:
        for _, message in journal.messages(path):
            yield message
    except OSError as error:
        raise InputError(
            f"{error.filename or path} can't be read: {error.strerror}. Hand in a raw capture of the manager connection."
        ) from None
