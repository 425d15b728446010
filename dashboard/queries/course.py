"""The course of a call: where it waited, who handed it to whom, what was missed and what was not to be recorded."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.i18n import N_
from dashboard.words import extension
from telephony.tables import AgentSpan, Call, CallState, QueueVisit, RecordingRequest, Source, Transfer, VisitOutcome

_VISITS = {
    VisitOutcome.ANSWERED: N_("waited %(wait)s in %(queue)s and was answered"),
    VisitOutcome.ABANDONED: N_("waited %(wait)s in %(queue)s and hung up"),
    VisitOutcome.TIMED_OUT: N_("waited %(wait)s in %(queue)s until the queue gave up"),
    VisitOutcome.NO_AGENT: N_("came to %(queue)s, where nobody was there to answer"),
    VisitOutcome.LEFT: N_("waited %(wait)s in %(queue)s and left it by a key"),
}
_VISIT_ENDED = N_("waited %(wait)s in %(queue)s")
_VISIT_GOES_ON = N_("waits in %(queue)s")
_TRANSFERS = {
    "blind": N_("%(giver)s transferred the call to %(taker)s"),
    "attended": N_("%(giver)s spoke with %(taker)s and transferred the call to them"),
}
_MISSED = N_("we may have missed what happened from %(start)s to %(end)s")
_MISSED_UNTIL = N_("we may have missed what happened until %(end)s")
_MISSED_SINCE = N_("we may have missed what happened from %(start)s on")
_MUTED = N_("the recording was muted from %(start)s to %(end)s")
_MUTED_SINCE = N_("the recording is muted since %(start)s")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happened. `id` is a text of the catalogue; `seconds` are shown as clocks, `texts` as they are.

    `at_s` counts from the call's start; None sorts first.
    """

    kind: str  #: queue, transfer, gap, mute
    at_s: float | None
    id: str
    texts: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Muting:
    """How the recording of a running call stands."""

    muted_since: datetime.datetime | None
    last: RecordingRequest | None  #: what was asked for last

    @property
    def asked(self) -> bool:
        """Whether it is still to be done."""
        return self.last is not None and self.last.done_at is None

    @property
    def problem(self) -> str | None:
        """Why it came to nothing, in words."""
        return self.last.problem if self.last is not None else None


def steps(call: Call) -> list[Step]:
    """What is worth telling beside the call's head, in order; nothing for a call that was simply answered."""
    many = len(call.visits) > 1 or (call.visits and call.visits[0].outcome == VisitOutcome.LEFT)
    found = [_visit(call, visit) for visit in call.visits] if many else []
    found += [_transfer(call, transfer) for transfer in call.handovers]
    found += [_gap(start, end) for start, end in call.gaps]
    found += [_mute(start, end) for start, end in call.mutes]
    return sorted(found, key=lambda step: -1.0 if step.at_s is None else step.at_s)


def muting(session: Session, call: Call) -> Muting | None:
    """None where there is nothing to be muted: the call is over, rings, or was imported."""
    if call.state != CallState.TALKING or call.source != Source.LIVE:
        return None
    requests = session.scalars(
        select(RecordingRequest)
        .where(RecordingRequest.call_id == call.id)
        .order_by(RecordingRequest.id.desc())
        .limit(5)
    ).all()
    done = next((one for one in requests if one.done_at is not None and one.problem is None), None)
    from_s = call.mutes[-1][0] if call.mutes and call.mutes[-1][1] is None else None
    since = call.started_at + datetime.timedelta(seconds=from_s) if from_s is not None else None
    if since is None and done is not None and done.mute and not _resumed_since(call, done):
        since = done.done_at
    if since is not None and done is not None and not done.mute:
        since = None if (done.done_at or since) > since else since
    return Muting(muted_since=since, last=requests[0] if requests else None)


def _resumed_since(call: Call, done: RecordingRequest) -> bool:
    """Whether the PBX told since that the recording went on (by a feature code, say)."""
    ends = [end for _, end in call.mutes if end is not None]
    return bool(ends) and call.started_at + datetime.timedelta(seconds=max(ends)) >= (done.done_at or call.started_at)


def _visit(call: Call, visit: QueueVisit) -> Step:
    seconds = {} if visit.left_at is None else {"wait": (visit.left_at - visit.joined_at).total_seconds()}
    text = _VISITS.get(VisitOutcome(visit.outcome), _VISIT_ENDED) if visit.outcome else _VISIT_ENDED
    return Step(
        kind="queue",
        at_s=(visit.joined_at - call.started_at).total_seconds(),
        id=text if seconds else _VISIT_GOES_ON,
        texts={"queue": visit.queue},
        seconds=seconds,
    )


def _transfer(call: Call, transfer: Transfer) -> Step:
    at_s = (transfer.at - call.started_at).total_seconds()
    named = {"giver": _named(call.spans, transfer.from_number), "taker": _named(call.spans, transfer.to_number)}
    return Step(kind="transfer", at_s=at_s, id=_TRANSFERS.get(transfer.kind, _TRANSFERS["blind"]), texts=named)


def _named(spans: Sequence[AgentSpan], number: str) -> str:
    """The agent of the call who sits at that extension, with it; else the number alone."""
    name = next((span.agent_name for span in spans if extension(span.interface) == number and span.agent_name), None)
    return f"{name} ({number})" if name and name != number else number


def _gap(start: float | None, end: float | None) -> Step:
    if start is not None and end is not None:
        return Step(kind="gap", at_s=start, id=_MISSED, seconds={"start": start, "end": end})
    if end is not None:
        return Step(kind="gap", at_s=None, id=_MISSED_UNTIL, seconds={"end": end})
    return Step(kind="gap", at_s=start, id=_MISSED_SINCE, seconds={"start": start or 0.0})


def _mute(start: float | None, end: float | None) -> Step:
    if end is None:
        return Step(kind="mute", at_s=start, id=_MUTED_SINCE, seconds={"start": start or 0.0})
    return Step(kind="mute", at_s=start, id=_MUTED, seconds={"start": start or 0.0, "end": end})
