"""How many promises and reasons are heard in labelled texts: the tables of docs/accuracy.md. Pure, given an encoder."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from avasanj.errors import InputError
from avasanj.i18n import N_
from scoring.dialogue import AGENT, CUSTOMER, Turn
from scoring.mood import Encodes
from scoring.topics.about import About, about
from scoring.topics.topic import Topics

LANGUAGES = ("fa", "en")
PROMISES, REASONS = "promises", "reasons"
NONE = "-"
#: When the labelled promises are made: a Tuesday morning; their second column counts the days from there.
ZONE = "Asia/Tehran"
SAID_AT = datetime.datetime(2026, 11, 24, 10, 30, tzinfo=ZoneInfo(ZONE))
BAD_LINE = N_("%(file)s, line %(line)s: %(wanted)s columns are expected, parted by tabs; this has %(found)s.")
NO_FILES = N_("%(folder)s holds no file promises-LANGUAGE.tsv or reasons-LANGUAGE.tsv: write fa or en for LANGUAGE.")
_COLUMNS = {PROMISES: 3, REASONS: 2}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What was heard of what: `right` of `claimed` and of `there`."""

    name: str
    language: str
    texts: int
    right: int
    claimed: int
    there: int
    timed: tuple[int, int] = (0, 0)  #: of the promises heard that name a time: those whose day is right, and all

    @property
    def precision(self) -> float | None:
        return self.right / self.claimed if self.claimed else None

    @property
    def recall(self) -> float | None:
        return self.right / self.there if self.there else None

    def stored(self) -> dict[str, Any]:
        return {
            "what": self.name, "language": self.language, "texts": self.texts, "there": self.there, "claimed": self.claimed,
            "right": self.right, "precision": self.precision, "recall": self.recall,
            "days_right": self.timed[0], "days": self.timed[1],
        }  # fmt: skip


def markdown(counted: Sequence[Counted]) -> str:
    """As docs/accuracy.md has it."""
    lines = [
        "| what | language | texts | there | precision | recall | the day right |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in counted:
        days = f"{one.timed[0]} of {one.timed[1]}" if one.timed[1] else "–"
        figures = (f"{x:.2f}".removeprefix("0") if x is not None else "–" for x in (one.precision, one.recall))
        lines.append(f"| {one.name} | {one.language} | {one.texts} | {one.there} | {' | '.join(figures)} | {days} |")
    return "\n".join(lines)


def measure(folder: Path, topics: Topics, encoder: Encodes) -> list[Counted]:
    """The folder's `promises-LANGUAGE.tsv` (kinds, days until due, text) and `reasons-LANGUAGE.tsv` (topic, text); "-" says none.

    Raises InputError where there is none of them, or for a line that is not so.
    """
    found = []
    for name, count in ((PROMISES, count_promises), (REASONS, count_reasons)):
        for language in LANGUAGES:
            path = folder / f"{name}-{language}.tsv"
            if path.is_file():
                found += count(_rows(path, _COLUMNS[name]), language, topics, encoder)
    if not found:
        raise InputError(NO_FILES, folder=folder.name)
    return found


def count_promises(rows: Sequence[Sequence[str]], language: str, topics: Topics, encoder: Encodes) -> list[Counted]:
    """Whether a promise was heard at all, and by kinds: a turn with two of them counts twice there."""
    heard, kinds, timed = [0, 0, 0], [0, 0, 0], [0, 0]
    for label, day, text in rows:
        wanted = set(label.split(",")) - {NONE}
        told = _about(text, AGENT, language, topics, encoder).promises
        got = {one.kind.value for one in told}
        for counts, right, claimed, there in (
            (heard, bool(wanted and got), bool(got), bool(wanted)),
            (kinds, len(wanted & got), len(got), len(wanted)),
        ):
            counts[:] = [counts[0] + right, counts[1] + claimed, counts[2] + there]
        if wanted and got and day != NONE:
            due = [(one.due_at.astimezone(SAID_AT.tzinfo).date() - SAID_AT.date()).days for one in told if one.due_at]
            timed = [timed[0] + (int(day) in due), timed[1] + 1]
    return [
        Counted(
            name=title, language=language, texts=len(rows), right=counts[0], claimed=counts[1], there=counts[2],
            timed=(timed[0], timed[1]) if counts is heard else (0, 0),
        )
        for title, counts in (("promises heard", heard), ("promises of the right kind", kinds))
    ]  # fmt: skip


def count_reasons(rows: Sequence[Sequence[str]], language: str, topics: Topics, encoder: Encodes) -> list[Counted]:
    """The reason of calls that begin with these words."""
    right = claimed = there = 0
    for wanted, text in rows:
        got = _about(text, CUSTOMER, language, topics, encoder).driver or NONE
        right, claimed = right + (wanted == got != NONE), claimed + (got != NONE)
        there += wanted != NONE
    return [Counted(name="reason", language=language, texts=len(rows), right=right, claimed=claimed, there=there)]


def _about(text: str, party: str, language: str, topics: Topics, encoder: Encodes) -> About:
    turn = Turn(position=0, party=party, start_s=0.0, end_s=0.0, text=text)
    return about([turn], topics, encoder, began=SAID_AT, timezone=ZONE, language=language)


def _rows(path: Path, columns: int) -> list[list[str]]:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    for number, row in enumerate(rows, start=1):
        if len(row) != columns:
            raise InputError(BAD_LINE, file=path.name, line=number, wanted=columns, found=len(row))
    return rows
