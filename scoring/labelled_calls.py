"""Whole calls with labels: what was said with how content the customer was at each turn, what the line did, and how the call ended.

The calls in data/calls-*.jsonl were written for this project (docs/labelling.md); a center's own labelled calls have the same form.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avasanj.errors import InputError
from scoring.dialogue import AGENT, CUSTOMER, Turn
from scoring.dissatisfaction import Line
from scoring.heads import ATTITUDES
from scoring.labelled import read_rows, satisfaction, text
from scoring.labelled_turns import DISSATISFIED_UP_TO, LANGUAGES

KEYS = ("id", "story", "satisfaction", "wait_s", "hold_s", "transfers", "earlier_calls", "turns")
FACTS = ("wait_s", "hold_s", "transfers", "earlier_calls")


@dataclass(frozen=True, kw_only=True)
class LabelledCall:
    """One call. `turn_labels` holds (attitude, satisfaction 1 to 5) per turn, None for the agent's."""

    id: str
    language: str
    story: str  #: calls that tell the same happening share it, and are never split between training and judging
    turns: tuple[Turn, ...]
    turn_labels: tuple[tuple[str, int] | None, ...]
    line: Line
    satisfaction: int  #: of the whole call, 1 to 5

    @property
    def dissatisfied(self) -> bool:
        return self.satisfaction <= DISSATISFIED_UP_TO


def read_calls(paths: Iterable[Path]) -> list[LabelledCall]:
    """Rows of JSON lines. Raises InputError naming file and line."""
    found: dict[str, LabelledCall] = {}
    for path in paths:
        for where, row in read_rows(path, KEYS):
            call = _call(row, where)
            if call.id in found:
                raise InputError(f"{where}: the id {call.id} is used already. Give each call an id of its own.")
            found[call.id] = call
    return list(found.values())


def _call(row: dict[str, Any], where: str) -> LabelledCall:
    id_ = text(row, "id", where)
    language = id_.partition("-")[0]
    if language not in LANGUAGES:
        raise InputError(f"{where}: an id begins with the language, {' or '.join(LANGUAGES)}; it is {id_!r}.")
    if not isinstance(row["turns"], list) or not row["turns"]:
        raise InputError(f"{where}: turns must be a list of objects with party and text.")
    turns, labels = zip(*(_turn(one, n, where) for n, one in enumerate(row["turns"])), strict=True)
    wait_s, hold_s, transfers, earlier = (_count(row[key], f"{where}: {key}") for key in FACTS)
    return LabelledCall(
        id=id_,
        language=language,
        story=text(row, "story", where),
        turns=turns,
        turn_labels=labels,
        line=Line(wait_s=wait_s, hold_s=hold_s, transfers=transfers, earlier_calls=earlier),
        satisfaction=satisfaction(row["satisfaction"], where),
    )


def _turn(one: Any, n: int, where: str) -> tuple[Turn, tuple[str, int] | None]:
    at = f"{where}, turn {n + 1}"
    if not isinstance(one, dict) or one.get("party") not in {AGENT, CUSTOMER} or "text" not in one:
        raise InputError(f"{at}: a turn needs a party, {AGENT} or {CUSTOMER}, and a text.")
    made = Turn(position=n, party=one["party"], start_s=5.0 * n, end_s=5.0 * n + 4, text=text(one, "text", at))
    if made.party == AGENT:
        return made, None
    if one.get("label") not in ATTITUDES:
        raise InputError(f"{at}: label must be {', '.join(ATTITUDES)}; it is {one.get('label')!r}.")
    return made, (one["label"], satisfaction(one.get("satisfaction"), at))


def _count(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(f"{what} must be a whole number, 0 or more; it is {value!r}.")
    return value
