"""Getting in and out, and the language of the pages."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from avasanj import login
from avasanj.errors import AccessError, InputError
from avasanj.i18n import translator
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
        return who.show("login.html", status, next=_inside(next), problem=problem.text, login=login_name)
    return _let_in(who, new, _inside(next))


@router.get("/welcome")
def welcome(who: AnyVisitor) -> Response:
    """The link's token stands behind the `#`: the page's script puts it into the form, no server sees it in an address."""
    return who.show("welcome.html", problem="", token="", name="")


@router.post("/welcome/who")
def welcome_who(who: AnyVisitor, token: Annotated[str, Form()]) -> Response:
    """Whom the link is for, asked by the page's script: the name to log in with, and whether their own name is missing."""
    with who.site.database.read() as session:
        user = login.link_owner(session, token.strip())
    if user is None:
        return JSONResponse({"problem": translator(who.language).gettext(login.LINK_GONE)}, status_code=403)
    return JSONResponse({"login": user.login, "unnamed": login.may_name(user)})


@router.post("/welcome")
def set_password(
    who: AnyVisitor,
    token: Annotated[str, Form()],
    password: Annotated[str, Form()],
    name: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    first = _first_log_in(who, token.strip())
    try:
        new = login.use_link(who.site.database, who.site.settings, token.strip(), password, name)
    except InputError as problem:
        return who.show("welcome.html", 422, problem=problem.text, token=token, name=name)
    except AccessError as problem:
        return who.show("welcome.html", 403, problem=problem.text, token="", name=name)
    if first:
        with who.site.database.transaction() as session:
            login.set_language(session, new.user_id, who.language)
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


def _first_log_in(who: Visitor, token: str) -> bool:
    """Whether the link's owner has never had a password: later on, the language is the one they have chosen."""
    with who.site.database.read() as session:
        owner = login.link_owner(session, token)
    return owner is not None and owner.password_hash is None


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
