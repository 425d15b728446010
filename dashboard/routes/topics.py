"""What calls are about: the page for supervisors, decisions on proposals, and what became of promises."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, HTTPException, UploadFile
from fastapi.responses import RedirectResponse, Response

from avasanj.errors import InputError
from avasanj.i18n import N_
from dashboard.access import Changes, LoggedIn, NotAllowedError, Supervisor
from dashboard.queries import call as one_call
from dashboard.queries import topics as queries
from dashboard.queries.follow_ups import late_count
from scoring.topics import again, keeping, lists, proposals

router = APIRouter()
_MOST_BYTES = 1 << 20
_TOO_LARGE = N_("The file is larger than 1 MB. A list of topics is much smaller.")
_NO_TEXT = N_("The file is no text in UTF-8. Save it as UTF-8.")
_NOT_YOURS = N_("A supervisor says what became of this promise.")
Key = Annotated[str, Form(max_length=60)]


@router.get("/topics")
def page(who: Supervisor) -> Response:
    return _show(who)


@router.post("/topics/propose", dependencies=Changes)
def propose(who: Supervisor) -> Response:
    """Group the calls without a topic now; some seconds for many thousands."""
    proposals.propose(who.site.database)
    return RedirectResponse("/topics#proposals", status_code=303)


@router.post("/topics/proposals/{proposal_id}/name", dependencies=Changes)
def name(
    who: Supervisor,
    proposal_id: uuid.UUID,
    key: Key,
    title_fa: Annotated[str, Form(max_length=80)] = "",
    title_en: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    try:
        with who.site.database.transaction() as session:
            proposals.name(session, proposal_id, key.strip(), {"fa": title_fa, "en": title_en}, by=who.id)
    except InputError as problem:
        return _show(who, problem=problem, status=422)
    return RedirectResponse("/topics#proposals", status_code=303)


@router.post("/topics/proposals/{proposal_id}/join", dependencies=Changes)
def join(who: Supervisor, proposal_id: uuid.UUID, key: Key) -> Response:
    with who.site.database.transaction() as session:
        proposals.join(session, proposal_id, key, by=who.id)
    return RedirectResponse("/topics#proposals", status_code=303)


@router.post("/topics/proposals/{proposal_id}/dismiss", dependencies=Changes)
def dismiss(who: Supervisor, proposal_id: uuid.UUID) -> Response:
    with who.site.database.transaction() as session:
        proposals.dismiss(session, proposal_id, by=who.id)
    return RedirectResponse("/topics#proposals", status_code=303)


@router.get("/topics.yaml")
def export(who: Supervisor, version: int | None = None) -> Response:
    """The list as it can be taken in again."""
    with who.site.database.read() as session:
        source = lists.source(session, version)
    headers = {"Content-Disposition": 'attachment; filename="topics.yaml"'}
    return Response(source, media_type="application/yaml; charset=utf-8", headers=headers)


@router.post("/topics/import", dependencies=Changes)
def import_(who: Supervisor, file: Annotated[UploadFile, File()]) -> Response:
    try:
        with who.site.database.transaction() as session:
            lists.import_list(session, _text(file), file.filename or "topics.yaml", by=who.id)
    except InputError as problem:
        return _show(who, problem=problem, status=422)
    return RedirectResponse("/topics#list", status_code=303)


@router.post("/topics/again", dependencies=Changes)
def read_again(who: Supervisor) -> Response:
    """Have the workers read stored calls by the list in use."""
    with who.site.database.transaction() as session:
        again.ask(session, by=who.id)
    return RedirectResponse("/topics", status_code=303)


@router.post("/topics/restore", dependencies=Changes)
def restore(who: Supervisor, version: Annotated[int, Form(ge=0)]) -> Response:
    with who.site.database.transaction() as session:
        lists.restore(session, version, by=who.id)
    return RedirectResponse("/topics#list", status_code=303)


@router.post("/promises/{promise_id}", dependencies=Changes)
def mark(who: LoggedIn, promise_id: int, state: Annotated[str, Form(max_length=10)]) -> Response:
    """Whoever may see the call says what became of a promise made in it; agents only of what the ledger can't see."""
    with who.site.database.transaction() as session:
        promise = queries.promise(session, promise_id)
        if promise is None or not one_call.may_see(session, who, promise.call_id):
            raise HTTPException(404)
        if not queries.may_mark(session, who, promise):
            raise NotAllowedError(_NOT_YOURS)
        call_id = promise.call_id
        keeping.mark(session, promise_id, state, by=who.id)
    return RedirectResponse(f"/calls/{call_id}#about", status_code=303)


@router.get("/api/topics")
def as_data(who: Supervisor) -> dict[str, Any]:
    with who.site.database.read() as session:
        return queries.topics_json(queries.page(session, who))


@router.get("/api/calls/{call_id}/about")
def about_as_data(who: LoggedIn, call_id: uuid.UUID) -> dict[str, Any]:
    with who.site.database.read() as session:
        if not one_call.may_see(session, who, call_id):
            raise HTTPException(404)
        return queries.about_json(queries.of_call(session, who, call_id))


def _show(who: Supervisor, problem: InputError | None = None, status: int = 200) -> Response:
    with who.site.database.read() as session:
        found, late = queries.page(session, who), late_count(session, who)
    return who.show("topics.html", status, p=found, late=late, problem=problem)


def _text(file: UploadFile) -> str:
    """Raises InputError for a file that is too large or no text."""
    data = file.file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise InputError(_TOO_LARGE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(_NO_TEXT) from None
