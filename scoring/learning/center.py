"""The center's gold set as talks: several people's labels of the same words become one."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from sqlalchemy import distinct, func, select, union_all
from sqlalchemy.orm import Session

from scoring.dialogue import CUSTOMER, MIXED, Turn
from scoring.dissatisfaction import Line
from scoring.learning.drawn import drawn
from scoring.learning.tables import GoldCall, GoldTurn
from scoring.learning.talks import Mark, Talk, turns_of
from telephony.tables import Call


def gold_talks(session: Session) -> list[Talk]:
    """Labelled calls and turns, as many as a training takes. A turn of a labelled call stands in it, where its words are still the same."""
    groups = _drawn(session, _groups(session))
    by_words: dict[tuple[uuid.UUID, int, str], list[GoldTurn]] = defaultdict(list)
    turns = select(GoldTurn).where(GoldTurn.call_id.in_([*groups])).order_by(GoldTurn.made_at, GoldTurn.id)
    for one in session.scalars(turns):
        by_words[one.call_id, one.position, one.text].append(one)
    by_call: dict[uuid.UUID, list[GoldCall]] = defaultdict(list)
    calls = select(GoldCall).where(GoldCall.call_id.in_([*groups])).order_by(GoldCall.made_at, GoldCall.id)
    for call in session.scalars(calls):
        by_call[call.call_id].append(call)
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


def _drawn(session: Session, groups: dict[uuid.UUID, str]) -> dict[uuid.UUID, str]:
    """The calls of the groups that are drawn, where there are more labels than a training takes: the others aren't even read."""
    of_call = dict.fromkeys(groups, 0)
    whole = func.max(func.jsonb_array_length(GoldCall.turns)) / 2  # about half of them are the customer's
    alone = func.count(distinct(GoldTurn.position))
    for query in (
        select(GoldTurn.call_id, alone).group_by(GoldTurn.call_id),
        select(GoldCall.call_id, whole).group_by(GoldCall.call_id),
    ):
        for call_id, turns in session.execute(query):
            of_call[call_id] = max(of_call[call_id], int(turns))
    sizes = dict.fromkeys(groups.values(), 0)
    for call_id, turns in of_call.items():
        sizes[groups[call_id]] += turns
    names = drawn(sizes)
    return {call_id: name for call_id, name in groups.items() if name in names}


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
