"""What must stand in the ledger: written from what the phones did, compared with what `avasanj replay --json` says.

Moments are seconds since 1970, since phones and PBX share a clock. One tolerance holds for all: a second.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

STREAMS = Path(__file__).parent
TOLERANCE_S = 1.0
_KEYS = [
    "linked_id",
    "direction",
    "caller",
    "called",
    "queue",
    "disposition",
    "started_at",
    "queued_at",
    "answered_at",
    "ended_at",
    "wait_s",
    "talk_s",
    "hold_s",
    "holds",
    "hung_up_by",
    "spans",
    "transfers",
    "recordings",
    "gaps",
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Span:
    agent: str  #: interface
    start_at: float
    end_at: float
    hold_s: float = 0.0
    name: str | None = None  #: the queue member's; None: not looked at, since this agent is none


@dataclasses.dataclass(frozen=True, kw_only=True)
class Transfer:
    kind: str
    source: str
    target: str
    at: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """`recorded` names the parties with a file of their own; both begin when the first two were connected."""

    direction: str
    caller: str
    called: str
    queue: str | None
    disposition: str
    started_at: float
    queued_at: float | None
    answered_at: float | None
    ended_at: float
    wait_s: float
    talk_s: float | None
    hold_s: float
    holds: int
    hung_up_by: str
    spans: tuple[Span, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    recorded: tuple[str, ...] = ()
    mutes: tuple[tuple[float, float], ...] = ()  #: in which the recording was muted
    gaps: tuple[tuple[float, float], ...] = ()  #: in which events were missed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Activity:
    agent: str  #: the phone's number, since a member may be named by a Local channel
    state: str
    from_at: float
    to_at: float | None
    reason: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Expected:
    """All that may be told of one scenario. `tag` is in each of its numbers: a call with such a number belongs to it."""

    tag: str
    calls: tuple[Call, ...]
    activities: tuple[Activity, ...] = ()


def differences(ledger: dict[str, Any], expected: Expected) -> list[str]:
    """What the ledger says otherwise, one line each. Calls are taken in the order of their starts."""
    found = [call for call in ledger["calls"] if _belongs(call, expected.tag)]
    said: list[str] = []
    if len(found) != len(expected.calls):
        shown = [(call["caller"], call["called"], call["disposition"], len(call["spans"])) for call in found]
        said.append(f"calls: {len(found)} instead of {len(expected.calls)}: {shown}")
    for number, (call, wanted) in enumerate(zip(found, expected.calls, strict=False)):
        where = f"call {number}: " if len(expected.calls) > 1 else ""
        said += [where + line for line in _call_differences(call, wanted)]
    return said + _activity_differences(ledger["agents"], expected)


def load(path: Path) -> dict[str, Expected]:
    """What `save` wrote."""
    return {name: _expected(data) for name, data in json.loads(path.read_text(encoding="utf-8")).items()}


def save(path: Path, scenarios: dict[str, Expected]) -> None:
    """Write what was done in a stream beside it, by the scenario's name, for a test without Asterisk."""
    plain = {name: dataclasses.asdict(expected) for name, expected in scenarios.items()}
    rounded = json.loads(json.dumps(plain), parse_float=lambda text: round(float(text), 3))
    path.write_text(json.dumps(rounded, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _expected(data: dict[str, Any]) -> Expected:
    calls = [
        Call(
            **{
                key: value
                for key, value in call.items()
                if key not in ("spans", "transfers", "recorded", "mutes", "gaps")
            },
            spans=tuple(Span(**span) for span in call["spans"]),
            transfers=tuple(Transfer(**transfer) for transfer in call["transfers"]),
            recorded=tuple(call["recorded"]),
            mutes=tuple((from_at, to_at) for from_at, to_at in call.get("mutes", [])),
            gaps=tuple((from_at, to_at) for from_at, to_at in call.get("gaps", [])),
        )
        for call in data["calls"]
    ]
    activities = tuple(Activity(**activity) for activity in data["activities"])
    return Expected(tag=data["tag"], calls=tuple(calls), activities=activities)


def _belongs(call: dict[str, Any], tag: str) -> bool:
    """Whether a number of the call is one of the scenario's: a phone 1NNX, a line 8XNN, or a customer's with NN before its last two digits."""
    numbers = [call["caller"], call["called"], *(span["agent"] for span in call["spans"])]
    return any(_is_of(str(number).partition("/")[2] or str(number), tag) for number in numbers)


def _is_of(number: str, tag: str) -> bool:
    number = number.partition("@")[0]
    of_phone, of_line = number[:1] == "1" and number[1:3] == tag, number[:1] == "8" and number[2:] == tag
    return (len(number) == 4 and (of_phone or of_line)) or (len(number) == 11 and number[-4:-2] == tag)


def _call_differences(call: dict[str, Any], wanted: Call) -> list[str]:
    said = [f"{key} is missing" for key in _KEYS if key not in call]
    if said:
        return said
    for key in ("direction", "caller", "called", "queue", "disposition", "hung_up_by"):
        if call[key] != getattr(wanted, key):
            said.append(f"{key}: {call[key]!r} instead of {getattr(wanted, key)!r}")
    for key in ("started_at", "queued_at", "answered_at", "ended_at"):
        said += _near(key, _epoch(call[key]), getattr(wanted, key))
    for key in ("wait_s", "talk_s", "hold_s"):
        said += _near(key, call[key], getattr(wanted, key))
    holds = call["holds"] if isinstance(call["holds"], int) else len(call["holds"])
    if holds != wanted.holds:
        said.append(f"holds: {holds} instead of {wanted.holds}")
    start = _epoch(call["started_at"]) or wanted.started_at
    said += _span_differences(call["spans"], wanted.spans, start)
    said += _transfer_differences(call["transfers"], wanted.transfers, start)
    said += _recording_differences(call["recordings"], wanted, start)
    said += _stretch_differences("mutes", call["mutes"], wanted.mutes, start)
    return said + _stretch_differences("gaps", call["gaps"], wanted.gaps, start)


def _span_differences(spans: list[dict[str, Any]], wanted: tuple[Span, ...], start: float) -> list[str]:
    agents = [span["agent"] for span in spans]
    if agents != [span.agent for span in wanted]:
        return [f"spans: {agents} instead of {[span.agent for span in wanted]}"]
    said: list[str] = []
    for index, (span, want) in enumerate(zip(spans, wanted, strict=True)):
        if want.name is not None and span["name"] != want.name:
            said.append(f"spans[{index}].name: {span['name']!r} instead of {want.name!r}")
        said += _near(f"spans[{index}].start", _moment(start, span["start_s"]), want.start_at)
        said += _near(f"spans[{index}].end", _moment(start, span["end_s"]), want.end_at)
        said += _near(f"spans[{index}].hold_s", span["hold_s"], want.hold_s)
    return said


def _transfer_differences(transfers: list[dict[str, Any]], wanted: tuple[Transfer, ...], start: float) -> list[str]:
    ways = [(transfer["kind"], transfer["from"], transfer["to"]) for transfer in transfers]
    if ways != [(want.kind, want.source, want.target) for want in wanted]:
        return [f"transfers: {ways} instead of {[(want.kind, want.source, want.target) for want in wanted]}"]
    return [
        line
        for index, (transfer, want) in enumerate(zip(transfers, wanted, strict=True))
        for line in _near(f"transfers[{index}].at", _moment(start, transfer["at_s"]), want.at)
    ]


def _recording_differences(recordings: list[dict[str, Any]], wanted: Call, start: float) -> list[str]:
    parties = tuple(sorted(recording["party"] for recording in recordings))
    if parties != wanted.recorded:
        return [f"recordings: {parties} instead of {wanted.recorded}"]
    said = []
    for recording in recordings:
        said += _near(
            f"recordings.{recording['party']}.offset", _moment(start, recording["offset_s"]), wanted.answered_at
        )
        if not recording["file"].endswith(".wav"):
            said.append(f"recordings.{recording['party']}.file: {recording['file']!r} is no WAV")
    return said


def _stretch_differences(
    key: str, stretches: list[dict[str, Any]], wanted: tuple[tuple[float, float], ...], start: float
) -> list[str]:
    if len(stretches) != len(wanted):
        return [f"{key}: {stretches} instead of {len(wanted)}"]
    return [
        line
        for index, (stretch, (from_at, to_at)) in enumerate(zip(stretches, wanted, strict=True))
        for line in (
            *_near(f"{key}[{index}].from", _moment(start, stretch["from_s"]), from_at),
            *_near(f"{key}[{index}].to", _moment(start, stretch["to_s"]), to_at),
        )
    ]


def _activity_differences(agents: list[dict[str, Any]], expected: Expected) -> list[str]:
    said = []
    for want in expected.activities:
        near = [
            activity
            for agent in agents
            if f"/{want.agent}" in agent["agent"]
            for activity in agent["activities"]
            if activity["state"] == want.state
        ]
        if not any(_is_same_activity(activity, want) for activity in near):
            seen = [(activity["from_at"], activity["to_at"], activity["reason"]) for activity in near]
            wanted = (_iso(want.from_at), _iso(want.to_at), want.reason)
            said.append(f"{want.agent} {want.state}: {wanted} is not among {seen}")
        wanted_count = sum((other.agent, other.state) == (want.agent, want.state) for other in expected.activities)
        if len(near) > wanted_count:
            said.append(f"{want.agent} {want.state}: {len(near)} instead of {wanted_count}")
    return said


def _is_same_activity(activity: dict[str, Any], want: Activity) -> bool:
    near = not _near("", _epoch(activity["from_at"]), want.from_at) and not _near(
        "", _epoch(activity["to_at"]), want.to_at
    )
    return near and (want.reason is None or activity["reason"] == want.reason)


def _near(what: str, value: float | None, wanted: float | None) -> list[str]:
    if value is None or wanted is None:
        return [] if value is wanted else [f"{what}: {_shown(value)} instead of {_shown(wanted)}"]
    if abs(value - wanted) <= TOLERANCE_S:
        return []
    return [f"{what}: {_shown(value)} instead of {_shown(wanted)}"]


def _shown(value: float | None) -> str:
    return str(value) if value is None or value < 1e9 else str(_iso(value))


def _moment(start: float, seconds: float | None) -> float | None:
    return None if seconds is None else start + seconds


def _epoch(text: str | None) -> float | None:
    return None if text is None else datetime.datetime.fromisoformat(text).timestamp()


def _iso(epoch_s: float | None) -> str | None:
    if epoch_s is None:
        return None
    return datetime.datetime.fromtimestamp(epoch_s, datetime.UTC).isoformat(timespec="milliseconds")
