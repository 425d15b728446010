"""Customers' turns with labels, one a line: what the heads learn from. The form is told in docs/labelling.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avasanj.errors import InputError
from scoring.heads import ATTITUDES
from scoring.labelled import read_rows, satisfaction, text

LANGUAGES = ("en", "fa")
KEYS = ("id", "agent", "text", "label", "satisfaction")
#: Of one language: with fewer, a fold may hold none, and a calibration says nothing.
LEAST_OF_A_CLASS = 20
DISSATISFIED_UP_TO = 2  #: of `satisfaction`, 1 to 5
FEELING = "feeling:"  #: begins the tag of a sentence that was written to tell one feeling from another


@dataclass(frozen=True, kw_only=True)
class LabelledTurn:
    """One row of a turns file; see docs/labelling.md."""

    id: str
    language: str
    agent: str
    text: str
    label: str
    satisfaction: int
    feeling: str | None = None  #: anger, sadness, fear, …; none; None where the row says nothing of it


def read_turns(paths: Iterable[Path]) -> list[LabelledTurn]:
    """Rows of JSON lines. Raises InputError naming file and line."""
    found: dict[str, LabelledTurn] = {}
    places: dict[str, str] = {}
    for path in paths:
        for where, row in read_rows(path, KEYS):
            turn = _turn(row, where)
            if turn.id in found:
                raise InputError(
                    f"{where}: the id {turn.id} is used already ({places[turn.id]}). Give each turn an id of its own."
                )
            found[turn.id], places[turn.id] = turn, where
    return list(found.values())


def _turn(row: dict[str, Any], where: str) -> LabelledTurn:
    id_, label, tags = text(row, "id", where), row["label"], row.get("tags", [])
    language, dash, _ = id_.partition("-")
    if language not in LANGUAGES or not dash:
        raise InputError(
            f"{where}: an id begins with the language, {' or '.join(f'{one}-' for one in LANGUAGES)}; it is {id_!r}."
        )
    if label not in ATTITUDES:
        raise InputError(
            f"{where}: label must be {', '.join(ATTITUDES)}; it is {label!r}. docs/labelling.md says which when."
        )
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InputError(f"{where}: tags must be a list of texts; it is {tags!r}.")
    return LabelledTurn(
        id=id_, language=language, agent=text(row, "agent", where, may_be_empty=True), text=text(row, "text", where),
        label=label, satisfaction=satisfaction(row["satisfaction"], where),
        feeling=next((tag.removeprefix(FEELING) for tag in tags if tag.startswith(FEELING)), None),
    )  # fmt: skip


def check_enough(turns: Sequence[LabelledTurn]) -> None:
    """Raises InputError where a class is too rare to be learnt and judged in every fold, in a language that occurs."""
    for language in sorted({turn.language for turn in turns}):
        mine = [turn for turn in turns if turn.language == language]
        counts = {f"labelled {name}": sum(turn.label == name for turn in mine) for name in ATTITUDES}
        sad = sum(turn.satisfaction <= DISSATISFIED_UP_TO for turn in mine)
        counts |= {
            f"of satisfaction up to {DISSATISFIED_UP_TO}": sad,
            f"of satisfaction above {DISSATISFIED_UP_TO}": len(mine) - sad,
        }
        for name, count in counts.items():
            if count < LEAST_OF_A_CLASS:
                raise InputError(
                    f"Too few turns to train on: {count} in {language} {name}, it takes {LEAST_OF_A_CLASS}. Label some more."
                )
    if not any(turn.agent.strip() for turn in turns):
        raise InputError(
            "No turn has what the agent said before it (key agent). Add it where it is known: the heads learn from it."
        )
