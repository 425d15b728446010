"""The versions of the center's topics: the shipped ones at first, then what a person imported, named or joined."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.login import audit
from scoring.topics import topic_file
from scoring.topics.tables import TopicList
from scoring.topics.topic import Topic, Topics

SHIPPED, IMPORTED, NAMED, JOINED, RESTORED = "shipped", "imported", "named", "joined", "restored"


def current(session: Session) -> Topics:
    """The newest version; the shipped topics as version 0 where nothing was ever changed."""
    row = session.execute(
        select(TopicList.version, TopicList.source).order_by(TopicList.version.desc()).limit(1)
    ).first()
    return topic_file.kept(row.version, row.source) if row else shipped()


def shipped() -> Topics:
    """The topics that come with Avasanj, as version 0."""
    return topic_file.kept(0, topic_file.shipped_text())


def versions(session: Session) -> Sequence[TopicList]:
    """All that were stored, the newest first."""
    return session.scalars(select(TopicList).order_by(TopicList.version.desc())).all()


def source(session: Session, version: int | None = None) -> str:
    """A version's text, without one the newest's. Raises InputError for one that there never was."""
    if version == 0 or (version is None and not versions(session)):
        return topic_file.shipped_text()
    row = session.get(TopicList, version) if version is not None else versions(session)[0]
    if row is None:
        raise InputError(N_("There is no version %(version)s of the topics."), version=version)
    return row.source


def import_list(
    session: Session, source: str, name: str, *, by: uuid.UUID | None = None, why: str = IMPORTED
) -> Topics:
    """Put a list in use. Raises TopicFileError for a faulty one; the same text again changes nothing."""
    topics = topic_file.load(source, name)
    alone(session)
    there = current(session)
    if there.topics == topics:
        return there
    version = (session.scalar(select(func.max(TopicList.version))) or 0) + 1
    session.add(TopicList(version=version, source=source, why=why, made_by=by))
    audit(session, by, f"topics.{why}", version, topics=len(topics))
    session.flush()
    return topic_file.kept(version, source)


def alone(session: Session) -> None:
    """Let nobody else change the list before this transaction ends: whoever builds on the list in use must ask first."""
    session.execute(text("select pg_advisory_xact_lock(hashtext('scoring.topic_list'))"))


def restore(session: Session, version: int, *, by: uuid.UUID | None = None) -> Topics:
    """Put an earlier version in use again, as a new one."""
    return import_list(session, source(session, version), f"version {version}", by=by, why=RESTORED)


def with_topic(topics: Topics, topic: Topic) -> tuple[Topic, ...]:
    """The topics with this one in the place of the one with its key, or at the end."""
    if topics.find(topic.key) is None:
        return (*topics.topics, topic)
    return tuple(topic if one.key == topic.key else one for one in topics.topics)


def with_examples(topic: Topic, examples: dict[str, list[str]]) -> Topic:
    """The topic with more sentences that it is known by."""
    like = dataclasses.replace(
        topic.like,
        en=tuple(dict.fromkeys([*topic.like.en, *examples.get("en", [])])),
        fa=tuple(dict.fromkeys([*topic.like.fa, *examples.get("fa", [])])),
    )
    return dataclasses.replace(topic, like=like)
