"""Getting in and out, and the language of the pages."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from avasanj import login
from avasanj.errors import AccessError, InputError
from dashboard.access import LANGUAGE_COOKIE, SESSION_COOKIE, AnyVisitor, Changes, LoggedIn, Person, Visitor

router = APIRouter()
_YEAR_S = 365 * 24 * 3600


@router.get("/")
def home(_who: LoggedIn) -> Response:
    return RedirectResponse("/calls", status_code=303)


@router.get("/login")
def ask(who: AnyVisitor, next: str = "/") -> Response:  # noqa: A002 - the address's word
    if isinstance(who, Person):
        return RedirectResponse(_inside(next), status_code=303)
    return who.show("login.html", next=_inside(next), problem="", login="")


@router.post("/login")
def enter(
    who: AnyVisitor,
    login_name: Annotated[str, Form()],
    password: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    try:
        new = login.log_in(
            who.site.database, who.site.settings, who.site.gate, login_name, password, _address(who.request)
        )
    except AccessError as problem:
        status = 429 if isinstance(problem, login.TooManyTriesError) else 401
        return who.show("login.html", status, next=_inside(next), problem=str(problem), login=login_name)
    return _let_in(who, new, _inside(next))


@router.get("/welcome")
def welcome(who: AnyVisitor) -> Response:
    """The link's token stands behind the `#`: the page's script puts it into the form, no server sees it in an address."""
    return who.show("welcome.html", problem="", token="")


@router.post("/welcome")
def set_password(who: AnyVisitor, token: Annotated[str, Form()], password: Annotated[str, Form()]) -> Response:
    try:
        new = login.use_link(who.site.database, who.site.settings, token.strip(), password)
    except InputError as problem:
        return who.show("welcome.html", 422, problem=str(problem), token=token)
    except AccessError as problem:
        return who.show("welcome.html", 403, problem=str(problem), token="")
    return _let_in(who, new, "/calls")


@router.post("/logout", dependencies=Changes)
def leave(who: LoggedIn) -> Response:
    with who.site.database.transaction() as session:
        login.log_out(session, who.request.cookies[SESSION_COOKIE])
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(SESSION_COOKIE)
    return answer


@router.post("/language")
def choose_language(
    who: AnyVisitor, language: Annotated[Literal["fa", "en"], Form()], back: Annotated[str, Form()] = "/"
) -> Response:
    """Changes nothing but how pages look, so it needs no token; other sites are refused all the same."""
    if isinstance(who, Person):
        with who.site.database.transaction() as session:
            login.set_language(session, who.id, language)
    answer = RedirectResponse(_inside(back), status_code=303)
    answer.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_S, samesite="lax", secure=_secure(who))
    return answer


def _let_in(who: Visitor, new: login.NewSession, target: str) -> Response:
    answer = RedirectResponse(target, status_code=303)
    answer.set_cookie(
        SESSION_COOKIE, new.token, expires=new.expires_at, httponly=True, samesite="lax", secure=_secure(who), path="/"
    )
    return answer


def _secure(who: Visitor) -> bool:
    return (who.site.settings.public_url or "").startswith("https:")


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _inside(target: str) -> str:
    """`target` when it is a page of ours, else the first page: a link must not lead people elsewhere after log-in."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
