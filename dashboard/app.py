"""The dashboard as one web application."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DataError, NoResultFound
from starlette.exceptions import HTTPException

from avasanj.database import Database
from avasanj.errors import AccessError, AvasanjError, InputError
from avasanj.i18n import N_, english
from avasanj.log import get_logger
from avasanj.login import Gate
from avasanj.settings import Settings
from dashboard.access import NotAllowedError, NotLoggedInError, visitor
from dashboard.live import Hub
from dashboard.pages import FOLDER, Pages
from dashboard.routes import (
    api,
    calls,
    customers,
    follow_ups,
    hot_words,
    labels,
    lines,
    live,
    login,
    machine,
    media,
    people,
    replays,
    reviews,
    scorecard_editor,
    scorecards,
    speakers,
    topics,
    transcripts,
    transcripts_api,
    wall,
)
from dashboard.routes import health as health_page
from dashboard.shield import Shield
from dashboard.site import Site

_log = get_logger(__name__)
_TEXTS = {
    403: N_("You may not see or do this."),
    404: N_("There is no such page, or it is not for you."),
    422: N_("The form is not filled in as it should be. Go back and look through it."),
    405: N_("This address does not answer to that."),
    500: N_(
        "Something broke here. It has been written to the log; try again, and tell your administrator the reference if it stays."
    ),
}


def create_app(settings: Settings, database: Database) -> FastAPI:
    """The application. Raises SettingsError when the style sheet and scripts have not been built."""
    site = Site(settings=settings, database=database, pages=Pages(settings), gate=Gate(), hub=Hub(database.url))
    app = FastAPI(title="Avasanj", lifespan=_lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = site
    for room in (
        login,
        calls,
        transcripts,
        speakers,
        media,
        follow_ups,
        customers,
        health_page,
        hot_words,
        topics,
        labels,
        lines,
        people,
        replays,
        reviews,
        scorecard_editor,
        scorecards,
        wall,
        api,
        transcripts_api,
        live,
        machine,
    ):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    app.add_middleware(Shield, counters=machine.counters(app), secure=(settings.public_url or "").startswith("https:"))
    app.add_exception_handler(NotLoggedInError, _ask_to_log_in)
    app.add_exception_handler(NotAllowedError, _refuse)
    app.add_exception_handler(InputError, _refuse)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(NoResultFound, _gone)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(Exception, _broke)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    hub: Hub = app.state.site.hub
    hub.start()
    try:
        yield
    finally:
        hub.stop()


def _wants_data(request: Request) -> bool:
    return request.url.path.startswith(("/api/", "/media/", "/live"))


def _ask_to_log_in(request: Request, error: Exception) -> Response:
    if _wants_data(request):
        return JSONResponse({"error": str(error)}, status_code=401)
    target = request.url.path if request.method == "GET" else "/"
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/login"})
    return RedirectResponse(f"/login?next={target}" if target not in {"/", "/login"} else "/login", status_code=303)


def _refuse(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 403 if isinstance(error, AccessError) else 422
    if isinstance(error, AvasanjError):
        return _error_page(request, status, error.text, values=error.values)
    return _error_page(request, status, _TEXTS.get(status, _TEXTS[404]))


def _gone(request: Request, _error: Exception) -> Response:
    """What a form speaks of has been removed since, or never was."""
    return _error_page(request, 404, _TEXTS[404])


def _misread(request: Request, _error: Exception) -> Response:
    """An address that makes no sense is a page that is not there; a form that makes none was not filled in."""
    status = 404 if request.method in {"GET", "HEAD"} else 422
    return _error_page(request, status, _TEXTS[status])


def _unstorable(request: Request, _error: Exception) -> Response:
    """What the database can't hold, as a NUL in a text or a number without end, no person has typed."""
    return _error_page(request, 422, _TEXTS[422])


def _broke(request: Request, error: Exception) -> Response:
    reference = secrets.token_hex(4)
    _log.error(
        "page_broke", reference=reference, route=getattr(request.scope.get("route"), "path", "?"), exc_info=error
    )
    return _error_page(request, 500, _TEXTS[500], reference)


def _error_page(
    request: Request, status: int, text: str, reference: str | None = None, values: Mapping[str, object] | None = None
) -> Response:
    """The error as a page in the visitor's language, or as English data; `values` fill the text's placeholders."""
    reference, values = reference or secrets.token_hex(4), values or {}
    if _wants_data(request):
        return JSONResponse({"error": english(text, values), "reference": reference}, status_code=status)
    try:
        who = visitor(request)
    except Exception:  # noqa: BLE001 - the database may be what broke; the page must still say so
        told = english(text, values)
        return Response(f"{told}\nReference: {reference}\n", status_code=status, media_type="text/plain")
    return who.show("error.html", status, status=status, text=text, values=values, reference=reference)
