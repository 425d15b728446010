"""The center's gold set as talks: several people's labels of the same words become one."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from scoring.dialogue import CUSTOMER, MIXED, Turn
from scoring.dissatisfaction import Line
from scoring.learning.tables import GoldCall, GoldTurn
from scoring.learning.talks import Mark, Talk, turns_of
from telephony.tables import Call


def gold_talks(session: Session) -> list[Talk]:
    """Every labelled call and turn. A turn of a labelled call stands in it, where its words are still the same there."""
    by_words: dict[tuple[uuid.UUID, int, str], list[GoldTurn]] = defaultdict(list)
    for one in session.scalars(select(GoldTurn).order_by(GoldTurn.made_at, GoldTurn.id)):
        by_words[one.call_id, one.position, one.text].append(one)
    by_call: dict[uuid.UUID, list[GoldCall]] = defaultdict(list)
    for call in session.scalars(select(GoldCall).order_by(GoldCall.made_at, GoldCall.id)):
        by_call[call.call_id].append(call)
    groups = _groups(session)
    talks, placed = [], set()
    for labels in by_call.values():
        marks = {}
        for n, turn in enumerate(labels[-1].turns):
            # a transcript's positions count from 0, one for each turn
            if (key := (labels[-1].call_id, n, turn["text"])) in by_words:
                marks[n] = _mark(by_words[key])
                placed.add(key)
        talks.append(_whole(labels, marks, groups[labels[-1].call_id]))
    return talks + [_alone(labels, groups[key[0]]) for key, labels in by_words.items() if key not in placed]


def _groups(session: Session) -> dict[uuid.UUID, str]:
    """By labelled call: that of the same customer which was labelled first. A customer's calls tell of the same matter."""
    labels = union_all(
        select(GoldTurn.call_id, GoldTurn.made_at), select(GoldCall.call_id, GoldCall.made_at)
    ).subquery()
    first = func.min(labels.c.made_at)
    query = select(Call.id, Call.customer_e164).join(labels, labels.c.call_id == Call.id).group_by(Call.id)
    found: dict[uuid.UUID, str] = {}
    of_customer: dict[str, str] = {}
    for call_id, customer in session.execute(query.order_by(first, Call.id)):
        found[call_id] = of_customer.setdefault(customer, str(call_id)) if customer else str(call_id)
    return found


def _whole(labels: Sequence[GoldCall], marks: dict[int, Mark], group: str) -> Talk:
    newest = labels[-1]
    turns = tuple(
        Turn(position=n, party=one["party"], start_s=one["start_s"], end_s=one["end_s"], text=one["text"])
        for n, one in enumerate(newest.turns)
    )
    return Talk(
        group=group, language=newest.language, queue=newest.queue, turns=turns, marks=marks,
        line=Line(**newest.line), satisfaction=float(np.mean([one.satisfaction for one in labels])),
    )  # fmt: skip


def _alone(labels: Sequence[GoldTurn], group: str) -> Talk:
    newest = labels[-1]
    before = [(one["party"], one["text"]) for one in newest.before]
    party = MIXED if any(party == MIXED for party, _ in before) else CUSTOMER
    turns = turns_of([*before, (party, newest.text)])
    return Talk(
        group=group, language=newest.language, queue=newest.queue, turns=turns,
        marks={len(turns) - 1: _mark(labels)},
    )  # fmt: skip


def _mark(labels: Sequence[GoldTurn]) -> Mark:
    """The attitude that most people gave, of several as common the newest; the mean of their satisfactions."""
    given = [one.label for one in labels if one.label]
    levels = [one.satisfaction for one in labels if one.satisfaction is not None]
    counts = Counter(given)
    label = max(reversed(given), key=lambda one: counts[one], default=None)
    return Mark(label=label, satisfaction=float(np.mean(levels)) if levels else None)
