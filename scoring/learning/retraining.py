"""`avasanj train`: heads from the center's labels, compared with those in use on a part that was held out, taken over if better."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from avasanj.database import Database
from avasanj.errors import InputError
from scoring import heads as trained
from scoring.learning import versions
from scoring.learning.center import gold_talks
from scoring.learning.comparison import Comparison, compare, name_of, split
from scoring.learning.drawn import drawn_talks
from scoring.learning.learn import Taught, learn, too_few
from scoring.learning.rows import Encoded
from scoring.learning.talks import Talk, joined
from scoring.mood import Encodes


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """What a training found, and what was done about it."""

    number: int  #: the candidate's, kept or not
    in_use: int  #: what calls are judged by now
    compared_with: int
    took_over: bool
    better: bool
    kept: bool
    counts: dict[str, Any]
    comparison: Comparison

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "number": self.number, "compared_with": self.compared_with, "better": self.better, "took_over": self.took_over,
            "kept": self.kept, "in_use": self.in_use, "counts": {k: v for k, v in self.counts.items() if k not in {"groups", "data"}},
            "enough": self.comparison.enough, "held_out": dict(self.comparison.figures), "overall": self.comparison.overall.plain(),
        }  # fmt: skip


def retrain(
    database: Database,
    encoder: Encodes,
    *,
    talks: Sequence[Talk] | None = None,
    source: str = "the center's labels",
    dry_run: bool = False,
    by: uuid.UUID | None = None,
) -> Retrained:
    """Learn from `talks` (default: the gold set). Raises InputError, saying how many labels lack, where there are too few.

    The heads that take over are the very ones that were compared: what was held out is never learnt, so that the next training can be
    compared with them fairly. A dry run keeps nothing but that it was tried.
    """
    with database.read() as session:
        given = gold_talks(session) if talks is None else drawn_talks(talks)
        current, heads = versions.current(session), versions.in_use_now(session)
        number = 1 + max((one.number for one in versions.versions(session)), default=versions.SHIPPED)
        in_use = current.number if current else versions.SHIPPED
        tried = versions.tried_beside(session, in_use)
    given = joined(given)
    learnt, held_out = split(given, set((current.counts if current else {}).get("groups", ())))
    if lacking := too_few(learnt):
        raise InputError(lacking)
    if not any(talk.chosen for talk in held_out):
        raise InputError(
            f"All {len(given)} labelled texts belong to one call, so none can be held out. Label other calls, too."
        )
    encoded = Encoded(given, encoder)
    taught = learn(learnt, encoded, number=number, source=source)
    counts = _counts(learnt, held_out, taught)
    candidate = trained.loads(trained.dumps(taught.heads))  # the very numbers that calls will be judged by
    comparison = compare(held_out, encoded, heads, candidate, len(tried | {counts["data"]}))
    if dry_run:
        with database.transaction() as session:
            versions.note_try(session, in_use, counts["data"], by)
    else:
        with database.transaction() as session:
            later = versions.next_number(session)  # holds others off until the end of this
            now = versions.current(session)
            if later != number or (now.number if now else versions.SHIPPED) != in_use:
                raise InputError(
                    "Another training ended, or another version was taken, meanwhile. Run this one again, to be compared with its outcome."
                )
            figures = {
                "questions": dict(comparison.figures),
                "overall": comparison.overall.plain(),
                "compared_with": in_use,
            }
            versions.keep(session, candidate, number=number, figures=figures, counts=counts, by=by)
            if comparison.better:
                versions.use(session, number, by)
    took_over = comparison.better and not dry_run
    return Retrained(
        number=number, in_use=number if took_over else in_use, compared_with=in_use, took_over=took_over,
        better=comparison.better, kept=not dry_run, counts=counts, comparison=comparison,
    )  # fmt: skip


def _counts(learnt: Sequence[Talk], held_out: Sequence[Talk], taught: Taught) -> dict[str, Any]:
    def sizes(talks: Sequence[Talk]) -> dict[str, int]:
        calls = sum(talk.satisfaction is not None for talk in talks)
        return {"turns": sum(len(talk.marks) for talk in talks), "calls": calls}

    return {
        "learnt": sizes(learnt),
        "held_out": sizes(held_out),
        "data": f"{taught.heads.provenance['data_sha256'][:16]} {sum(len(talk.marks) for talk in held_out)}",
        "languages": dict(Counter(talk.language for talk in learnt)),
        "questions": sorted([*taught.learnt, *(f"call {language}" for language in taught.calls)]),
        "queues": sorted({*taught.heads.call_shifts, *(q for one in taught.learnt.values() for q in one.blend.queues)}),
        "groups": sorted({name_of(talk.group) for talk in learnt}),
    }
