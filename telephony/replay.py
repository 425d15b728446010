"""A recorded event stream or a journal, told as a ledger: the same assembler as the live listener's, and nothing else."""

from __future__ import annotations

import contextlib
import datetime
import functools
import gzip
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from avasanj.errors import InputError
from telephony import journal, segments
from telephony.assembler import Assembler
from telephony.channels import Numbering
from telephony.frames import Framer, Kind, Message
from telephony.history import CallHistory
from telephony.ledger import Activity, CallSnapshot, HungUpBy, Position, Span, Stretch, seconds_since_1970
from telephony.tables import ActivityState, Disposition

_CHUNK_BYTES = 1 << 16
_MESSAGE_END = b"\r\n\r\n"
#: Calls are taken from the assembler as often; what a call came to does not depend on it.
_BATCH = 200
_DISPOSITION = {Disposition.TIMED_OUT: "timeout"}
_HUNG_UP_BY = {HungUpBy.PBX: "system"}

Placed = tuple[Position | None, Message]


class Replay:
    """Everything that a stream told: feed it placed messages, then ask.

    `skipped` counts what could not even be cut into messages: too long, damaged, or cut off in mid-message.
    """

    def __init__(
        self,
        *,
        pbx: str = "replay",
        numbering: Numbering | None = None,
        wrap_up_s: Mapping[str, float] | None = None,
    ) -> None:
        self.assembler = Assembler(pbx=pbx, numbering=numbering or Numbering(), wrap_up_s=wrap_up_s)
        self.skipped = 0
        self.calls: dict[str, CallSnapshot] = {}
        self._activities: dict[tuple[str, str, datetime.datetime], Activity] = {}

    def run(self, stream: Iterable[Placed], *, watch: bool = False) -> dict[str, CallHistory]:
        """Take the whole stream. With `watch` the history of every call that ever was is given back, by linked id."""
        histories: dict[str, CallHistory] = {}
        for count, (position, message) in enumerate(_clocked(stream, self.assembler), start=1):
            self.assembler.position = position
            self.assembler.feed(message)
            if watch:
                histories.update(self.assembler.calls)
            if count % _BATCH == 0:
                self._take(self.assembler.changed())
        self._take(self.assembler.changed())
        self._take(self.assembler.end_of_stream())
        return histories

    def _take(self, calls: Iterable[CallSnapshot]) -> None:
        for call in calls:
            if call.merged_into is None:
                self.calls[call.linked_id] = call
            else:
                self.calls.pop(call.linked_id, None)
        for activity in self.assembler.activities_changed():
            key = activity.interface, activity.state, activity.started_at
            none = activity.ended_at == activity.started_at and activity.to_known
            if activity.state is ActivityState.PAUSED and none:
                self._activities.pop(key, None)  # turned out to be none
            else:
                self._activities[key] = activity

    def told(self) -> dict[str, Any]:
        """What `avasanj replay --json` prints."""
        calls = sorted(self.calls.values(), key=lambda call: (call.started_at, call.linked_id))
        return {
            "calls": [as_json(call) for call in calls],
            "agents": self._agents(),
            "events": self.assembler.events,
            "unknown_events": self.assembler.unknown_events,
            "malformed": self.assembler.malformed + self.skipped,
        }

    def _agents(self) -> list[dict[str, Any]]:
        by_agent: dict[str, list[Activity]] = {}
        for activity in sorted(self._activities.values(), key=lambda activity: (activity.started_at, activity.state)):
            by_agent.setdefault(activity.interface, []).append(activity)
        return [
            {
                "agent": interface,
                "name": next((one.agent_name for one in reversed(activities) if one.agent_name), None),
                "activities": [
                    {
                        "state": one.state.value,
                        "reason": one.reason,
                        "from_at": _iso(one.started_at),
                        "to_at": _iso(one.ended_at),
                        "from_known": one.from_known,
                        "to_known": one.to_known,
                        "gaps": [{"from_at": _iso(gap.started_at), "to_at": _iso(gap.ended_at)} for gap in one.gaps],
                    }
                    for one in activities
                ],
            }
            for interface, activities in sorted(by_agent.items())
        ]


def replay(
    source: str | Path | Iterable[bytes],
    *,
    pbx: str = "replay",
    numbering: Numbering | None = None,
    wrap_up_s: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """The ledger of a raw capture (packed with gzip or not), a journal's segment or folder, or chunks of bytes.

    Ready for JSON: times in ISO 8601 (UTC), seconds from the call's start. Raises InputError for a file that can't be
    read or holds no manager events.
    """
    told = Replay(pbx=pbx, numbering=numbering, wrap_up_s=wrap_up_s)
    told.run(placed(source, told))
    if isinstance(source, str | Path) and not told.assembler.events:
        raise InputError(
            f"{source} holds no manager events. Record one with `nc HOST 5038` after logging in, or hand in a journal segment."
        )
    return told.told()


def placed(source: str | Path | Iterable[bytes], told: Replay) -> Iterator[Placed]:
    """The messages of a source with their places; what can't be read of it is counted in `told`. Raises InputError."""
    if not isinstance(source, str | Path):
        yield from _capture(source, told)
        return
    path = Path(source)
    try:
        if path.is_dir() or path.suffix == ".avj" or _is_segment(path):
            yield from journal.messages(path, on_damage=lambda damage: _count(told, torn=damage.torn))
        else:
            yield from _capture(_chunks(path), told)
    except OSError as error:
        raise InputError(
            f"{error.filename or path} can't be read: {error.strerror or error}. Hand in a raw capture of the manager connection."
        ) from None


def _is_segment(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(segments.MAGIC)) == segments.MAGIC


def _count(told: Replay, *, torn: bool) -> None:
    told.skipped += not torn


def _capture(chunks: Iterable[bytes], told: Replay) -> Iterator[Placed]:
    """The messages of a recorded stream; one whose line ends were turned into LF is understood too.

    A last message without its empty line counts where its last line is whole; else it was cut off and is not used.
    """
    framer = Framer()
    last = b""
    for text in _with_line_ends(chunks):
        last = (last + text)[-len(_MESSAGE_END) :]
        for message in framer.feed(text)[1]:
            yield None, message
    if last.endswith(b"\r\n"):
        for message in framer.feed(b"\r\n\r\n")[1]:
            yield None, message
    elif last and last != _MESSAGE_END:
        told.skipped += 1
    told.skipped += framer.skipped


def _with_line_ends(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The stream with the line ends of the wire. Which ones it has, the first whole message tells, however it is cut up."""
    chunks = iter(chunks)
    begun = b""
    for chunk in chunks:
        begun += chunk
        if b"\n\n" in begun or _MESSAGE_END in begun or len(begun) >= _CHUNK_BYTES:
            break
    lone_lf = b"\r\n" not in begun
    for chunk in itertools.chain([begun], chunks):
        yield chunk.replace(b"\n", b"\r\n") if lone_lf else chunk


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
        "disposition": _disposition(call),
        "started_at": _iso(call.started_at),
        "queued_at": _iso(call.queued_at),
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
        "wait_s": call.wait_s,
        "ring_s": call.ring_s,
        "talk_s": call.talk_s,
        "hold_s": call.hold_s,
        "holds": len(call.holds),
        "wrap_s": call.wrap_s,
        "hung_up_by": _HUNG_UP_BY.get(call.hung_up_by, call.hung_up_by) if call.hung_up_by else None,
        "complete": call.complete,
        "spans": [_span(span, call.started_at) for span in call.spans],
        "hold_spans": [
            {"start_s": seconds(h.started_at), "end_s": seconds(h.ended_at), "by": h.by.value} for h in call.holds
        ],
        "visits": [
            {
                "queue": visit.queue,
                "joined_s": seconds(visit.joined_at),
                "left_s": seconds(visit.left_at),
                "outcome": visit.outcome and visit.outcome.value,
            }
            for visit in call.visits
        ],
        "transfers": [
            {"kind": t.kind.value, "from": t.transferrer, "to": t.target, "at_s": seconds(t.at)} for t in call.transfers
        ],
        "recordings": [
            {"party": r.party.value, "file": r.path, "offset_s": r.offset_s, "cuts": [list(cut) for cut in r.cuts]}
            for r in call.recordings
            if r.expected
        ],
        "mutes": [_stretch(mute, call.started_at) for mute in call.mutes],
        "gaps": [_stretch(gap, call.started_at) for gap in call.gaps],
    }


def _disposition(call: CallSnapshot) -> str | None:
    """A call that somebody answered stays answered, also where the capture ends before the call."""
    told = call.disposition or (Disposition.ANSWERED if call.spans else None)
    return None if told is None else _DISPOSITION.get(told, told.value)


def _span(span: Span, start: datetime.datetime) -> dict[str, Any]:
    return {
        "agent": span.interface,
        "name": span.agent_name,
        "start_s": _seconds(start, span.started_at),
        "end_s": _seconds(start, span.ended_at),
        "hold_s": span.hold_s,
        "ring_s": span.ring_s,
        "wrap_s": span.wrap_s,
    }


def _stretch(stretch: Stretch, start: datetime.datetime) -> dict[str, float | None]:
    return {"from_s": _seconds(start, stretch.started_at), "to_s": _seconds(start, stretch.ended_at)}


def _seconds(start: datetime.datetime, at: datetime.datetime | None) -> float | None:
    return None if at is None else round((at - start).total_seconds(), 3)


def _iso(at: datetime.datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _clocked(stream: Iterable[Placed], assembler: Assembler) -> Iterator[Placed]:
    """The stream, after the assembler was told the first time that it names: answers to listings carry none."""
    early: list[Placed] = []
    stream = iter(stream)
    for position, message in stream:
        early.append((position, message))
        if message.get("Timestamp") or message.kind is Kind.MARK:
            with contextlib.suppress(ValueError):
                assembler.presume_clock(seconds_since_1970(message.get("Timestamp") or message.get("At")))
                break
    yield from early
    yield from stream


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk
