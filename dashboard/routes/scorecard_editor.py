"""A draft of a scorecard, edited on a page: as a form, or as its YAML text. For supervisors."""

from __future__ import annotations

import json
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import JSONResponse, RedirectResponse, Response

from avasanj.errors import InputError
from avasanj.i18n import reason
from dashboard.access import Changes, Supervisor, visible_calls
from dashboard.queries import scorecards as cards
from dashboard.queries.follow_ups import late_count
from dashboard.routes.scorecards import one, show
from scoring import card_file, drafts, library
from scoring.card_faults import CardError, Problem
from scoring.card_text import written
from scoring.trial import try_rule

router = APIRouter(prefix="/scorecards")
Data = Annotated[str, Form(max_length=600_000)]
Seen = Annotated[str, Form(max_length=64)]


@router.get("/{key}/{version}/edit")
def form(who: Supervisor, key: str, version: int) -> Response:
    return _open(who, key, version, "scorecard_edit.html")


@router.post("/check", dependencies=Changes)
def check(who: Supervisor, data: Data) -> Response:
    """What the linter says of the form as it stands, and its YAML; nothing is saved."""
    read = card_file.check(_yaml(data))
    text = written(read.unfinished) if read.unfinished else None
    return JSONResponse({"problems": _told(read.problems, who.language), "yaml": text})


@router.post("/{key}/{version}/edit", dependencies=Changes)
def save(who: Supervisor, key: str, version: int, data: Data, seen: Seen) -> Response:
    """Saves the whole form, as data; the answer tells by which text to go on, or what is wrong."""
    read = card_file.check(_yaml(data))
    source = written(read.unfinished) if read.unfinished else _yaml(data)
    try:
        with who.site.database.transaction() as session:
            before = library.find(session, key, version).source
            same = read.unfinished is not None and written(library.parsed(before)) == source
            saved = drafts.save(session, key, version, before if same else source, seen=seen, by=who.id)
            told = _told(saved.problems, who.language)
            answer = {"seen": drafts.digest(saved.version.source), "problems": told}
    except CardError as problem:
        return JSONResponse({"problems": _told(problem.problems, who.language)}, status_code=422)
    except InputError as problem:
        return JSONResponse({"problems": [], "refused": _said(problem, who.language), "yaml": source}, status_code=409)
    return JSONResponse(answer)


@router.get("/{key}/{version}/yaml")
def text_form(who: Supervisor, key: str, version: int) -> Response:
    return _open(who, key, version, "scorecard_yaml.html", typed=None, problem=None, faults=())


@router.post("/{key}/{version}/yaml", dependencies=Changes)
def save_text(who: Supervisor, key: str, version: int, source: Data, seen: Seen) -> Response:
    """Saves the text as it was typed, comments and all; with a fault, the page says in which lines, and keeps what was typed."""
    text = source.replace("\r\n", "\n")
    try:
        with who.site.database.transaction() as session:
            drafts.save(session, key, version, text, seen=seen, by=who.id)
    except CardError as problem:
        context: dict[str, Any] = {"typed": text, "problem": None, "faults": problem.problems, "seen": seen}
        return _open(who, key, version, "scorecard_yaml.html", 422, **context)
    except InputError as problem:
        return _refused(who, key, version, text, seen, problem)
    return RedirectResponse(f"/scorecards/{key}/{version}/yaml", status_code=303)


@router.post("/try", dependencies=Changes)
def try_phrases(who: Supervisor, data: Data) -> Response:
    """In which of the last calls a rule finds something."""
    rule, problems = card_file.rule_of(_yaml(data))
    if rule is None:
        return show(who, "scorecard_trial.html", trial=None, problems=problems)
    with who.site.database.read() as session:
        trial = try_rule(session, rule, visible_calls(who))
    return show(who, "scorecard_trial.html", trial=trial, problems=problems)


def _open(who: Supervisor, key: str, version: int, template: str, status: int = 200, /, **context: Any) -> Response:
    """A page to change a draft on; a version that is none is only read."""
    with who.site.database.read() as session:
        found, late = one(session, who, key, version), late_count(session, who)
    if not found.is_draft:
        return RedirectResponse(f"/scorecards/{key}/{version}", status_code=303)
    problems = card_file.check(found.row.source).problems
    return show(
        who, template, status, **{"v": found, "late": late, "seen": cards.seen(found), "problems": problems} | context
    )


def _refused(who: Supervisor, key: str, version: int, typed: str, seen: str, problem: InputError) -> Response:
    """What was typed, with why it can't be saved; also where the draft was published or thrown away meanwhile."""
    with who.site.database.read() as session:
        found, late = cards.version(session, who, key, version), late_count(session, who)
    context = {"typed": typed, "problem": problem, "faults": (), "seen": seen, "late": late, "problems": ()}
    if found is None or not found.is_draft:
        return show(who, "scorecard_lost.html", 409, key=key, version=version, **context)
    return show(who, "scorecard_yaml.html", 409, v=found, **context)


def _yaml(data: str) -> str:
    """The form's data as YAML, for the linter. Raises HTTPException 422 for what no form sends."""
    try:
        return yaml.safe_dump(json.loads(data), allow_unicode=True, sort_keys=False)
    except (ValueError, RecursionError):
        raise HTTPException(422) from None


def _told(problems: tuple[Problem, ...], language: str) -> list[dict[str, Any]]:
    return [
        {
            "where": one.where,
            "text": reason({"id": one.id, "values": one.values}, language),
            "warning": one.warning or one.id in drafts.MAY_WAIT,
        }
        for one in problems
    ]


def _said(problem: InputError, language: str) -> str:
    return reason({"id": problem.text, "values": problem.values}, language)
