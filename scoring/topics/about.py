"""What one call was about, all of it: topics and driver, promises, summary. Data to data, and its place in the database."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete
from sqlalchemy.orm import Session

from scoring.asking import Asks
from scoring.dialogue import Turn, evidence
from scoring.mood import Encodes
from scoring.promises import Kind, Promise, all_promises, untold
from scoring.topics import learnt
from scoring.topics.finding import Found, find, hear, near
from scoring.topics.learnt import Learnt
from scoring.topics.remembered import Remembered
from scoring.topics.retelling import retell
from scoring.topics.summary import Sentence, extract
from scoring.topics.tables import CallAbout, CallTopic, StoredPromise
from scoring.topics.topic import Topics

#: As vectors are kept: half the size, and cosines the same to the third decimal.
STORED = np.dtype("<f2")


@dataclass(frozen=True, kw_only=True)
class About:
    """Everything of it for one call."""

    language: str | None
    list_version: int
    topics: Sequence[Found]
    reason: Turn | None
    vector: NDArray[np.float32] | None  #: the reason's, of unit length
    promises: Sequence[Promise]
    summary: Sequence[Sentence]
    said: bool  #: whether there were words at all

    @property
    def driver(self) -> str | None:
        return next((one.topic for one in self.topics if one.driver), None)


def about(
    turns: Sequence[Turn],
    topics: Topics,
    encoder: Encodes,
    *,
    began: datetime.datetime,
    timezone: str,
    language: str | None,
    outbound: bool = False,
    remembered: Remembered | None = None,
    model: Asks | None = None,
    only_topics: bool = False,
) -> About:
    """`began` (aware) is the playback's second 0. `remembered` holds the vectors that the mood was read from; with them nothing
    is encoded again but what the agent said and nobody answered and, in an outbound call, the agent's reason. With `only_topics`, promises
    are heard by their phrases alone: for a call whose promises are stored.
    """
    known = remembered or Remembered(encoder)
    heard = hear(turns, topics, outbound=outbound)
    asked = [] if only_topics else untold(turns)
    known.encode([*([heard.reason.text] if heard.reason else []), *asked])  # what is not known yet, together
    vector = known.encode([heard.reason.text])[0] if heard.reason else None
    nearness: Mapping[str, float] = {} if vector is None else near(topics, vector, encoder)
    heads = learnt.shipped()
    likely = {} if vector is None else heads.reason(vector)
    promised = all_promises(turns, began, timezone, _meant(asked, known, heads))
    told = retell(model, turns) if model is not None and heard.reason is not None else []
    return About(
        language=language,
        list_version=topics.version,
        topics=find(turns, topics, heard, nearness, likely),
        reason=heard.reason,
        vector=vector,
        promises=promised,
        summary=told or extract(turns, heard.reason, promised, known.known),
        said=any(turn.text.strip() for turn in turns),
    )


def _meant(texts: Sequence[str], known: Remembered, heads: Learnt) -> dict[str, Kind]:
    """What these texts promise by their meaning; those that promise nothing are left out."""
    if not texts:
        return {}
    kinds = heads.promised(known.encode(texts))
    return {text: kind for text, kind in zip(texts, kinds, strict=True) if kind is not None}


def save(session: Session, call_id: uuid.UUID, found: About, made_at: datetime.datetime) -> None:
    """In the place of what was there. People's marks on promises stay: they belong to the words. Nothing is kept of a silent call."""
    for table in (CallAbout, CallTopic, StoredPromise):
        session.execute(delete(table).where(table.call_id == call_id))
    if not found.said:
        return
    session.add(
        CallAbout(
            call_id=call_id,
            language=found.language,
            list_version=found.list_version,
            driver=found.driver,
            reason=evidence(found.reason) if found.reason else None,
            vector=None if found.vector is None else found.vector.astype(STORED).tobytes(),
            summary=[one.stored() for one in found.summary],
            made_at=made_at,
        )
    )
    save_topics(session, call_id, found.topics)
    session.add_all(
        StoredPromise(
            call_id=call_id, position=n, kind=one.kind.value, by=one.by, words=one.words, due_at=one.due_at,
            evidence=one.stored(), made_at=made_at,
        )
        for n, one in enumerate(found.promises)
    )  # fmt: skip


def save_topics(session: Session, call_id: uuid.UUID, found: Sequence[Found]) -> None:
    """Add a call's topics, whose earlier ones are gone."""
    session.add_all(
        CallTopic(
            call_id=call_id,
            topic=one.topic,
            driver=one.driver,
            confidence=one.confidence,
            method=one.method,
            evidence=list(one.evidence),
        )
        for one in found
    )
