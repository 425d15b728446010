"""Trying a draft, or other weights of the text model, on calls that were scored before. For supervisors."""

from __future__ import annotations

import datetime
import uuid
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from avasanj.errors import InputError
from avasanj.i18n import N_
from dashboard import card_words
from dashboard.access import Changes, Person, Supervisor
from dashboard.queries import replays
from dashboard.queries.follow_ups import late_count
from scoring import library
from scoring.replay import planning
from scoring.replay.selection import Selection

router = APIRouter(prefix="/replays")
#: How far back, in days; "" is all.
SPANS = {
    "7": N_("last 7 days"),
    "30": N_("last 30 days"),
    "90": N_("last 90 days"),
    "180": N_("last 180 days"),
    "": N_("all calls"),
}
Short = Annotated[str, Form(max_length=200)]


@router.get("")
def page(who: Supervisor, tried: str = "") -> Response:
    library.ensure_shipped(who.site.database)
    return _listing(who, chosen={"tried": tried})


@router.post("", dependencies=Changes)
def start(
    who: Supervisor,
    tried: Short = "",
    against: Short = "",
    heads: Short = "",
    days: Short = "30",
    queue: Short = "",
    agent: Short = "",
    direction: Short = "",
    language: Short = "",
    sample: Annotated[float, Form()] = 100.0,
) -> Response:
    """Plan it and have the workers try it."""
    key, _, version = tried.partition(":")
    try:
        selection = Selection(
            since=who.now - datetime.timedelta(days=int(days)) if days in SPANS and days else None,
            queues=(queue,) if queue else (),
            agents=(agent,) if agent else (),
            directions=(direction,) if direction else (),
            languages=(language,) if language else (),
            sample_percent=sample,
        )
        with who.site.database.transaction() as session:
            run = planning.plan(
                session,
                selection,
                scorecard=key or None,
                version=_number(version),
                against=_number(against) if key else None,
                heads=_number(heads),
                by=who.id,
            )
            planning.ask(session, run.id, who.id)
    except InputError as problem:
        return _listing(who, problem=problem, chosen={"tried": tried, "days": days, "heads": heads, "against": against})
    return RedirectResponse(f"/replays/{run.id}", status_code=303)


@router.get("/{run_id}")
def read(
    who: Supervisor,
    run_id: uuid.UUID,
    agent: str | None = None,
    queue: str | None = None,
    question: str | None = None,
    skip: int = 0,
) -> Response:
    with who.site.database.read() as session:
        row = replays.one(session, run_id, who.now)
        found = replays.read(session, row, agent=agent, queue=queue, question=question, skip=max(0, min(skip, 100_000)))
        late = late_count(session, who)
    only = {"agent": agent, "queue": queue, "question": question}
    return who.show(
        "replay.html",
        f=found,
        late=late,
        replays=replays,
        spans=SPANS,
        only=only,
        skip=skip,
        page_rows=replays.PAGE_ROWS,
    )


@router.post("/{run_id}/go", dependencies=Changes)
def go_on(who: Supervisor, run_id: uuid.UUID) -> Response:
    with who.site.database.transaction() as session:
        planning.ask(session, run_id, who.id)
    return RedirectResponse(f"/replays/{run_id}", status_code=303)


@router.post("/{run_id}/pause", dependencies=Changes)
def pause(who: Supervisor, run_id: uuid.UUID) -> Response:
    with who.site.database.transaction() as session:
        planning.stop(session, run_id, who.id)
    return RedirectResponse(f"/replays/{run_id}", status_code=303)


@router.post("/{run_id}/cancel", dependencies=Changes)
def cancel(who: Supervisor, run_id: uuid.UUID) -> Response:
    with who.site.database.transaction() as session:
        planning.stop(session, run_id, who.id, for_good=True)
    return RedirectResponse(f"/replays/{run_id}", status_code=303)


@router.post("/{run_id}/remove", dependencies=Changes)
def remove(who: Supervisor, run_id: uuid.UUID) -> Response:
    with who.site.database.transaction() as session:
        planning.remove(session, run_id, who.id)
    return RedirectResponse("/replays", status_code=303)


def _listing(who: Person, problem: InputError | None = None, chosen: dict[str, str] | None = None) -> Response:
    with who.site.database.read() as session:
        rows, choices = replays.listed(session, who.now), replays.choices(session)
        late = late_count(session, who)
    facts = {"rows": rows, "choices": choices, "late": late, "problem": problem, "chosen": chosen or {}}
    return who.show("replays.html", 422 if problem else 200, replays=replays, cards=card_words, spans=SPANS, **facts)


def _number(text: str) -> int | None:
    """A number from a list of the form's; None for none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
