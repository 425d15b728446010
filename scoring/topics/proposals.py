"""Proposals for new topics: groups of calls without one, known again from run to run, for a person to name, to join or to dismiss."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.orm import Session

from avasanj.database import Database, utc_now
from avasanj.errors import InputError
from avasanj.i18n import LANGUAGES, N_
from avasanj.login import audit
from scoring.topics import lists
from scoring.topics.about import STORED
from scoring.topics.distinctive import distinctive
from scoring.topics.groups import Group, Means, groups, means, without_language
from scoring.topics.lists import with_examples, with_topic
from scoring.topics.tables import CallAbout, CallTopic, Proposal, ProposalState
from scoring.topics.topic import NONE, Topic, Topics
from telephony.tables import Call

Floats = NDArray[np.float32]

GROUP = "group"
#: So many calls must mean the same; and of very many the newest are looked at.
LEAST_CALLS = 5
MOST_CALLS = 20_000
DAYS = 90
_EXAMPLES, _REMEMBERED = 8, 24
#: A group is an earlier one when half of that one's calls are in it, or its middle lies so near to that one's.
SAME_CALLS, SAME_MIDDLE = 0.5, 0.8
#: What a member of a named group is worth as a topic: a person looked at its examples, not at it.
_CONFIDENCE = 0.65
_NO_KEY = N_("A key is made of small letters a–z, digits and _, and begins with a letter.")
_TAKEN = N_("There is a topic %(key)s already. Join the calls to it, or choose another key.")
_UNKNOWN = N_("There is no topic %(key)s.")
_DECIDED = N_("This proposal was decided on already.")
_UNTITLED = N_("Give the topic a title.")


@dataclass(frozen=True, kw_only=True)
class Unnamed:
    """The calls without a driver, in the order of their ids: what each says, and its vector."""

    ids: Sequence[uuid.UUID]
    languages: Sequence[str]
    reasons: Sequence[Mapping[str, Any]]
    vectors: Floats  #: (n, 384), of unit length


def propose(database: Database, *, least: int = LEAST_CALLS, now: datetime.datetime | None = None) -> list[Proposal]:
    """Group the calls of the last 90 days that have no driver, and put the proposals in the place of the open ones.

    A group that was proposed before keeps its id; one that was dismissed, named or joined does not come back.
    """
    moment = now or utc_now()
    with database.read() as session:
        calls = unnamed(session, moment)
    found = groups(without_language(calls.vectors, calls.languages), least=least) if len(calls.ids) else []
    made = _described(calls, found)
    with database.transaction() as session:
        session.execute(text("select pg_advisory_xact_lock(hashtext('scoring.topic_proposal'))"))
        known = session.scalars(select(Proposal).order_by(Proposal.made_at, Proposal.id)).all()
        kept = _settle(session, calls, found, made, known, moment)
        gone = [one.id for one in known if one.state == ProposalState.OPEN and one.id not in kept]
        session.execute(delete(Proposal).where(Proposal.id.in_(gone)))
    with database.read() as session:
        return list(open_ones(session))


def unnamed(session: Session, now: datetime.datetime) -> Unnamed:
    """At most 20,000, the newest."""
    query = (
        select(CallAbout.call_id, CallAbout.language, CallAbout.reason, CallAbout.vector)
        .join(Call, Call.id == CallAbout.call_id)
        .where(CallAbout.driver.is_(None), CallAbout.vector.is_not(None))
        .where(Call.started_at >= now - datetime.timedelta(days=DAYS))
        .where(~exists().where(CallTopic.call_id == CallAbout.call_id, CallTopic.driver))
        .order_by(Call.started_at.desc())
        .limit(MOST_CALLS)
    )
    rows = sorted(session.execute(query), key=lambda row: row.call_id)
    vectors = np.frombuffer(b"".join(row.vector for row in rows), STORED).astype(np.float32)
    return Unnamed(
        ids=[row.call_id for row in rows],
        languages=[row.language or "" for row in rows],
        reasons=[row.reason or {} for row in rows],
        vectors=vectors.reshape(len(rows), -1) if rows else np.zeros((0, 384), np.float32),
    )


def open_ones(session: Session) -> Sequence[Proposal]:
    """The largest first."""
    query = select(Proposal).where(Proposal.state == ProposalState.OPEN)
    return session.scalars(query.order_by(Proposal.size.desc(), Proposal.made_at, Proposal.id)).all()


def name(
    session: Session, proposal_id: uuid.UUID, key: str, title: Mapping[str, str], *, by: uuid.UUID | None = None
) -> Topics:
    """Make a topic of a proposal: its examples are what it is known by, and its calls have it from now on.

    Raises InputError for a key that is taken or none, for a missing title, and for a proposal that was decided on.
    """
    row = _open(session, proposal_id)
    titles = {language: (title.get(language) or "").strip() for language in LANGUAGES}
    titles = {language: one or next(filter(None, titles.values()), "") for language, one in titles.items()}
    if not all(titles.values()):
        raise InputError(_UNTITLED)
    if not key.isascii() or not key.replace("_", "a").isalnum() or not key[:1].isalpha() or key != key.lower():
        raise InputError(_NO_KEY)
    lists.alone(session)
    topics = lists.current(session)
    if topics.find(key) is not None:
        raise InputError(_TAKEN, key=key)
    topic = with_examples(Topic(key=key, title=titles, like=NONE), _sentences(row))
    return _decide(session, row, ProposalState.NAMED, topics, topic, by)


def join(session: Session, proposal_id: uuid.UUID, key: str, *, by: uuid.UUID | None = None) -> Topics:
    """Give a proposal's calls a topic that is there, and let it be known by their words too. Raises InputError."""
    row = _open(session, proposal_id)
    lists.alone(session)
    topics = lists.current(session)
    topic = topics.find(key)
    if topic is None:
        raise InputError(_UNKNOWN, key=key)
    return _decide(session, row, ProposalState.JOINED, topics, with_examples(topic, _sentences(row)), by)


def dismiss(session: Session, proposal_id: uuid.UUID, *, by: uuid.UUID | None = None) -> None:
    """It does not come back."""
    row = _open(session, proposal_id)
    row.state, row.decided_by, row.decided_at = ProposalState.DISMISSED, by, utc_now()
    audit(session, by, "topic_proposal.dismissed", proposal_id, calls=row.size)


def _open(session: Session, proposal_id: uuid.UUID) -> Proposal:
    row = session.get_one(Proposal, proposal_id, with_for_update=True)
    if row.state != ProposalState.OPEN:
        raise InputError(_DECIDED)
    return row


def _decide(
    session: Session, row: Proposal, state: ProposalState, topics: Topics, topic: Topic, by: uuid.UUID | None
) -> Topics:
    from scoring.topics.topic_file import written

    changed = lists.import_list(session, written(with_topic(topics, topic)), topic.key, by=by, why=state.value)
    row.state, row.topic, row.decided_by, row.decided_at = state, topic.key, by, utc_now()
    audit(session, by, f"topic_proposal.{state.value}", row.id, topic=topic.key, calls=row.size)
    members = [uuid.UUID(one) for one in row.members]
    about = session.scalars(select(CallAbout).where(CallAbout.call_id.in_(members), CallAbout.driver.is_(None))).all()
    session.execute(
        delete(CallTopic).where(CallTopic.call_id.in_([one.call_id for one in about]), CallTopic.topic == topic.key)
    )
    for one in about:
        one.driver = topic.key
        session.add(
            CallTopic(
                call_id=one.call_id,
                topic=topic.key,
                driver=True,
                confidence=_CONFIDENCE,
                method=GROUP,
                evidence=[one.reason] if one.reason else [],
            )
        )
    session.flush()
    return changed


def _sentences(row: Proposal) -> dict[str, list[str]]:
    """The examples by language; of a language that is none of ours under English."""
    found: dict[str, list[str]] = {}
    for example in row.examples:
        language = example["language"] if example["language"] in LANGUAGES else "en"
        found.setdefault(language, []).append(example["text"])
    return found


def _described(calls: Unnamed, found: Sequence[Group]) -> list[dict[str, Any]]:
    """What is stored of each group: size, words, examples, members, and vectors to know it by."""
    words: list[dict[str, list[str]]] = [{} for _ in found]
    grouped = {row for group in found for row in group.rows}
    for language in sorted(set(calls.languages)):
        texts = [[_text(calls, row) for row in one.rows if calls.languages[row] == language] for one in found]
        others = [
            _text(calls, row)
            for row in range(len(calls.ids))
            if row not in grouped and calls.languages[row] == language
        ]
        for place, some in enumerate(distinctive(texts, others)):
            if some:
                words[place][language] = some
    return [
        {
            "size": len(group.rows),
            "tightness": round(group.tightness, 3),
            "words": words[place],
            "examples": [
                {**calls.reasons[row], "call_id": str(calls.ids[row]), "language": calls.languages[row]}
                for row in _typical(calls, group)
            ],
            "members": [str(calls.ids[row]) for row in group.rows],
            "vectors": calls.vectors[list(group.rows[:_REMEMBERED])].astype(STORED).tobytes(),
            "languages": [calls.languages[row] for row in group.rows[:_REMEMBERED]],
        }
        for place, group in enumerate(found)
    ]


def _text(calls: Unnamed, row: int) -> str:
    return str(calls.reasons[row].get("text", ""))


def _typical(calls: Unnamed, group: Group) -> list[int]:
    """The most typical rows with different words."""
    seen: dict[str, int] = {}
    for row in group.rows:
        seen.setdefault(_text(calls, row), row)
    return list(seen.values())[:_EXAMPLES]


def _settle(
    session: Session,
    calls: Unnamed,
    found: Sequence[Group],
    made: Sequence[Mapping[str, Any]],
    known: Sequence[Proposal],
    now: datetime.datetime,
) -> set[uuid.UUID]:
    """Write the groups down: as new proposals, or in the place of the open ones that they are. Gives the ids of all open ones that stay."""
    kept: set[uuid.UUID] = set()
    today = means(calls.vectors, calls.languages)
    earlier = [(one, set(one.members), _middle(_vectors(one), one.languages, today)) for one in known]
    for group, facts in zip(found, made, strict=True):
        members = set(facts["members"])
        middle = _middle(calls.vectors[list(group.rows[:_REMEMBERED])], facts["languages"], today)
        same = next((one for one, theirs, mid in earlier if _same(members, theirs, middle, mid)), None)
        if same is not None and same.state != ProposalState.OPEN:
            continue
        if same is None or same.id in kept:
            same = Proposal(made_at=now, **facts)
            session.add(same)
            session.flush()
        else:
            for field, value in facts.items():
                setattr(same, field, value)
        same.seen_at = now
        kept.add(same.id)
    return kept


def _same(members: set[str], theirs: set[str], middle: Floats, other: Floats) -> bool:
    shared = len(members & theirs) / max(1, min(len(theirs), len(members)))
    return shared >= SAME_CALLS or float(middle @ other) >= SAME_MIDDLE


def _vectors(row: Proposal) -> Floats:
    return np.frombuffer(row.vectors, STORED).astype(np.float32).reshape(len(row.languages), -1)


def _middle(vectors: Floats, languages: Sequence[str], today: Means) -> Floats:
    """Of unit length; an earlier group is seen with the means of today's calls."""
    mean = today.away(vectors, languages).mean(axis=0)
    return np.asarray(mean / (np.linalg.norm(mean) or 1.0), np.float32)


def count_open(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Proposal).where(Proposal.state == ProposalState.OPEN)) or 0
