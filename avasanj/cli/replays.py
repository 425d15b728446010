"""Commands that try a draft, or other weights of the text model, on calls that were scored before."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from avasanj.cli.app import Json, opened_database, print_json, settings_and_log
from avasanj.cli.moments import moment
from avasanj.cli.progress import progress_bar
from avasanj.database import Database
from avasanj.settings import Settings

Day = Annotated[str | None, typer.Option(help="A day or a moment in the center's zone: 2026-11-22, 2026-11-22T16:00.")]
Names = Annotated[list[str] | None, typer.Option(help="Only these; may be given several times.")]
_SHOWN = 15


def replay(
    key: Annotated[str | None, typer.Argument(help="A scorecard's key; none where only --heads are tried.")] = None,
    *,
    version: Annotated[int | None, typer.Option(help="The version that is tried. Default: the newest.")] = None,
    against: Annotated[
        int | None, typer.Option(help="Compare with this version, computed anew. Default: with the scores that stand.")
    ] = None,
    heads: Annotated[int | None, typer.Option(help="Weights of the text model; 0: those that came with it.")] = None,
    since: Day = None,
    until: Day = None,
    queue: Names = None,
    agent: Names = None,
    direction: Names = None,
    language: Names = None,
    sample: Annotated[float, typer.Option(help="Percent of the calls, always the same ones.")] = 100.0,
    most: Annotated[int | None, typer.Option(help="At most so many calls, the newest.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Side by side. Default: AVASANJ_THREADS.")] = None,
    with_model: Annotated[
        bool, typer.Option("--with-model", help="Ask the language model too: it takes seconds a call.")
    ] = False,
    resume: Annotated[str | None, typer.Option(help="Go on with this replay.")] = None,
    json: Json = False,
) -> None:
    """Try a scorecard on stored calls before it is published: who would move, by how much, and why. No score is touched.

    Ctrl-C stops it; --resume ID goes on where it was.
    """
    from scoring import library
    from scoring.replay import planning, running
    from scoring.replay.selection import Selection

    settings = settings_and_log()
    with opened_database(settings) as database:
        library.ensure_shipped(database)
        with database.transaction() as session:
            if resume is not None:
                run = planning.found(session, resume)
            else:
                chosen = Selection(
                    since=moment(settings, since),
                    until=moment(settings, until, end=True),
                    queues=tuple(queue or ()),
                    directions=tuple(direction or ()),
                    agents=tuple(agent or ()),
                    languages=tuple(language or ()),
                    sample_percent=sample,
                    most=most,
                )
                tried: dict[str, Any] = {"scorecard": key, "version": version, "against": against, "heads": heads}
                run = planning.plan(session, chosen, with_model=with_model, **tried)
            run_id, state = run.id, run.state
        if state != "done":
            running.start(database, run_id)
            _carry_on(settings, database, run_id, processes)
        _show(database, run_id, as_json=json)


def replays(*, json: Json = False) -> None:
    """What was tried on stored calls, the newest first."""
    from scoring.replay import planning, running

    with opened_database(settings_and_log()) as database:
        with database.read() as session:
            found = planning.listed(session)
        rows = [
            {
                "id": one.id,
                "scorecard": one.scorecard,
                "version": one.version,
                "against": one.against,
                "heads": one.heads,
                "chosen": one.chosen,
                "state": one.state,
                "calls": one.calls,
                "done": running.progress(database, one.id).done,
                "made_at": one.made_at,
                "ended_at": one.ended_at,
            }
            for one in found
        ]
    if json:
        print_json(rows)
        return
    table = Table("id", "tried", "state", "calls", "planned", box=None)
    for row in rows:
        tried = f"{row['scorecard']} {row['version']}" if row["scorecard"] else f"heads {row['heads']}"
        done = f"{row['done']}/{row['calls']}"
        table.add_row(str(row["id"]), tried, str(row["state"]), done, f"{row['made_at']:%Y-%m-%d %H:%M} UTC")
    Console(width=130).print(table)


def _carry_on(settings: Settings, database: Database, run_id: uuid.UUID, processes: int | None) -> None:
    from scoring.replay import planning, running

    try:
        with progress_bar() as show:
            running.carry_on(
                settings, database, run_id, processes=processes, show=lambda done, total: show("calls", done, total)
            )
    except KeyboardInterrupt:
        with database.transaction() as session:
            planning.stop(session, run_id, None)
        typer.echo(f"Stopped. Go on with: avasanj scorecards replay --resume {run_id}", err=True)
        raise typer.Exit(130) from None


def _show(database: Database, run_id: uuid.UUID, *, as_json: bool) -> None:
    from scoring.replay import changed, comparing_rows, planning, running

    with database.read() as session:
        run = planning.found(session, run_id)
        summary = run.summary or comparing_rows.summary(session, run)
        parts = changed.parts(session, run_id, most=_SHOWN)
        moods = changed.moods(session, run_id, most=_SHOWN) if run.heads is not None else []
    done = running.progress(database, run_id)
    took_s = (run.ended_at - run.started_at).total_seconds() if run.ended_at and run.started_at else None
    if as_json:
        names = ("id", "scorecard", "version", "against", "heads", "chosen", "state", "calls", "problem")
        facts = {name: getattr(run, name) for name in names}
        facts |= {"done": done.done, "broken": done.broken, "seconds": took_s, "cpu_s": round(done.cpu_s, 1)}
        felt = [{"call_id": one.call_id, "before": one.before, "after": one.after, "moved": one.moved} for one in moods]
        print_json(facts | {"summary": summary, "changed": [one.stored() for one in parts], "moods": felt})
    else:
        console = Console(width=130)
        console.print(f"Replay {run.id}: {run.state}, {done.done} of {done.chosen} calls" + _seconds(took_s))
        if "overall" in summary:
            _tables(console, summary)
            _parts(console, parts)
        if "moods" in summary:
            _told_moods(console, summary["moods"])
    if run.state not in {"done", "paused"}:
        raise typer.Exit(1)


def _seconds(took_s: float | None) -> str:
    return "" if took_s is None else f", {took_s:.0f} s"


def _tables(console: Console, summary: dict[str, Any]) -> None:
    console.print(
        f"{summary['parts']} parts of calls: {summary['changed']} come out otherwise, {summary['new']} are judged anew, "
        f"{summary['gone']} no more; {summary['kept_out']} stay out of averages."
    )
    for note, count in summary["notes"].items():
        console.print(f"{count} of them: {note}")
    for name in ("overall", "agents", "teams", "queues"):
        rows = [summary[name] | {"name": "all"}] if name == "overall" else summary[name][:_SHOWN]
        if rows:
            _group(console, name, rows)
    table = Table("question", "changed", "more points", "fewer", "how", box=None)
    for row in summary["questions"][:_SHOWN]:
        how = ", ".join(f"{one['before'] or '–'} → {one['after'] or '–'}: {one['n']}" for one in row["moves"][:3])
        table.add_row(row["question"], str(row["n"]), str(row["up"]), str(row["down"]), how)
    console.print(table)


def _group(console: Console, name: str, rows: list[dict[str, Any]]) -> None:
    table = Table(name, "parts", "before", "after", "difference", "passed before", "after", "rank", box=None)
    for row in rows:
        moved = row["difference"]
        by = (
            "–"
            if moved is None
            else f"{moved['value']:+.1f} ({moved['interval'][0]:+.1f} to {moved['interval'][1]:+.1f})"
        )
        mark = " *" if moved and moved["shown"] else ""
        passed = [
            f"{100 * one:.0f} %" if (one := row[f"passed_{when}"]) is not None else "–" for when in ("before", "after")
        ]
        rank = f"{_rank(row['rank_before'])} → {_rank(row['rank_after'])}" if row.get("rank_moved") else ""
        table.add_row(
            row["name"], str(row["n"]), _number(row["before"]), _number(row["after"]), by + mark, *passed, rank
        )
    console.print(table)


def _rank(places: list[int] | None) -> str:
    return "–" if places is None else str(places[0]) if places[0] == places[1] else f"{places[0]}–{places[1]}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _parts(console: Console, parts: Any) -> None:
    from scoring.replay.changed import moves

    table = Table("call", "agent", "before", "after", "why", box=None)
    for one in parts:
        row = one.row
        why = "; ".join(moves(row.changes)) or (row.note or "")
        table.add_row(str(row.call_id), one.agent or "", _number(row.score_before), _number(row.score_after), why)
    console.print(table)


def _told_moods(console: Console, moods: dict[str, Any]) -> None:
    if not moods["n"]:
        console.print("No call has a mood both before and after.")
        return
    low, high = moods["difference"]["interval"]
    console.print(
        f"Dissatisfied: {moods['before']:.3f} before, {moods['after']:.3f} after over {moods['n']} calls "
        f"({moods['difference']['value']:+.3f}, {low:+.3f} to {high:+.3f}); {moods['up']} up, {moods['down']} down."
    )
