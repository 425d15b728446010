"""What `avasanj figures scores` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from avasanj.cli.app import print_json
from avasanj.cli.figures import mean, points, share
from scoring.statistics.intervals import Difference
from scoring.statistics.periods import Period
from scoring.statistics.questions import QuestionFigures, QuestionKey, question_figures
from scoring.statistics.ranking import Standing, share_ranking
from scoring.statistics.scope import By, Key, Scope
from scoring.statistics.scores import Figures, changes, figures, standings


def show_scores(
    session: Session, scope: Scope, by: Sequence[By], periods: Sequence[Period], *, least: int, as_json: bool
) -> None:
    """One row for each thing of `by`; agents of one form and one time with their ranks."""
    found = figures(session, scope, by, periods=periods)
    ranks = _ranks(found, by, least)
    order = [*ranks] if ranks else sorted(found, key=lambda key: [str(one) for one in key.stored(by).values()])
    if as_json:
        print_json([{**key.stored(by), **found[key].stored(), **_stored(ranks.get(key))} for key in order])
        return
    table = Table(*_heads(by), "rank", "n", "score", "passed", "critical", "reviewed", "disputed", "left out", box=None)
    for key in order:
        one = found[key]
        table.add_row(
            *_cells(key, by),
            _rank(ranks.get(key)),
            str(one.score.n),
            mean(one.score),
            share(one.passed),
            share(one.critical),
            share(one.reviewed),
            str(one.disputed or ""),
            str(one.kept_out + one.unscored or ""),
        )
    Console().print(table)


def show_questions(
    session: Session, scope: Scope, by: Sequence[By], periods: Sequence[Period], *, least: int, as_json: bool
) -> None:
    """One row for each question, in the order of the form, and each thing of `by`; agents ranked by how often they meet it."""
    parts = [one for one in by if one != By.SCORECARD]  # a question is one of a form's in any case
    found = question_figures(session, scope, parts, periods=periods)
    ranks = _question_ranks(found, least) if parts == [By.AGENT] else {}
    if as_json:
        print_json(
            [
                {
                    **one.key.stored(parts),
                    "scorecard": one.scorecard,
                    "question": one.question,
                    **figure.stored(),
                    **_stored(ranks.get(one)),
                }
                for one, figure in found.items()
            ]
        )
        return
    table = Table(
        *_heads(parts), "scorecard", "question", "rank", "n", "points", "met", "unsure", "by people", "n/a", box=None
    )
    for one, figure in found.items():
        table.add_row(
            *_cells(one.key, parts),
            one.scorecard,
            one.question,
            _rank(ranks.get(one)),
            str(figure.met.n),
            points(figure.points),
            share(figure.met),
            share(figure.unsure),
            share(figure.by_people),
            share(figure.not_applicable),
        )
    Console().print(table)


def show_changes(session: Session, scope: Scope, now: Period, by: Sequence[By], *, as_json: bool) -> None:
    """One row for each thing of `by`: now, before, and whether the calls show a difference."""
    found = changes(session, scope, now, by)
    order = sorted(found, key=lambda key: [str(one) for one in key.stored(by).values()])
    if as_json:
        print_json([found[key].stored(by) for key in order])
        return
    table = Table(*_heads(by), "n before", "before", "n", "score", "change", "", box=None)
    for key in order:
        one = found[key]
        table.add_row(
            *_cells(key, by),
            str(one.earlier.score.n),
            mean(one.earlier.score),
            str(one.now.score.n),
            mean(one.now.score),
            *_change(one.score, form_changed=one.form_changed),
        )
    Console().print(table)


def _ranks(found: Mapping[Key, Figures], by: Sequence[By], least: int) -> dict[Key, Standing]:
    """Only agents of one form are ranked, each form's by themselves."""
    if By.AGENT not in by or set(by) - {By.AGENT, By.SCORECARD}:
        return {}
    made: dict[Key, Standing] = {}
    for form in sorted({key.scorecard for key in found}, key=str):
        made |= standings({key: one for key, one in found.items() if key.scorecard == form}, least_calls=least)
    return made


def _question_ranks(found: Mapping[QuestionKey, QuestionFigures], least: int) -> dict[QuestionKey, Standing]:
    made: dict[QuestionKey, Standing] = {}
    for asked in {(one.scorecard, one.question): None for one in found}:
        shares = {one: figure.met for one, figure in found.items() if (one.scorecard, one.question) == asked}
        made |= share_ranking(shares, least_calls=least)
    return made


def _stored(standing: Standing | None) -> dict[str, Any]:
    return {} if standing is None else standing.stored()


def _rank(standing: Standing | None) -> str:
    if standing is None:
        return ""
    if standing.first is None:
        return f"{standing.missing} calls to go"
    return str(standing.first) if standing.first == standing.last else f"{standing.first}–{standing.last}"


def _change(one: Difference | None, *, form_changed: bool) -> tuple[str, str]:
    if one is None:
        return "–", "no calls to compare"
    told = f"{one.value:+.1f} ({one.interval.low:+.1f} to {one.interval.high:+.1f})"
    shown = "not shown" if not one.shown else "better" if one.value > 0 else "worse"
    return told, f"{shown}; the form changed" if form_changed else shown


def _heads(by: Sequence[By]) -> list[str]:
    return [one.value for one in by]


def _cells(key: Key, by: Sequence[By]) -> list[str]:
    stored = key.stored(by)
    return [str(stored[one.value] if stored[one.value] is not None else "–") for one in by]
