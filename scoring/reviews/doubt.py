"""What the machine itself hesitates about: a question that it was to answer, or a fault that it alone saw. In SQL.

A question that only a person can answer waits on every call of its form. It is no doubt of the machine's, so it neither draws a call
nor puts it before others.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, case, exists, func

from scoring.tables import Answer, Evaluation

#: Who answers where the machine was not asked: a person, or nobody until an earlier question is answered.
NOT_ASKED = ("person", "condition")


def hesitates(*also: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an answer of the machine's own waits for a person, in the evaluation of the query around it."""
    waits = (Answer.evaluation_id == Evaluation.id, Answer.needs_person, Answer.method.not_in(NOT_ASKED))
    return exists().where(*waits, *also).correlate(Evaluation)


def urgency() -> ColumnElement[Any]:
    """0 where the form would be failed by what the machine saw, 1 where it hesitates, 2 where a person's own questions are open."""
    return case((func.jsonb_array_length(Evaluation.doubted) > 0, 0), (hesitates(), 1), else_=2)
