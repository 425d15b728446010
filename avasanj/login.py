"""How people get in: one-time links, passwords, sessions. Only digests of tokens are stored, so the database lets nobody in."""

from __future__ import annotations

import datetime
import hashlib
import secrets
import threading
import uuid
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from avasanj.database import Database, utc_now
from avasanj.errors import AccessError, InputError
from avasanj.i18n import N_
from avasanj.people import AuditEntry, LoginLink, Role, User, WebSession
from avasanj.settings import Settings

PASSWORD_MIN_CHARS = 10
LINK_LIFE = datetime.timedelta(hours=1)
LINK_GONE = N_("This link has been used or is too old. Ask an administrator for a new one, or run `avasanj up` again.")
_FIRST_LOGIN = "admin"
_hasher = PasswordHash((Argon2Hasher(),))
#: verified when nobody has that log-in, so that the time taken does not tell who exists
_NOBODY = _hasher.hash(secrets.token_urlsafe())


@dataclass(frozen=True, kw_only=True)
class NewPerson:
    """Somebody who was added, and the one-time address with which they set their password."""

    user_id: uuid.UUID
    link: str


@dataclass(frozen=True, kw_only=True)
class NewSession:
    """What the browser gets once: the cookie's token. It can't be read back from the database."""

    token: str
    expires_at: datetime.datetime
    user_id: uuid.UUID


class TooManyTriesError(AccessError):
    """Log-in was tried too often from one place or for one name."""


class Gate:
    """Counts log-ins that failed: 10 in five minutes for a name from one address, 60 from one address. Kept in this process's memory.

    Log-ins that succeed are not counted: a whole shift may come in from one address at once.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        #: Checking a password takes 64 MB for a moment; and tries at the same moment must not slip past the count.
        self.checking = threading.BoundedSemaphore(2)
        self._per_name = RateLimitItemPerMinute(10, 5)
        self._per_address = RateLimitItemPerMinute(60, 5)

    def failed(self, login: str, address: str) -> None:
        """Count one failure."""
        self._limiter.hit(self._per_address, address)
        self._limiter.hit(self._per_name, address, login.casefold())

    def check(self, login: str, address: str) -> None:
        """Raises TooManyTriesError when there were too many."""
        open_ = self._limiter.test(self._per_address, address) and self._limiter.test(
            self._per_name, address, login.casefold()
        )
        if not open_:
            raise TooManyTriesError(N_("Too many tries. Wait five minutes, then try again."))


def administrator_missing(database: Database) -> bool:
    """True while no administrator has set a password."""
    with database.read() as session:
        ready = select(func.count()).where(
            User.role == Role.ADMINISTRATOR, User.password_hash.is_not(None), User.active.is_(True)
        )
        return session.scalar(ready) == 0


def make_login_link(database: Database, settings: Settings) -> str:
    """Address with which the first administrator sets a password: once, within an hour. Earlier links of theirs end.

    Print it to the terminal only. Its token stands behind the `#`, which a browser never sends, so it is in no log.
    """
    with database.transaction() as session:
        user = session.scalars(
            select(User)
            .where(User.role == Role.ADMINISTRATOR, User.active.is_(True))
            .order_by(User.created_at)
            .limit(1)
        ).first()
        if user is None:
            user = User(login=_FIRST_LOGIN, name=_FIRST_LOGIN, role=Role.ADMINISTRATOR, language=settings.language)
            session.add(user)
            session.flush()
        return link_for(session, settings, user.id, by=None)


def link_for(session: Session, settings: Settings, user_id: uuid.UUID, *, by: uuid.UUID | None) -> str:
    """A one-time address for `user_id`, made by user `by` (None: from the command line)."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(LoginLink).where(LoginLink.user_id == user_id))
    session.add(LoginLink(token_sha256=_digest(token), user_id=user_id, expires_at=utc_now() + LINK_LIFE))
    audit(session, by, "login_link.made", user_id)
    return f"{settings.address}/welcome#{token}"


def link_owner(session: Session, token: str) -> User | None:
    """Whom a one-time link is for, or None when it is used, old or unknown. Looking does not use it up."""
    return session.scalars(
        select(User)
        .join(LoginLink, LoginLink.user_id == User.id)
        .where(LoginLink.token_sha256 == _digest(token), LoginLink.used_at.is_(None))
        .where(LoginLink.expires_at > utc_now(), User.active.is_(True))
    ).first()


def may_name(user: User) -> bool:
    """Whether a person still has only a log-in name, as the first administrator, whom nobody has entered by hand."""
    return user.name == user.login


def use_link(database: Database, settings: Settings, token: str, password: str, name: str = "") -> NewSession:
    """Set the password of the link's owner and log them in; the link is used up, their other sessions end.

    `name` becomes the name of a person who has none yet but their log-in name. Raises InputError for a short password
    (the link stays good), AccessError for a link that is used, old or unknown.
    """
    if len(password) < PASSWORD_MIN_CHARS:
        raise InputError(N_("The password is too short. Use at least 10 characters."))
    with database.transaction() as session:
        now = utc_now()
        owner = session.scalar(
            update(LoginLink)
            .where(LoginLink.token_sha256 == _digest(token), LoginLink.used_at.is_(None), LoginLink.expires_at > now)
            .values(used_at=now)
            .returning(LoginLink.user_id)
        )
        user = session.get(User, owner) if owner else None
        if user is None or not user.active:
            raise AccessError(LINK_GONE)
        if name.strip() and may_name(user):
            user.name = name.strip()
        user.password_hash = _hasher.hash(password)  # only now: hashing is dear, and anybody may send a token
        session.execute(delete(WebSession).where(WebSession.user_id == user.id))
        audit(session, user.id, "password.set", user.id)
        return _open(session, settings, user)


def log_in(database: Database, settings: Settings, gate: Gate, login: str, password: str, address: str) -> NewSession:
    """A session for the right password. Raises TooManyTriesError, and AccessError without telling which of the two was wrong."""
    with gate.checking:
        gate.check(login, address)
        with database.read() as reading:
            user = reading.scalars(select(User).where(func.lower(User.login) == login.strip().lower())).first()
        known = user is not None and user.active and user.password_hash is not None
        right, better = _hasher.verify_and_update(
            password, (user.password_hash or _NOBODY) if user is not None else _NOBODY
        )
        with database.transaction() as session:
            if user is not None and known and right:
                if better:
                    session.execute(update(User).where(User.id == user.id).values(password_hash=better))
                return _open(session, settings, user)
            gate.failed(login, address)
            audit(session, user.id if user else None, "login.refused", user.id if user else "unknown")
    raise AccessError(N_("This name and password do not go together."))


def find_session(session: Session, token: str) -> tuple[User, WebSession] | None:
    """The logged-in user behind a cookie's token, or None when it is unknown, over, or the person has left."""
    row = session.execute(
        select(User, WebSession)
        .join(WebSession, WebSession.user_id == User.id)
        .where(WebSession.token_sha256 == _digest(token), WebSession.expires_at > utc_now(), User.active.is_(True))
    ).first()
    return (row[0], row[1]) if row else None


def log_out(session: Session, token: str) -> None:
    """End the session; a second time changes nothing."""
    owner = session.scalar(
        delete(WebSession).where(WebSession.token_sha256 == _digest(token)).returning(WebSession.user_id)
    )
    if owner:
        audit(session, owner, "logout", owner)


def add_user(
    session: Session,
    settings: Settings,
    *,
    login: str,
    name: str,
    role: Role,
    language: str,
    by: uuid.UUID | None,
) -> NewPerson:
    """A new person who sets their own password, added by user `by` (None: by the command line).

    Raises InputError for a log-in name in use.
    """
    login = login.strip()
    if not login or not name.strip():
        raise InputError(N_("A person needs a name and a log-in name."))
    if session.scalar(select(User.id).where(func.lower(User.login) == login.lower())):
        raise InputError(N_("Somebody has this log-in name already. Choose another one."))
    user = User(login=login, name=name.strip(), role=role, language=language)
    session.add(user)
    session.flush()
    audit(session, by, "user.added", user.id, role=role)
    return NewPerson(user_id=user.id, link=link_for(session, settings, user.id, by=by))


def set_active(session: Session, user_id: uuid.UUID, *, active: bool, by: uuid.UUID) -> None:
    """Let a person in or shut them out at once. Raises InputError for the last administrator."""
    user = session.get_one(User, user_id)
    others = select(func.count()).where(User.role == Role.ADMINISTRATOR, User.active.is_(True), User.id != user_id)
    if not active and user.role == Role.ADMINISTRATOR and not session.scalar(others):
        raise InputError(N_("This is the last administrator. Make another one first."))
    user.active = active
    if not active:
        session.execute(delete(WebSession).where(WebSession.user_id == user_id))
        session.execute(delete(LoginLink).where(LoginLink.user_id == user_id))
    audit(session, by, "user.let_in" if active else "user.shut_out", user_id)


def set_language(session: Session, user_id: uuid.UUID, language: str) -> None:
    """The language of a person's pages: "fa" or "en"."""
    session.execute(update(User).where(User.id == user_id).values(language=language))


def audit(session: Session, user_id: uuid.UUID | None, action: str, subject: object, **detail: object) -> None:
    """Write down who did what to what. `detail` holds ids and settings, never secrets."""
    session.add(AuditEntry(user_id=user_id, action=action, subject=str(subject), detail=dict(detail)))


def _open(session: Session, settings: Settings, user: User) -> NewSession:
    token, now = secrets.token_urlsafe(32), utc_now()
    expires_at = now + datetime.timedelta(hours=settings.session_hours)
    session.execute(delete(WebSession).where(WebSession.expires_at <= now))
    session.add(
        WebSession(
            token_sha256=_digest(token), user_id=user.id, csrf_token=secrets.token_urlsafe(32), expires_at=expires_at
        )
    )
    audit(session, user.id, "login", user.id)
    return NewSession(token=token, expires_at=expires_at, user_id=user.id)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
