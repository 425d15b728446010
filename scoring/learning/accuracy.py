"""The tables of docs/accuracy.md: every labelled file of a folder, by the shipped heads, and cross-validated after training on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avasanj.errors import InputError
from scoring.learning.cross import cross_validated
from scoring.learning.formats import read_talks
from scoring.mood import Encodes

LANGUAGES = ("fa", "en")
#: Questions in the order of the tables, and what AUC tells apart.
QUESTIONS = {
    "attitude": "negative from positive",
    "anger": "anger from the rest",
    "dissatisfied": "a dissatisfied turn",
    "call": "a dissatisfied call",
}
_HEADS = ("trained", "tfidf", "shipped")
_TITLES = {"trained": "trained on it", "tfidf": "TF-IDF alone", "shipped": "as shipped"}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One file's figures, as `cross_validated` gives them."""

    name: str
    language: str
    found: dict[str, Any]


def measure(folder: Path, encoder: Encodes, tell: Callable[[str], None] = lambda _: None) -> list[Measured]:
    """Every `LANGUAGE-NAME.jsonl` of the folder, by its name. Raises InputError where there is none, or a line is faulty."""
    paths = sorted(path for path in folder.glob("*.jsonl") if path.name.partition("-")[0] in LANGUAGES)
    if not paths:
        raise InputError(
            f"{folder} holds no labelled file. Name each LANGUAGE-NAME.jsonl, LANGUAGE one of {', '.join(LANGUAGES)}."
        )
    made = []
    for path in paths:
        tell(path.stem)
        language = path.name.partition("-")[0]
        talks = read_talks(path, language)
        made.append(Measured(name=path.stem, language=language, found=cross_validated(talks, encoder)))
    return made


def markdown(measured: Sequence[Measured]) -> str:
    """The tables as docs/accuracy.md has them."""
    heads = [f"{what}, {_TITLES[head]}" for what in ("AUC", "macro-F1", "ECE") for head in _HEADS]
    lines = [f"| set | told apart | n | {' | '.join(heads)} |", "|---" * 12 + "|"]
    for one in measured:
        lines += [_row(one, question) for question in _questions(one)]
    return "\n".join(lines)


def _questions(one: Measured) -> Iterator[str]:
    return (question for question in QUESTIONS if question in one.found["trained"])


def _row(one: Measured, question: str) -> str:
    figures = {head: one.found[head].get(question) for head in _HEADS}
    cells = [_three(found and found[key]) for key in ("auc", "macro_f1", "ece") for found in figures.values()]
    return (
        f"| {one.name} | {QUESTIONS[question]} | {one.found['trained'][question]['n']:,} | " + " | ".join(cells) + " |"
    )


def _three(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".lstrip("0")
