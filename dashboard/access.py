"""Who is asking and what they may see and do. The one place where roles are checked."""

from __future__ import annotations

import datetime
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, Header, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import ColumnElement, exists, func, or_, true

from avasanj import login
from avasanj.database import utc_now
from avasanj.errors import AccessError
from avasanj.i18n import LANGUAGES, N_
from avasanj.people import Role, User
from crm_sync.tables import FollowUp
from dashboard.site import Site
from scoring.tables import Evaluation
from telephony.tables import AgentSpan, Call

SESSION_COOKIE = "avasanj_session"
LANGUAGE_COOKIE = "avasanj_language"
_RANK = {Role.AGENT: 0, Role.SUPERVISOR: 1, Role.ADMINISTRATOR: 2}


class NotLoggedInError(AccessError):
    """The page is for people who have logged in."""


class NotAllowedError(AccessError):
    """The person's role does not cover this."""


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Whoever asks: `user` is None before log-in. Knows how to show a page in their language."""

    request: Request
    site: Site
    user: User | None
    csrf: str
    language: str
    now: datetime.datetime
    mark: str  #: how far the live notices had come before anything of the page was read

    def show(self, template: str, http_status: int = 200, /, **context: Any) -> HTMLResponse:
        """The template as a page in the visitor's language."""
        return HTMLResponse(self.site.pages.render(template, self, context), status_code=http_status)

    def may(self, role: Role) -> bool:
        return self.user is not None and _RANK[Role(self.user.role)] >= _RANK[role]

    @property
    def supervises(self) -> bool:
        return self.may(Role.SUPERVISOR)


@dataclass(frozen=True, kw_only=True)
class Person(Visitor):
    """A visitor who has logged in."""

    user: User

    @property
    def id(self) -> uuid.UUID:
        return self.user.id


def visitor(request: Request) -> Visitor:
    """Whoever asks, logged in or not."""
    site: Site = request.app.state.site
    mark = site.hub.mark
    token = request.cookies.get(SESSION_COOKIE)
    found = None
    if token:
        with site.database.read() as session:
            found = login.find_session(session, token)
    chosen = found[0].language if found else request.cookies.get(LANGUAGE_COOKIE) or _preferred(request)
    facts: Mapping[str, Any] = {
        "request": request,
        "site": site,
        "csrf": found[1].csrf_token if found else "",
        "language": chosen if chosen in LANGUAGES else site.settings.language,
        "now": utc_now(),
        "mark": mark,
    }
    return Person(user=found[0], **facts) if found else Visitor(user=None, **facts)


def person(who: Annotated[Visitor, Depends(visitor)]) -> Person:
    """Whoever asks, logged in. Raises NotLoggedInError."""
    if not isinstance(who, Person):
        raise NotLoggedInError(N_("Log in to see this page."))
    return who


def supervisor(who: Annotated[Person, Depends(person)]) -> Person:
    """Raises NotAllowedError for agents."""
    if not who.supervises:
        raise NotAllowedError(N_("This page is for supervisors."))
    return who


def administrator(who: Annotated[Person, Depends(person)]) -> Person:
    """Raises NotAllowedError for all but administrators."""
    if not who.may(Role.ADMINISTRATOR):
        raise NotAllowedError(N_("This page is for administrators."))
    return who


def check_csrf(
    who: Annotated[Person, Depends(person)],
    csrf: Annotated[str, Form()] = "",
    x_csrf_token: Annotated[str, Header()] = "",
) -> None:
    """Every change by a logged-in person carries their session's token. Raises NotAllowedError without it."""
    if not hmac.compare_digest((x_csrf_token or csrf).encode(), who.csrf.encode()):
        raise NotAllowedError(N_("This form is too old. Go back, load the page again and repeat."))


def check_csrf_header(who: Annotated[Person, Depends(person)], x_csrf_token: Annotated[str, Header()] = "") -> None:
    """As check_csrf, for programs that send no form: the token stands in /api/me. Raises NotAllowedError without it."""
    check_csrf(who, "", x_csrf_token)


AnyVisitor = Annotated[Visitor, Depends(visitor)]
LoggedIn = Annotated[Person, Depends(person)]
Supervisor = Annotated[Person, Depends(supervisor)]
Administrator = Annotated[Person, Depends(administrator)]
Changes = [Depends(check_csrf)]
ApiChanges = [Depends(check_csrf_header)]


def visible_calls(who: Person) -> ColumnElement[bool]:
    """The calls that a person may see: all for supervisors, those with their own time in them for agents."""
    if who.supervises:
        return true()
    return exists().where(AgentSpan.call_id == Call.id, AgentSpan.user_id == who.id).correlate(Call)


def visible_evaluations(who: Person) -> ColumnElement[bool]:
    """The evaluations that a person may see: all for supervisors, those of their own time in a call for agents."""
    if who.supervises:
        return true()
    own = (AgentSpan.call_id == Evaluation.call_id, AgentSpan.position == Evaluation.span_position)
    return exists().where(*own, AgentSpan.user_id == who.id).correlate(Evaluation)


def visible_follow_ups(who: Person) -> ColumnElement[bool]:
    """The follow-ups that a person may see and close: all for supervisors, those they own for agents."""
    if who.supervises:
        return true()
    return owned(who)


def owned(who: Person) -> ColumnElement[bool]:
    """The follow-ups that are a person's: given to them, or falling to an agent of the call who has since been named as them."""
    name = func.coalesce(func.nullif(AgentSpan.agent_name, ""), AgentSpan.interface)
    theirs = (AgentSpan.call_id == FollowUp.call_id, AgentSpan.user_id == who.id, name == FollowUp.owner_name)
    return or_(FollowUp.owner_id == who.id, FollowUp.owner_id.is_(None) & exists().where(*theirs).correlate(FollowUp))


def _preferred(request: Request) -> str:
    """The first of our languages that the browser asks for; "" when it asks for none of them."""
    asked = (part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(","))
    return next((language for language in asked if language in LANGUAGES), "")
