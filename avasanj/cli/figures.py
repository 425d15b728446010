"""Commands about figures over many evaluations: scores, agreement of the machine with people, calibration, coaching."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.cli.app import Json, app, opened_database, print_json, settings_and_log
from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.people import Team, User
from avasanj.settings import Settings
from scoring.statistics.intervals import Interval, Points, Sample, Share
from scoring.statistics.periods import Calendar, Length, Period, period, read_day
from scoring.statistics.scope import By, Scope

figures = typer.Typer(no_args_is_help=True, help="Figures over many evaluations, each with how sure it is.")
app.add_typer(figures, name="figures")
_LENGTHS = {one.value for one in Length}
Since = Annotated[str | None, typer.Option(help="First day, 2026-11-01 or 1405-08-10. Default: 30 days up to today.")]
Until = Annotated[str | None, typer.Option(help="Last day. Default: today.")]
Card = Annotated[str | None, typer.Option("--scorecard", help="Only this scorecard's key.")]
Agent = Annotated[str | None, typer.Option(help="Only this person, by log-in name.")]


@figures.command()
def scores(
    *,
    by: Annotated[
        str | None,
        typer.Option(
            help="agent, team, queue, scorecard, version, day, week, month; several with commas. Default: agent; with --questions nothing."
        ),
    ] = None,
    since: Since = None,
    until: Until = None,
    scorecard: Card = None,
    agent: Agent = None,
    team: Annotated[str | None, typer.Option(help="Only this team, by name.")] = None,
    queue: Annotated[str | None, typer.Option(help="Only this queue.")] = None,
    questions: Annotated[bool, typer.Option("--questions", help="Per question of the form.")] = False,
    change: Annotated[bool, typer.Option("--change", help="Against as many days before.")] = False,
    json: Json = False,
) -> None:
    """Scores with their intervals. Agents are ranked only on enough calls, and those whom the calls don't tell apart are tied."""
    from avasanj.cli.figures_scores import show_changes, show_questions, show_scores

    settings = settings_and_log()
    parts, length = _parted(by if by is not None else "" if questions else "agent")
    span = _span(settings, since, until)
    if change and (questions or length):
        raise InputError(
            "--change compares the whole time with the one before: leave out --questions, and days, weeks and months."
        )
    with opened_database(settings) as database, database.read() as session:
        scope = Scope(
            since=span.starts_at,
            until=span.ends_at,
            scorecard=scorecard,
            agents=[_person(session, agent)] if agent else [],
            teams=[_team(session, team)] if team else [],
            queues=[queue] if queue else [],
        )
        if scorecard is None and By.SCORECARD not in parts and By.VERSION not in parts:
            parts = [*parts, By.SCORECARD]  # scores of two forms have no mean
        least = settings.ranking_least_calls
        if change:
            show_changes(session, scope, span, parts, as_json=json)
        elif questions:
            show_questions(session, scope, parts, _within(span, length), least=least, as_json=json)
        else:
            show_scores(session, scope, parts, _within(span, length), least=least, as_json=json)


@figures.command()
def agreement(
    *,
    since: Since = None,
    until: Until = None,
    scorecard: Card = None,
    question: Annotated[str | None, typer.Option(help="The calls in which people answered this one otherwise.")] = None,
    json: Json = False,
) -> None:
    """How far the machine's answers are those of people, per question: red below 60 %, green from 80 %, nothing on too few."""
    from scoring.statistics.agreement import Reviewed, agreements
    from scoring.statistics.disagreements import disagreements

    settings = settings_and_log()
    span = _span(settings, since, until)
    reviewed = Reviewed(since=span.starts_at, until=span.ends_at, scorecard=scorecard)
    with opened_database(settings) as database, database.read() as session:
        if question is not None:
            show_rows([one.stored() for one in disagreements(session, reviewed, question)], as_json=json)
            return
        found = agreements(session, reviewed, least=settings.ranking_least_calls)
    rows = [
        {"scorecard": one.scorecard, "question": one.question, "version": one.version, **figure.stored()}
        for one, figure in found.items()
    ]
    if json:
        print_json(rows)
        return
    table = Table("scorecard", "question", "asked now", "n", "equal", "kappa", "", "most frequent error", box=None)
    colours = {"red": "red", "yellow": "yellow", "green": "green", "too_few": "dim"}
    for one, figure in found.items():
        worst = figure.errors[0] if figure.errors else None
        table.add_row(
            one.scorecard,
            one.question,
            "yes" if figure.current else "no",
            str(figure.on.n),
            share(figure.on),
            "–" if figure.kappa is None else f"{figure.kappa.value:.2f}",
            figure.band.value.replace("_", " "),
            f"machine {worst[0]}, person {worst[1]}: {worst[2]}" if worst else "",
            style=colours[figure.band.value],
        )
    Console().print(table)


@figures.command()
def calibration(
    session_id: Annotated[uuid.UUID | None, typer.Argument(metavar="[SESSION]", help="One session's result.")] = None,
    *,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> None:
    """Calibration sessions, and evaluators beside each other over those that are closed; or one session's result."""
    from avasanj.cli.figures_people import show_session, show_sessions

    settings = settings_and_log()
    span = _span(settings, since, until)
    with opened_database(settings) as database, database.read() as session:
        if session_id is None:
            show_sessions(session, span, as_json=json)
        else:
            show_session(session, session_id, as_json=json)


@figures.command()
def coaching(
    *,
    agent: Agent = None,
    due: Annotated[bool, typer.Option("--due", help="Only those to be reviewed by now.")] = False,
    ideas: Annotated[
        bool,
        typer.Option("--ideas", help="What --agent might work on: where they are behind the others beyond chance."),
    ] = False,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> None:
    """Coaching plans: what was measured before, what since, and what the calls tell of it; or ideas for one, from --since to --until."""
    from avasanj.cli.figures_people import show_ideas, show_plans

    settings = settings_and_log()
    span = _span(settings, since, until)
    if ideas and agent is None:
        raise InputError("--ideas are an agent's: name one with --agent.")
    with opened_database(settings) as database, database.read() as session:
        person = _person(session, agent) if agent else None
        if ideas and person is not None:
            show_ideas(session, person, Scope(since=span.starts_at, until=span.ends_at), as_json=json)
        else:
            show_plans(session, person, utc_now(), due=due, as_json=json)


def share(one: Share) -> str:
    """“80 % (61–92)”."""
    return "–" if one.value is None else f"{100 * one.value:.0f} % {_between(one.interval, 100)}"


def points(one: Points) -> str:
    """A mean share of points as `share` writes it."""
    return "–" if one.mean is None else f"{100 * one.mean:.0f} % {_between(one.interval, 100)}"


def mean(one: Sample) -> str:
    """“71.3 (66–76)”."""
    return "–" if one.mean is None else f"{one.mean:.1f} {_between(one.interval, 1)}"


def show_rows(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Plain rows, all with the same keys."""
    if as_json or not rows:
        print_json(rows)
        return
    table = Table(*rows[0], box=None)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)


def _between(interval: Interval | None, times: float) -> str:
    return "" if interval is None else f"({times * interval.low:.0f}–{times * interval.high:.0f})"


def _parted(by: str) -> tuple[list[By], Length | None]:
    names = [one.strip() for one in by.split(",") if one.strip()]
    known = {one.value for one in By} - {By.PERIOD.value}
    wrong = [one for one in names if one not in known | _LENGTHS]
    lengths = [one for one in names if one in _LENGTHS]
    if wrong or len(lengths) > 1:
        raise InputError(
            f"--by takes {', '.join(sorted(known))}, and one of day, week, month; not {', '.join(wrong or lengths)}."
        )
    parts = [By(one) for one in names if one in known]
    return ([*parts, By.PERIOD], Length(lengths[0])) if lengths else (parts, None)


def _span(settings: Settings, since: str | None, until: str | None) -> Period:
    calendar = Calendar.of(settings.language, settings.timezone)
    last = read_day(until) if until else period(Length.DAY, utc_now(), calendar).last
    first = read_day(since) if since else last - datetime.timedelta(days=29)
    if first > last:
        raise InputError(f"The first day, {first}, lies after the last, {last}.")
    return Period(first=first, last=last, calendar=calendar)


def _within(span: Period, length: Length | None) -> list[Period]:
    """The days, weeks or months of the span, whole ones at its edges too."""
    if length is None:
        return []
    found = [period(length, span.starts_at, span.calendar)]
    while found[-1].ends_at < span.ends_at:
        found.append(period(length, found[-1].ends_at, span.calendar))
    return found


def _person(session: Session, login: str) -> uuid.UUID:
    found = session.scalar(select(User.id).where(User.login == login))
    if found is None:
        raise InputError(f"Nobody has the log-in name {login}.")
    return found


def _team(session: Session, name: str) -> uuid.UUID:
    found = session.scalar(select(Team.id).where(Team.name == name))
    if found is None:
        raise InputError(f"There is no team {name}.")
    return found
