"""Getting in: links that work once, passwords, sessions, forms from elsewhere."""

from __future__ import annotations

import datetime
import logging

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from avasanj import login
from avasanj.database import Database, utc_now
from avasanj.errors import InputError
from avasanj.people import AuditEntry, LoginLink, User, WebSession
from avasanj.settings import Settings
from dashboard.app import create_app
from tests.dashboard.conftest import Day, Enter, csrf
from tests.dashboard.seed import PASSWORD

NEW = "a password of mine"


@pytest.fixture
def stranger(settings: Settings, database: Database) -> TestClient:
    """A browser at a dashboard that nobody has ever used."""
    return TestClient(create_app(settings, database), follow_redirects=False, client=("127.0.0.1", 50000))


def _token(link: str) -> str:
    return link.partition("#")[2]


def test_first_administrators_link_sets_a_password_once(
    database: Database, settings: Settings, stranger: TestClient
) -> None:
    assert login.administrator_missing(database)
    link = login.make_login_link(database, settings)
    first = stranger.post("/welcome", data={"token": _token(link), "password": NEW})
    assert first.status_code == 303
    assert stranger.get("/people").status_code == 200
    assert not login.administrator_missing(database)
    again = stranger.post("/welcome", data={"token": _token(link), "password": "another password"})
    assert again.status_code == 403


def test_first_administrator_sees_their_log_in_name_and_chooses_how_they_are_called(
    database: Database, settings: Settings, stranger: TestClient
) -> None:
    token = _token(login.make_login_link(database, settings))
    assert stranger.post("/welcome/who", data={"token": token}).json() == {"login": "admin", "unnamed": True}
    assert (
        stranger.post("/welcome", data={"token": token, "password": NEW, "name": " نرگس کاویانی "}).status_code == 303
    )
    assert stranger.get("/api/me").json()["name"] == "نرگس کاویانی"
    gone = stranger.post("/welcome/who", data={"token": token})
    assert gone.status_code == 403
    assert "مصرف شده" in gone.json()["problem"]


def test_person_with_a_name_keeps_it(day: Day) -> None:
    with day.database.transaction() as session:
        token = _token(login.link_for(session, day.settings, day.seeded.supervisor, by=day.seeded.admin))
    client = day.client()
    assert client.post("/welcome/who", data={"token": token}).json() == {"login": "super", "unnamed": False}
    client.post("/welcome", data={"token": token, "password": NEW, "name": "Somebody Else"})
    assert client.get("/api/me").json()["name"] == "Martin Hale"


def test_link_does_not_work_after_an_hour(database: Database, settings: Settings, stranger: TestClient) -> None:
    link = login.make_login_link(database, settings)
    with database.transaction() as session:
        session.execute(update(LoginLink).values(expires_at=utc_now() - datetime.timedelta(seconds=1)))
    assert stranger.post("/welcome", data={"token": _token(link), "password": NEW}).status_code == 403
    assert login.administrator_missing(database)


def test_new_link_ends_the_one_before(database: Database, settings: Settings, stranger: TestClient) -> None:
    old, new = login.make_login_link(database, settings), login.make_login_link(database, settings)
    assert stranger.post("/welcome", data={"token": _token(old), "password": NEW}).status_code == 403
    assert stranger.post("/welcome", data={"token": _token(new), "password": NEW}).status_code == 303


def test_short_password_is_refused_and_the_link_stays_good(
    database: Database, settings: Settings, stranger: TestClient
) -> None:
    link = login.make_login_link(database, settings)
    assert stranger.post("/welcome", data={"token": _token(link), "password": "short"}).status_code == 422
    assert stranger.post("/welcome", data={"token": _token(link), "password": NEW}).status_code == 303


def test_neither_link_nor_session_stands_in_the_database_or_the_log(
    database: Database,
    settings: Settings,
    stranger: TestClient,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    token = _token(login.make_login_link(database, settings))
    stranger.post("/welcome", data={"token": token, "password": NEW})
    cookie = stranger.cookies["avasanj_session"]
    with database.read() as session:
        stored = [*session.scalars(select(LoginLink.token_sha256)), *session.scalars(select(WebSession.token_sha256))]
    assert len(stored) == 2
    assert token not in stored
    assert cookie not in stored
    written = caplog.text + "".join(capfd.readouterr())
    assert token not in written
    assert cookie not in written
    assert NEW not in written


def test_wrong_password_and_unknown_name_get_the_same_answer(look_day: Day) -> None:
    stranger = look_day.client("192.0.2.1")
    wrong = stranger.post("/login", data={"login_name": "admin", "password": "not the password"})
    unknown = stranger.post("/login", data={"login_name": "nobody", "password": "not the password"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace('"admin"', '"nobody"') == unknown.text


def test_eleventh_try_within_five_minutes_is_refused_even_with_the_right_password(look_day: Day) -> None:
    stranger = look_day.client("192.0.2.2")
    for _ in range(10):
        assert stranger.post("/login", data={"login_name": "admin", "password": "guess"}).status_code == 401
    assert stranger.post("/login", data={"login_name": "admin", "password": PASSWORD}).status_code == 429


def test_session_cookie_is_out_of_reach_for_scripts_and_other_sites(look_day: Day) -> None:
    plain = look_day.client().post("/login", data={"login_name": "admin", "password": PASSWORD}).headers["set-cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=lax" in plain
    assert "Secure" not in plain
    settings = look_day.settings.model_copy(update={"public_url": "https://calls.example.org"})
    encrypted = TestClient(create_app(settings, look_day.database), follow_redirects=False)
    assert (
        "Secure" in encrypted.post("/login", data={"login_name": "admin", "password": PASSWORD}).headers["set-cookie"]
    )


def test_session_ends_at_log_out_and_after_its_hours(day: Day) -> None:
    left, stayed = day.enter("admin"), day.enter("admin")
    assert left.post("/logout", data={"csrf": csrf(left)}).status_code == 303
    assert left.get("/api/me").status_code == 401
    assert stayed.get("/api/me").status_code == 200
    with day.database.transaction() as session:
        session.execute(update(WebSession).values(expires_at=utc_now() - datetime.timedelta(seconds=1)))
    assert stayed.get("/api/me").status_code == 401


def test_every_change_without_the_sessions_token_is_refused(look_day: Day) -> None:
    client = look_day.enter("admin")
    open_to_all = {"/login", "/welcome", "/welcome/who", "/language"}
    paths = {path for path, methods in _routes(look_day.app) if "POST" in methods} - open_to_all
    assert len(paths) >= 9
    forms = {
        "state": "done",
        "note": "x",
        "due": "4h",
        "name": "x",
        "login_name": "x",
        "role": "agent",
        "language": "fa",
        "active": "true",
    }
    nobody = "00000000-0000-0000-0000-000000000001"
    for path in paths:
        address = path.replace("{event_id}", "1")
        for name in ("call_id", "follow_up_id", "customer_id", "stuck_id", "connection_id", "user_id"):
            address = address.replace(f"{{{name}}}", nobody)
        for token in ({}, {"csrf": "wrong"}):
            answer = client.post(address, data=forms | {"customer_id": nobody} | token)
            assert answer.status_code == 403, (path, token, answer.status_code)


def _routes(app: FastAPI) -> list[tuple[str, set[str]]]:
    found: list[tuple[str, set[str]]] = []
    stack = list(app.router.routes)
    while stack:
        route = stack.pop()
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        if inner and not hasattr(route, "methods"):
            stack.extend(inner)
        elif hasattr(route, "methods"):
            found.append((getattr(route, "path", ""), set(route.methods or ())))
    return found


@pytest.mark.parametrize(
    "header", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
def test_forms_sent_from_other_sites_are_refused(enter: Enter, header: dict[str, str]) -> None:
    client = enter("admin")
    assert client.post("/logout", data={"csrf": csrf(client)}, headers=header).status_code == 403
    assert client.post("/language", data={"language": "en"}, headers=header).status_code == 403


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_log_in_leads_to_no_other_site(look_day: Day, target: str) -> None:
    answer = look_day.client("192.0.2.3").post(
        "/login", data={"login_name": "admin", "password": PASSWORD, "next": target}
    )
    assert answer.headers["location"] == "/"


def test_shut_out_person_loses_their_session_at_once(day: Day) -> None:
    admin, agent = day.enter("admin"), day.enter("agent")
    assert (
        admin.post(f"/people/{day.seeded.agent}/active", data={"csrf": csrf(admin), "active": "false"}).status_code
        == 303
    )
    assert agent.get("/api/me").status_code == 401


def test_last_administrator_cannot_be_shut_out(day: Day) -> None:
    with pytest.raises(InputError), day.database.transaction() as session:
        login.set_active(session, day.seeded.admin, active=False, by=day.seeded.admin)


def test_added_person_gets_a_link_that_lets_them_in(day: Day) -> None:
    admin, stranger = day.enter("admin"), day.client()
    form = {
        "csrf": csrf(admin),
        "name": "Ava Stone",
        "login_name": "ava",
        "role": "agent",
        "language": "en",
        "line": "Dana Whitfield",
    }
    page = admin.post("/people", data=form).text
    token = page.partition("/welcome#")[2].partition('"')[0]
    assert stranger.post("/welcome", data={"token": token, "password": NEW}).status_code == 303
    assert stranger.get("/api/me").json()["name"] == "Ava Stone"
    assert admin.post("/people", data=form | {"csrf": csrf(admin)}).status_code == 422
    with day.database.read() as session:
        assert session.scalar(select(func.count()).select_from(User).where(User.login == "ava")) == 1
        assert (
            session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "user.added")) == 1
        )


@pytest.mark.parametrize(("had_a_password", "language"), [(False, "fa"), (True, "en")])
def test_first_log_in_keeps_the_language_in_which_it_was_made(day: Day, had_a_password: bool, language: str) -> None:
    with day.database.transaction() as session:
        person = session.get_one(User, day.seeded.supervisor)
        person.language = "en"
        if not had_a_password:
            person.password_hash = None
        link = login.link_for(session, day.settings, day.seeded.supervisor, by=day.seeded.admin)
    stranger = day.client()
    form = {"token": _token(link), "password": NEW}
    assert stranger.post("/welcome", data=form, headers={"accept-language": "fa-IR"}).status_code == 303
    assert stranger.get("/api/me").json()["language"] == language
