"""What agents did, kept as stretches that open and close. Writing the same one again changes nothing."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from avasanj.notify import announce
from telephony import lines
from telephony.agent import STANDING
from telephony.ids import call_id
from telephony.ledger import Activity
from telephony.tables import ActivityState, AgentActivity, Call, CallState, Pbx

#: The PBX keeps in whole seconds since when somebody is in one of these; its event's own time is later by at most this.
_WHOLE_SECOND = datetime.timedelta(seconds=1.05)
#: One statement takes so many rows; a resync of a large center brings hundreds.
_AT_ONCE = 500


def save(session: Session, activities: Sequence[Activity]) -> None:
    """Bring the rows to what was seen, name their people, and tell watchers. A stretch that has ended opens again only
    where a talk went on: Asterisk was putting channels together anew.
    """
    latest = {(a.pbx, a.interface, a.state, a.started_at): a for a in _exactly(session, activities)}
    found = list(latest.values())
    for first in range(0, len(found), _AT_ONCE):
        part = found[first : first + _AT_ONCE]
        statement = insert(AgentActivity).values([_values(activity) for activity in part])
        told_last = statement.excluded.state == ActivityState.TALKING
        kept_ended = func.coalesce(statement.excluded.ended_at, AgentActivity.ended_at)
        statement = statement.on_conflict_do_update(
            index_elements=["pbx", "interface", "state", "started_at"],
            set_={
                "agent_name": statement.excluded.agent_name,
                "reason": statement.excluded.reason,
                "call_id": statement.excluded.call_id,
                "ended_at": case((told_last, statement.excluded.ended_at), else_=kept_ended),
                "from_known": case(  # a listing knows less of a log-in than was seen; of a call, more is known at its end
                    (
                        statement.excluded.state.in_(STANDING),
                        or_(AgentActivity.from_known, statement.excluded.from_known),
                    ),
                    else_=statement.excluded.from_known,
                ),
                "to_known": case(
                    (told_last | statement.excluded.ended_at.is_not(None), statement.excluded.to_known),
                    else_=AgentActivity.to_known,
                ),
                "gaps": AgentActivity.gaps.op("+")(statement.excluded.gaps),
            },
        )
        ids = session.scalars(statement.returning(AgentActivity.id)).all()
        lines.name_activities(session, AgentActivity.id.in_(ids))
    for activity in found:
        if activity.ended_at is None and activity.state in STANDING:
            _end_earlier(session, activity)
    for interface in dict.fromkeys(activity.interface for activity in found):
        announce(session, "agent", interface)


def _exactly(session: Session, activities: Sequence[Activity]) -> list[Activity]:
    """With the time of the event where a listing, which knows the second alone, tells of a stretch that was seen to begin."""
    listed = [a for a in activities if _is_listed(a)]
    if not listed:
        return list(activities)
    began = AgentActivity.started_at
    rows = select(AgentActivity.pbx, AgentActivity.interface, AgentActivity.state, began).where(
        AgentActivity.interface.in_({a.interface for a in listed}),
        AgentActivity.state.in_(STANDING),
        began.between(min(a.started_at for a in listed), max(a.started_at for a in listed) + _WHOLE_SECOND),
    )
    seen: dict[tuple[str, str, str], list[datetime.datetime]] = {}
    for pbx, interface, state, started_at in session.execute(rows.order_by(began)):
        seen.setdefault((pbx, interface, state), []).append(started_at)
    found = []
    for activity in activities:
        times = seen.get((activity.pbx, activity.interface, activity.state), []) if _is_listed(activity) else []
        near = (one for one in times if activity.started_at <= one < activity.started_at + _WHOLE_SECOND)
        found.append(activity._replace(started_at=next(near, activity.started_at)))
    return found


def _is_listed(activity: Activity) -> bool:
    return activity.state in STANDING and activity.started_at.microsecond == 0


def close_orphans(session: Session, pbx: str, known: Collection[str]) -> int:
    """End what the database shows as going on in calls of `pbx` that are not among `known` (linked ids); how many.

    They end with their call at the latest, or where that is unknown when the PBX last spoke: to then they are shown, and that
    nothing tells their end. Whether somebody is still logged in or paused
    tells the PBX itself, when it is asked anew.
    """
    open_ = (
        select(AgentActivity, Call)
        .outerjoin(Call, Call.id == AgentActivity.call_id)
        .where(AgentActivity.pbx == pbx, AgentActivity.ended_at.is_(None), AgentActivity.call_id.is_not(None))
    )
    still = {call_id(pbx, linked_id) for linked_id in known}
    heard_at = session.scalar(select(Pbx.last_event_at).where(Pbx.name == pbx))
    closed = 0
    for activity, call in session.execute(open_).all():
        if activity.call_id in still or (call is None and heard_at is None):
            continue
        over = call.ended_at if call is not None and call.state == CallState.ENDED else heard_at
        activity.ended_at = max(activity.started_at, over or activity.started_at)
        activity.to_known = False
        activity.gaps = [*activity.gaps, *_gap(activity.ended_at, utc_now())]
        announce(session, "agent", activity.interface)
        closed += 1
    return closed


def end_standing(
    session: Session,
    pbx: str,
    standing: Sequence[Activity],
    *,
    heard_at: datetime.datetime | None,
    again_at: datetime.datetime,
) -> int:
    """End the log-ins and pauses of `pbx` that the database shows as going on and that are not among `standing`, which a
    complete listing of its queues told; how many. They ended unseen, between `heard_at` (None: nobody knows since when), when the
    PBX was last heard before, and `again_at`: to `heard_at` they are known. What began later is left alone.
    """  # fmt: skip
    rows = select(AgentActivity).where(
        AgentActivity.pbx == pbx, AgentActivity.state.in_(STANDING), AgentActivity.ended_at.is_(None)
    )
    since: dict[tuple[str, str], datetime.datetime] = {(one.interface, one.state): one.started_at for one in standing}
    ended = 0
    for row in session.scalars(rows).all():
        told = since.get((row.interface, row.state))
        if told is not None and abs(row.started_at - told) <= _WHOLE_SECOND:
            continue
        if heard_at is not None and row.started_at > heard_at:
            continue
        row.ended_at = row.started_at if heard_at is None else heard_at
        row.to_known = False
        row.gaps = [*row.gaps, *_gap(row.ended_at, again_at)]
        announce(session, "agent", row.interface)
        ended += 1
    return ended


def _values(activity: Activity) -> dict[str, object]:
    return {
        "pbx": activity.pbx,
        "interface": activity.interface,
        "agent_name": activity.agent_name,
        "state": activity.state,
        "reason": activity.reason,
        "call_id": None if activity.linked_id is None else call_id(activity.pbx, activity.linked_id),
        "started_at": activity.started_at,
        "ended_at": activity.ended_at,
        "from_known": activity.from_known,
        "to_known": activity.to_known,
        "gaps": [Range(gap.started_at, gap.ended_at) for gap in activity.gaps],
    }


def _gap(started_at: datetime.datetime, ended_at: datetime.datetime) -> list[Range[datetime.datetime]]:
    return [Range(started_at, ended_at)] if started_at < ended_at else []


def _end_earlier(session: Session, activity: Activity) -> None:
    earlier = update(AgentActivity).where(
        AgentActivity.pbx == activity.pbx,
        AgentActivity.interface == activity.interface,
        AgentActivity.state == activity.state,
        AgentActivity.started_at < activity.started_at,
        AgentActivity.ended_at.is_(None),
    )
    gap = func.tstzmultirange(func.tstzrange(AgentActivity.started_at, activity.started_at))
    session.execute(
        earlier.values(ended_at=activity.started_at, to_known=False, gaps=AgentActivity.gaps.op("+")(gap))
    )  # somewhere in between it ended
