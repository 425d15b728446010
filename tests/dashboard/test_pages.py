"""Pages as the server writes them: both languages whole, filters, what people can do."""

from __future__ import annotations

import ast
import re
import uuid
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from fastapi.testclient import TestClient
from jinja2.ext import extract_from_ast
from sqlalchemy import delete, select, update

from avasanj import login
from avasanj.database import Database
from avasanj.i18n import catalogue, reason
from avasanj.people import StuckWork, Worker
from avasanj.settings import Settings
from crm_sync.tables import Connection, Customer, FollowUp, OutboxEvent, TimelineEntry
from dashboard.app import create_app
from telephony.tables import AgentSpan, Call
from tests.dashboard.conftest import Day, Enter, csrf
from tests.dashboard.look import pages
from tests.dashboard.seed import Seeded

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "dashboard/templates").glob("*.html"))
ENVIRONMENT = jinja2.Environment()


class _Words(HTMLParser):
    """Collects what a page shows or says aloud that is not code."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag == "code"
        self.found += [
            value for name, value in attrs if value and name in {"title", "aria-label", "placeholder", "alt"}
        ]

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.found.append(data)


def _texts() -> set[str]:
    """Every message id that templates and the dashboard's own code speak of."""
    found: set[str] = set()
    for file in TEMPLATES:
        for _, _, message in extract_from_ast(ENVIRONMENT.parse(file.read_text(encoding="utf-8")), ("_", "ngettext")):
            first = message if isinstance(message, str) else next((part for part in message or () if part), None)
            found |= {first} if first else set()
    own = [path for path in (ROOT / "dashboard").rglob("*.py") if "node_modules" not in path.parts]
    for file in [
        *own,
        *(ROOT / "crm_sync").glob("*.py"),
        *(ROOT / "transcription").glob("*.py"),
        ROOT / "avasanj/login.py",
    ]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and "N_" in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")):
                found.add(ast.literal_eval(node.args[0]))
    return found


def test_every_text_of_the_pages_is_translated() -> None:
    persian = catalogue("fa")
    missing = sorted(text for text in _texts() if persian.get(text) is None)
    assert not missing
    assert len(_texts()) > 200


def test_translations_keep_the_placeholders() -> None:
    for message in catalogue("fa"):
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
        wanted = set(re.findall(r"%\((\w+)\)s", ids[-1]))
        for text in texts:
            assert set(re.findall(r"%\((\w+)\)s", text or "")) <= wanted, message.id


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_text_outside_of_the_catalogue(template: Path) -> None:
    reader = _Words()
    tokens = ENVIRONMENT.lex(template.read_text(encoding="utf-8"))
    reader.feed(
        "".join(value if kind == "data" else "x" for _, kind, value in tokens if kind in {"data", "variable_begin"})
    )
    loose = [
        word
        for word in re.findall(r"[A-Za-z]{2,}", " ".join(reader.found))
        if word not in {"Asterisk", "English"} and word.strip("x")
    ]
    assert not loose


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_shows_in_both_languages(day: Day, language: str) -> None:
    client, seeded = day.enter("admin"), day.seeded
    client.post("/language", data={"language": language})
    for name, path in pages(seeded).items():
        answer = client.get(path)
        assert answer.status_code == (404 if name == "missing" else 200), name
        assert f'<html lang="{language}" dir="{"rtl" if language == "fa" else "ltr"}">' in answer.text, name
        assert ("خروج" in answer.text or "تابلو" in answer.text) == (language == "fa"), name
        assert "style=" not in answer.text, name
        assert "<script>" not in answer.text, name


def test_persian_pages_write_persian_digits_and_leave_numbers_to_be_copied(enter: Enter, seeded: Seeded) -> None:
    page = enter("admin").get(f"/calls/{seeded.calls['angry']}").text
    assert '<bdi dir="ltr" class="tel">0912 555 0134</bdi>' in page
    assert "۰٫۸۷" in page
    assert ">۱:۱۰<" in page


def test_empty_list_says_what_to_do(settings: Settings, database: Database) -> None:
    stranger = TestClient(create_app(settings, database), follow_redirects=False)
    token = login.make_login_link(database, settings).partition("#")[2]
    stranger.post("/welcome", data={"token": token, "password": "long enough for this"})
    assert "avasanj import" in stranger.get("/calls").text
    for path in ("/follow-ups", "/system", "/people"):
        assert stranger.get(path).status_code == 200


@pytest.mark.parametrize(("query", "names"), [
    ("mood=dissatisfied", {"angry", "english"}),
    ("outcome=unanswered", {"abandoned"}),
    ("samples=only", {"english", "happy"}),
    ("owed=open", {"angry", "abandoned", "english"}),
    ("q=0912", {"waiting", "angry", "weak"}),
    ("q=۰۹۱۲", {"waiting", "angry", "weak"}),
    ("q=Olivia", {"english"}),
    ("q=رضایی", {"calm", "working", "broken", "shared", "handed"}),
    ("queue=support&review=needed", {"english"}),
    ("queue=support&review=hesitant", {"english"}),
    ("flaw=recording&when=7d", {"broken", "weak"}),
    ("flaw=gaps", {"weak", "handed"}),
])  # fmt: skip
def test_filters_narrow_the_list(enter: Enter, seeded: Seeded, query: str, names: set[str]) -> None:
    listed = {call["id"] for call in enter("super").get(f"/api/calls?{query}").json()["calls"]}
    assert listed == {str(seeded.calls[name]) for name in names}


def test_pages_of_the_list_join_without_gap_or_double(
    enter: Enter, seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.queries.calls.PAGE_ROWS", 3)
    client, seen, cursor = enter("super"), [], ""
    for _ in range(10):
        page = client.get("/api/calls", params={"cursor": cursor} if cursor else {}).json()
        seen += [call["id"] for call in page["calls"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert sorted(seen) == sorted(str(call_id) for call_id in seeded.calls.values())


def test_nonsense_in_addresses_is_answered_with_a_page(enter: Enter) -> None:
    client = enter("admin")
    assert client.get("/calls/more?cursor=nonsense").status_code == 404
    assert client.get("/calls/not-a-uuid").status_code == 404
    assert client.get("/calls?mood=nonsense").status_code == 404


def test_closing_a_follow_up_keeps_note_and_person(day: Day) -> None:
    enter, seeded, database = day.enter, day.seeded, day.database
    client = enter("super")
    form = {"csrf": csrf(client), "state": "done", "note": "called back, refund sent"}
    assert client.post(f"/follow-ups/{seeded.follow_ups['late']}/close", data=form).status_code == 303
    with database.read() as session:
        closed = session.get_one(FollowUp, seeded.follow_ups["late"])
    assert (closed.state, closed.note, closed.closed_by) == ("done", "called back, refund sent", seeded.supervisor)
    assert "refund sent" in client.get("/follow-ups?state=closed").text


def test_follow_up_is_taken_and_made_by_hand(day: Day) -> None:
    enter, seeded, database = day.enter, day.seeded, day.database
    client = enter("super")
    token = {"csrf": csrf(client)}
    client.post(f"/follow-ups/{seeded.follow_ups['missed']}/assign", data=token)
    made = client.post(
        f"/calls/{seeded.calls['calm']}/follow-ups", data=token | {"due": "1d", "note": "send the invoice"}
    )
    assert made.status_code == 303
    with database.read() as session:
        assert session.get_one(FollowUp, seeded.follow_ups["missed"]).owner_id == seeded.supervisor
        assert (
            session.scalar(select(FollowUp.customer_id).where(FollowUp.note == "send the invoice"))
            == seeded.customers["reza"]
        )
    assert "send the invoice" in client.get(f"/calls/{seeded.calls['calm']}").text


def test_shared_number_is_settled_by_a_person(day: Day) -> None:
    enter, seeded, database = day.enter, day.seeded, day.database
    client, call_id = enter("super"), seeded.calls["shared"]
    assert "خانواده نوری (دختر)" in client.get(f"/calls/{call_id}").text
    answer = client.post(
        f"/calls/{call_id}/customer", data={"csrf": csrf(client), "customer_id": str(seeded.customers["daughter"])}
    )
    assert answer.status_code == 303
    with database.read() as session:
        assert session.get_one(TimelineEntry, call_id).customer_id == seeded.customers["daughter"]


def test_refusals_of_other_rooms_read_in_the_visitors_language(day: Day) -> None:
    client, call_id = day.enter("super"), day.seeded.calls["shared"]
    wrong = {"csrf": csrf(client), "customer_id": str(day.seeded.customers["sara"])}
    english = client.post(f"/calls/{call_id}/customer", data=wrong)
    assert english.status_code == 422
    assert "does not share the number" in english.text
    client.post("/language", data={"language": "fa"})
    persian = client.post(f"/calls/{call_id}/customer", data=wrong).text
    assert "یکی از مشتری‌های پیشنهادشده" in persian
    assert str(call_id) in persian
    assert "does not share" not in persian


def test_event_that_was_given_up_is_sent_again(day: Day) -> None:
    client = day.enter("super")
    page = client.get("/system").text
    assert f'href="/calls/{day.seeded.calls["calm"]}"' in page
    assert "422 Unprocessable" in page
    with day.database.read() as session:
        dead = session.scalars(select(OutboxEvent).where(OutboxEvent.state == "dead")).one()
    address = f"/system/events/{dead.id}/replay"
    assert day.enter("agent").post(address, data={"csrf": "x"}).status_code == 403
    assert client.post(address, data={"csrf": csrf(client)}).status_code == 303
    with day.database.read() as session:
        assert session.get_one(OutboxEvent, dead.id).state == "ready"
    assert client.post(address, data={"csrf": csrf(client)}).status_code == 422
    assert client.post("/system/events/999999/replay", data={"csrf": csrf(client)}).status_code == 404


def test_health_page_says_who_works_and_what_nobody_does(day: Day) -> None:
    client = day.enter("super")
    page = client.get("/system").text
    assert "host-b:work-1" in page
    assert "silent since" in page
    assert "1 has failed and is tried again" in page
    assert "No worker is running" not in page
    with day.database.transaction() as session:
        session.execute(update(Worker).where(Worker.executor_id == "host-a:up-1").values(queues=["intake", "scoring"]))
    assert "Nobody works on: \u2068listening, sending to other systems\u2069." in client.get("/system").text
    with day.database.transaction() as session:
        session.execute(delete(Worker))
    assert "No worker is running" in client.get("/system").text


def test_calls_with_holes_are_marked_and_lead_from_health_to_their_list(enter: Enter, seeded: Seeded) -> None:
    client = enter("super")
    page = client.get("/system").text
    assert "2 calls of the last 7 days have a recording" in page.replace("\u2068", "").replace("\u2069", "")
    assert 'href="/calls?when=7d&amp;flaw=recording"' in page
    assert 'href="/calls?flaw=gaps"' in page
    row = client.get(f"/calls/{seeded.calls['weak']}/row").text
    call = client.get(f"/calls/{seeded.calls['weak']}").text
    for words in (">faulty sound<", ">gaps<"):
        assert words in row
        assert words in call
        assert words not in client.get(f"/calls/{seeded.calls['calm']}/row").text


def test_problems_of_recordings_and_pbxs_read_in_persian(enter: Enter, seeded: Seeded) -> None:
    client = enter("admin")
    call, system = client.get(f"/calls/{seeded.calls['weak']}").text, client.get("/system").text
    assert "weak-2-r.wav" in call
    assert "was cut off" not in call
    assert "192.0.2.7:5038" in system
    assert "does not answer" not in system


def test_words_that_somebody_said_keep_their_digits() -> None:
    said = {"id": "The agent promised: “%(words)s”", "values": {"words": "I'll call you tomorrow at 11"}}
    waited = {"id": "The caller waited %(wait)s and hung up", "values": {"wait": "3:40"}}
    assert "tomorrow at 11" in reason(said, "fa")
    assert "۳:۴۰" in reason(waited, "fa")


def test_customer_is_renamed(day: Day) -> None:
    enter, seeded, database = day.enter, day.seeded, day.database
    client = enter("super")
    client.post(f"/customers/{seeded.customers['unnamed']}/name", data={"csrf": csrf(client), "name": " <b>مهسا</b> "})
    with database.read() as session:
        assert session.get_one(Customer, seeded.customers["unnamed"]).name == "<b>مهسا</b>"
    page = client.get(f"/customers/{seeded.customers['unnamed']}").text
    assert "&lt;b&gt;مهسا" in page
    assert "<b>مهسا" not in page


def test_stuck_work_and_paused_connections_are_started_again_from_health(day: Day) -> None:
    enter, database = day.enter, day.database
    client = enter("super")
    token = {"csrf": csrf(client)}
    with database.read() as session:
        stuck, connection = session.scalars(select(StuckWork)).one(), session.scalars(select(Connection)).one()
    assert client.post(f"/system/stuck/{stuck.id}/requeue", data=token).status_code == 303
    assert client.post(f"/system/connections/{connection.id}/resume", data=token).status_code == 303
    with database.read() as session:
        assert session.get_one(StuckWork, stuck.id).requeued_at is not None
        assert session.get_one(Connection, connection.id).state == "active"
    assert "1 waiting" in client.get("/system").text


def test_all_stuck_work_is_started_again_by_one_press(day: Day) -> None:
    client = day.enter("super")
    with day.database.transaction() as session:
        call = str(uuid.uuid4())
        session.add(
            StuckWork(workflow_id=f"score:{call}", stage="score", subject_id=call, error="The model is missing.")
        )
    assert "/system/stuck/requeue" in client.get("/system").text
    assert client.post("/system/stuck/requeue", data={"csrf": csrf(client)}).status_code == 303
    with day.database.read() as session:
        assert all(piece.requeued_at is not None for piece in session.scalars(select(StuckWork)))


@pytest.mark.parametrize(
    ("asked", "direction"), [("en-US,en;q=0.9", "ltr"), ("fa-IR,fa;q=0.9", "rtl"), ("de-DE", "rtl")]
)
def test_the_log_in_page_speaks_the_browsers_language(day: Day, asked: str, direction: str) -> None:
    stranger = TestClient(create_app(day.settings, day.database))
    page = stranger.get("/login", headers={"accept-language": asked}).text
    assert f'dir="{direction}"' in page.split(">", 2)[1]


def test_call_as_json_carries_words_scores_and_evidence(enter: Enter, seeded: Seeded) -> None:
    call = enter("super").get(f"/api/calls/{seeded.calls['angry']}").json()
    assert call["mood"]["dissatisfied"] == 0.87
    assert call["transcript"]["turns"][1]["party"] == "customer"
    assert call["evaluations"][0]["answers"][0]["evidence"][0]["start_s"] == 0.4
    assert {found["rule"] for found in call["follow_ups"]} == {"dissatisfied", "promise"}


def test_without_built_files_the_error_says_how_to_build_them(
    look_day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.BUILT", tmp_path)
    with pytest.raises(Exception, match=re.escape("python -m dashboard.build")):
        create_app(look_day.settings, look_day.database)


def test_stage_says_what_is_still_to_come_or_why_nothing_is(enter: Enter, seeded: Seeded) -> None:
    stages = {call["id"]: call["stage"] for call in enter("super").get("/api/calls").json()["calls"]}
    told = {name: stages[str(call_id)] for name, call_id in seeded.calls.items() if stages[str(call_id)]}
    assert told == {"working": "transcribing", "broken": "unheard", "stuck": "stuck"}


def test_row_of_a_changed_call_follows_the_lists_filters(enter: Enter, seeded: Seeded) -> None:
    client: TestClient = enter("super")
    angry = seeded.calls["angry"]
    assert f'id="call-{angry}"' in client.get(f"/calls/{angry}/row?mood=dissatisfied").text
    assert client.get(f"/calls/{angry}/row?samples=only").status_code == 204


def test_imported_call_without_a_number_is_not_called_withheld(day: Day) -> None:
    client, call_id = day.enter("super"), day.seeded.calls["broken"]
    assert "Number withheld" in client.get(f"/calls/{call_id}").text
    with day.database.transaction() as session:
        call = session.get_one(Call, call_id)
        call.source, call.called_raw = "imported", None
    assert "No number" in client.get(f"/calls/{call_id}").text
    assert "no number" in client.get(f"/calls/{call_id}/row").text


def test_nobody_is_named_as_having_answered_where_no_name_is_known(day: Day) -> None:
    client, call_id = day.enter("super"), day.seeded.calls["calm"]
    assert "answered by" in client.get(f"/calls/{call_id}").text
    with day.database.transaction() as session:
        session.execute(update(AgentSpan).where(AgentSpan.call_id == call_id).values(agent_name=None, interface=""))
    assert "answered by" not in client.get(f"/calls/{call_id}").text
    assert client.get("/api/calls").json()["calls"]
