"""Labelled files of any form that Avasanj knows, as talks: turns, whole calls, single texts, dialogues. Told apart by their keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from avasanj.errors import InputError
from scoring.dialogue import AGENT, CUSTOMER
from scoring.heads import ATTITUDES
from scoring.labelled import read_rows, text
from scoring.labelled_calls import read_calls
from scoring.labelled_turns import read_turns
from scoring.learning.talks import Mark, Talk, of_calls, of_text, of_turns, turns_of

#: Labels of single texts that mean anger.
ANGER = frozenset({"anger", "angry"})
SPEAKERS = {"customer": CUSTOMER, "agent": AGENT}


def read_talks(path: Path, language: str | None = None) -> list[Talk]:
    """All rows of a file. Texts and dialogues say no language: it is `language`. Raises InputError naming the line."""
    _, first = next(read_rows(path, ()))
    if "agent" in first and "id" in first:
        return of_turns(read_turns([path]))
    if "story" in first:
        return of_calls(read_calls([path]))
    if language is None:
        raise InputError(f"{path} does not say its language. Give --language fa or --language en.")
    if "turns" in first:
        return [dialogue(row, where, language) for where, row in read_rows(path, ("turns",))]
    return texts(path, language)


def texts(path: Path, language: str, positive_label: str | None = None) -> list[Talk]:
    """Rows of {"text", "label"}: attitudes; or anger against the rest where labels of anger occur, or `positive_label`."""
    rows = [
        (where, text(row, "text", where), text(row, "label", where))
        for where, row in read_rows(path, ("text", "label"))
    ]
    labels = {label for _, _, label in rows}
    positive = {positive_label} if positive_label is not None else labels & ANGER
    if positive_label is not None and positive_label not in labels:
        raise InputError(f"{path} has no row labelled {positive_label!r}; it has {', '.join(sorted(labels))}.")
    for where, _, label in rows:
        if not positive and label not in ATTITUDES:
            raise InputError(
                f"{where}: the label {label!r} is none of {', '.join(ATTITUDES)}, and no row is about anger."
            )
    return [
        of_text(
            said,
            Mark(angry=label in positive) if positive else Mark(label=label),
            group=said.strip(),  # the same text twice is never split
            language=language,
        )
        for _, said, label in rows
    ]


def dialogue(row: dict[str, Any], where: str, language: str) -> Talk:
    """One row of {"turns": [{"speaker", "text", "satisfaction"}], "overall"}. Raises InputError naming the place."""
    if not isinstance(row["turns"], list) or not all(isinstance(one, dict) for one in row["turns"]):
        raise InputError(f"{where}: turns must be a list of objects with speaker and text.")
    for n, one in enumerate(row["turns"]):
        if one.get("speaker") not in SPEAKERS or not isinstance(one.get("text"), str):
            raise InputError(f"{where}: turn {n + 1} needs a speaker, {' or '.join(SPEAKERS)}, and a text.")
    judged = {
        n: mean(one.get("satisfaction"), f"{where}: turn {n + 1}'s satisfaction") for n, one in enumerate(row["turns"])
    }
    return Talk(
        group=str(row.get("id", where)),
        language=language,
        turns=turns_of((SPEAKERS[one["speaker"]], one["text"]) for one in row["turns"]),
        marks={n: Mark(satisfaction=one) for n, one in judged.items() if one is not None},
        satisfaction=mean(row.get("overall"), f"{where}: overall"),
    )


def mean(judged: Any, where: str) -> float | None:
    """Mean of one or several people's satisfaction, 1 to 5; None where nobody judged. Raises InputError."""
    values = judged if isinstance(judged, list) else [] if judged is None else [judged]
    if any(isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 5 for value in values):
        raise InputError(f"{where} must be a number from 1 to 5, or a list of them; it is {judged!r}.")
    return float(np.mean(values)) if values else None
