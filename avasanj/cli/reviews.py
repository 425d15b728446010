"""Commands about people's evaluations: sampling rules, drawing by them, what waits for whom, disputes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from avasanj.cli.app import Json, app, opened_database, print_json, settings_and_log
from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import ISOLATE, ISOLATE_END, reason

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from scoring.reviews.tables import SamplingDraw, SamplingRule

reviews = typer.Typer(
    no_args_is_help=True, help="Evaluations by people: sampling rules, what waits for whom, disputes."
)
rules = typer.Typer(no_args_is_help=True, help="Which calls are given to people to evaluate.")
app.add_typer(reviews, name="reviews")
reviews.add_typer(rules, name="rules")
Name = Annotated[str, typer.Argument(help="A rule's name, as `avasanj reviews rules list` shows it.")]


@rules.command(name="list")
def list_(*, json: Json = False) -> None:
    """Every sampling rule, with what its last draw gave out and lacked."""
    from scoring.reviews import sampling, sampling_rules

    with opened_database(settings_and_log()) as database, database.read() as session:
        draws = sampling.latest_draws(session)
        rows = [_facts(session, one) | {"last_draw": _draw(draws.get(one.id))} for one in sampling_rules.rules(session)]
    if json:
        print_json(rows)
        return
    table = Table("name", "draws", "chosen by", "evaluators", "last draw", box=None)
    for row in rows:
        amount = f"{row['amount']:g}{' %' if row['unit'] == 'percent' else ''} per {row['per']} and {row['period']}"
        last = row["last_draw"]
        drawn = f"{last['assigned']} given, {len(last['shortages'])} short" if last else "none yet"
        named = ", ".join(row["evaluators"]) or "all supervisors"
        table.add_row(row["name"], amount if row["active"] else f"{amount} (off)", row["chosen_by"], named, drawn)
    Console().print(table)
    for row in rows:
        for lack in (row["last_draw"] or {}).get("shortages", []):
            typer.echo(f"{row['name']}: {lack}", err=True)


@rules.command()
def add(
    file: Annotated[
        Path | None, typer.Argument(help="YAML with one rule or a list of them; docs/reviews.md describes the keys.")
    ] = None,
    *,
    name: Annotated[str | None, typer.Option(help="Name of the rule, where no file is given.")] = None,
    amount: Annotated[float | None, typer.Option(help="Calls, or percent of them. Default: 3.")] = None,
    unit: Annotated[str | None, typer.Option(help="calls or percent.")] = None,
    per: Annotated[str | None, typer.Option(help="agent, team, queue, evaluator or all.")] = None,
    period: Annotated[str | None, typer.Option(help="day, week or month.")] = None,
    chosen_by: Annotated[str | None, typer.Option(help="random, risk or doubt.")] = None,
    scorecard: Annotated[
        str | None, typer.Option(help="Key of a form. Default: whatever form a call was scored by.")
    ] = None,
    evaluator: Annotated[
        list[str] | None,
        typer.Option(help="Log-in name of somebody who evaluates; can be given again. Default: all supervisors."),
    ] = None,
    due_days: Annotated[float | None, typer.Option(help="Days until a review is due. Default: 7.")] = None,
    json: Json = False,
) -> None:
    """Add sampling rules, or write those of the same name anew. With a fault in one, none is taken."""
    from scoring.reviews import sampling_rules

    options = {
        "name": name, "amount": amount, "unit": unit, "per": per, "period": period, "chosen_by": chosen_by,
        "scorecard": scorecard, "evaluators": evaluator, "due_days": due_days,
    }  # fmt: skip
    written = _read(file) if file else [{key: value for key, value in options.items() if value is not None}]
    with opened_database(settings_and_log()) as database, database.transaction() as session:
        known = {one.name: one for one in sampling_rules.rules(session)}
        rows = []
        for one in written:
            old = known.get(str(one.get("name", "")).strip())
            rule = sampling_rules.change(session, old.id, one) if old else sampling_rules.add(session, one)
            rows.append(_facts(session, rule) | {"done": "changed" if old else "added"})
    if json:
        print_json(rows)
        return
    for row in rows:
        print(f"{row['name']}: {row['done']}")


@rules.command()
def remove(name: Name, *, json: Json = False) -> None:
    """Draw no more by a rule, and forget it. Reviews that it gave out stay."""
    from scoring.reviews import sampling_rules

    with opened_database(settings_and_log()) as database, database.transaction() as session:
        rule = sampling_rules.find(session, name)
        sampling_rules.remove(session, rule.id)
    if json:
        print_json({"name": name, "done": "removed"})
    else:
        print(f"{name} is removed.")


@reviews.command()
def draw(
    name: Annotated[str | None, typer.Argument(help="A rule; without one, all active ones.")] = None,
    *,
    json: Json = False,
) -> None:
    """Draw now: what is due, and from the calls of the running period so far. What was drawn is not drawn again."""
    from scoring.reviews import sampling, sampling_rules

    settings, now = settings_and_log(), utc_now()
    with opened_database(settings) as database, database.transaction() as session:
        chosen = (
            [sampling_rules.find(session, name)]
            if name
            else [one for one in sampling_rules.rules(session) if one.active]
        )
        due = sampling.assign_due(session, now, settings) if name is None else []
        names = {one.id: one.name for one in chosen}
        made = [*due, *sampling.assign_now(session, now, settings, chosen)]
        rows = [{"rule": names.get(one.rule_id), **(_draw(one) or {})} for one in made]
    if json:
        print_json(rows)
        return
    for row in rows:
        print(
            f"{row['rule']}: {row['assigned']} reviews given out in the period from {row['period_starts_at']:%Y-%m-%d}"
        )
        for lack in row["shortages"]:
            typer.echo(f"{row['rule']}: {lack}", err=True)


@reviews.command()
def inbox(
    login: Annotated[str | None, typer.Argument(help="Log-in name of an evaluator; without one, everybody's.")] = None,
    *,
    json: Json = False,
) -> None:
    """What waits for an evaluator, overdue first; without a name, how much waits for each and for nobody yet."""
    from sqlalchemy import select

    from avasanj.people import User
    from scoring.reviews import inbox as waiting

    with opened_database(settings_and_log()) as database, database.read() as session:
        if login is None:
            loads = [_plain(one) for one in waiting.loads(session)]
            _show_loads(loads, *waiting.count_unassigned(session), as_json=json)
            return
        who = session.scalar(select(User.id).where(User.login == login))
        if who is None:
            raise InputError(f"Nobody has the log-in name {login}.")
        rows = [_plain(one) for one in waiting.open_reviews(session, who)]
    for row in rows:
        row["reason"] = _said(row["reason"])
        row["kept_out"] = [_said(one) for one in row["kept_out"]]
    if json:
        print_json(rows)
        return
    table = Table("due", "call", "agent", "form", "score", "why", box=None)
    for row in rows:
        due = f"{row['due_at']:%Y-%m-%d}" if row["due_at"] else "-"
        score = "-" if row["score"] is None else f"{row['score']:.0f}"
        table.add_row(
            f"{due}{' late' if row['overdue'] else ''}",
            str(row["call_id"]),
            row["agent"],
            row["scorecard"],
            score,
            row["reason"],
        )
    Console().print(table)


@reviews.command()
def disputes(*, json: Json = False) -> None:
    """What agents dispute and nobody has decided yet, overdue first."""
    from scoring.reviews import disputed

    names = (
        "id", "state", "call_id", "span_position", "scorecard", "scorecard_version", "questions", "reason", "opened_at",
        "deadline_at", "score_before",
    )  # fmt: skip
    with opened_database(settings_and_log()) as database, database.read() as session:
        rows = [{name: getattr(one, name) for name in names} for one in disputed.pending(session)]
    if json:
        print_json(rows)
        return
    table = Table("until", "state", "call", "form", "questions", "reason", box=None)
    for row in rows:
        until = f"{row['deadline_at']:%Y-%m-%d}"
        table.add_row(
            until, row["state"], str(row["call_id"]), row["scorecard"], ", ".join(row["questions"]), row["reason"]
        )
    Console().print(table)


def _show_loads(loads: list[dict[str, Any]], nobodys: int, hesitant: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"evaluators": loads, "unassigned": nobodys, "unassigned_hesitant": hesitant})
        return
    table = Table("evaluator", "open", "overdue", "done in 30 days", box=None)
    for row in loads:
        table.add_row(row["name"], str(row["open"]), str(row["overdue"]), str(row["submitted"]))
    Console().print(table)
    print(
        f"{nobodys} evaluations need a person and were given to nobody: in {hesitant} the machine hesitates, "
        f"in {nobodys - hesitant} only questions wait that are people's own."
    )


def _said(stored: Mapping[str, Any] | None) -> str:
    """A stored message in English, without the marks that keep directions apart on a page."""
    return reason(stored, "en").replace(ISOLATE, "").replace(ISOLATE_END, "")


def _plain(one: Any) -> dict[str, Any]:
    """A frozen dataclass as a mapping, not copied in depth."""
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def _facts(session: Session, rule: SamplingRule) -> dict[str, Any]:
    """A rule as it is written: evaluators by their log-in names."""
    from sqlalchemy import select

    from avasanj.people import User

    logins = {str(id_): login for id_, login in session.execute(select(User.id, User.login))}
    names = ("name", "scorecard", "per", "amount", "unit", "period", "chosen_by", "filters", "due_days", "active")
    people = [logins.get(one, one) for one in rule.evaluators]
    return {name: getattr(rule, name) for name in names} | {"evaluators": people}


def _draw(row: SamplingDraw | None) -> dict[str, Any] | None:
    if row is None:
        return None
    names = ("period_starts_at", "period_ends_at", "drawn_at", "assigned")
    return {name: getattr(row, name) for name in names} | {"shortages": [_said(one) for one in row.shortages]}


def _read(path: Path) -> list[Mapping[str, Any]]:
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8. Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{where}: this is no YAML. Nothing was taken.") from None
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(one, Mapping) for one in rows):
        raise InputError(
            f"{path}: a sampling rule is written as keys with values, several as a list. Nothing was taken."
        )
    return rows
