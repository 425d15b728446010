"""The page Topics, what it decides, and what a call's page says of its promises."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

import numpy as np
from sqlalchemy import select, text

from avasanj.database import utc_now
from avasanj.people import AuditEntry
from avasanj.settings import Settings
from scoring.surveys.tables import Survey
from scoring.tables import Mood
from scoring.topics import again, lists, proposals
from scoring.topics.tables import CallAbout, CallTopic, PromiseMark, Proposal, StoredPromise
from telephony.tables import Call
from tests.dashboard.conftest import Day, Enter, csrf

LIST = "topics:\n  - {key: mine, title: {en: Mine, fa: مال من}, like: {en: [a b c]}}\n"


def _calls(day: Day) -> Proposal:
    """Six calls about the same thing without a topic, one about a bill; gives the proposal made of the six."""
    now = utc_now()
    random = np.random.default_rng(7)
    same = random.normal(size=384)
    with day.database.transaction() as session:
        for n in range(26):
            id_ = uuid.uuid4()
            vector = (same if n < 6 else 0) + random.normal(size=384) * (0.4 if n < 6 else 1)
            session.add(
                Call(
                    id=id_, pbx="pbx", linked_id=str(id_), source="live", direction="inbound", state="ended",
                    disposition="answered", started_at=now - datetime.timedelta(hours=n),
                )
            )  # fmt: skip
            session.flush()
            reason = {
                "party": "customer",
                "turn": 1,
                "start_s": 3.0,
                "end_s": 5.0,
                "text": f"Roaming in Turkey, case {n}.",
            }
            stored = (vector / np.linalg.norm(vector)).astype("<f2").tobytes()
            session.add(CallAbout(call_id=id_, language="en", list_version=0, reason=reason, vector=stored, summary=[]))
    (found,) = proposals.propose(day.database)
    return found


def test_a_supervisor_names_joins_and_dismisses(day: Day):
    found = _calls(day)
    client = day.enter("super")
    page = client.get("/topics")
    assert page.status_code == 200
    assert "Roaming in Turkey" in page.text
    token = csrf(client)
    refused = client.post(
        f"/topics/proposals/{found.id}/name", data={"csrf": token, "key": "billing", "title_fa": "قبض"}
    )
    assert refused.status_code == 422
    named = {"csrf": token, "key": "roaming", "title_fa": "رومینگ", "title_en": "Roaming"}
    assert client.post(f"/topics/proposals/{found.id}/name", data=named).status_code == 303
    told = client.get("/api/topics").json()
    assert told["proposals"] == []
    assert [(one["key"], sum(one["counts"])) for one in told["topics"] if one["key"] == "roaming"] == [("roaming", 6)]
    listed = client.get("/calls?topic=roaming")
    assert listed.status_code == 200
    assert "رومینگ" in listed.text or "Roaming" in listed.text
    assert client.get("/api/calls?topic=roaming").json()["calls"].__len__() == 6
    again = client.post(f"/topics/proposals/{found.id}/dismiss", data={"csrf": token})
    assert again.status_code == 422, "it was decided on"


def test_the_list_goes_out_and_in_and_back(day: Day):
    client = day.enter("super")
    token = csrf(client)
    shipped = client.get("/topics.yaml").text
    assert "key: billing" in shipped
    files = {"file": ("mine.yaml", LIST.encode())}
    assert client.post("/topics/import", data={"csrf": token}, files=files).status_code == 303
    assert client.get("/topics.yaml").text == LIST
    faulty = {"file": ("mine.yaml", b"topics:\n  - {key: mine}\n")}
    refused = client.post("/topics/import", data={"csrf": token}, files=faulty)
    assert refused.status_code == 422
    assert "title" in refused.text
    assert client.post("/topics/restore", data={"csrf": token, "version": 0}).status_code == 303
    assert "key: billing" in client.get("/topics.yaml").text


def test_who_may_see_the_call_says_what_became_of_a_promise(day: Day):
    call_id = day.seeded.calls["angry"]
    evidence = {
        "party": "agent",
        "turn": 2,
        "start_s": 8.0,
        "end_s": 9.0,
        "text": "لینک رو براتون پیامک می‌کنم.",
        "kind": "message",
    }
    with day.database.transaction() as session:
        promise = StoredPromise(
            call_id=call_id, position=0, kind="message", by="agent", words="پیامک می کنم", evidence=evidence
        )
        session.add(promise)
        session.add(CallAbout(call_id=call_id, language="fa", list_version=0, driver="outage", summary=[
            {**evidence, "role": "promise", "method": "extract"}
        ]))  # fmt: skip
        session.add(
            CallTopic(call_id=call_id, topic="outage", driver=True, confidence=0.85, method="rule", evidence=[evidence])
        )
    client = day.enter("super")
    page = client.get(f"/calls/{call_id}").text
    assert "لینک رو براتون پیامک می‌کنم." in page
    assert 'href="/calls?topic=outage"' in page
    answer = client.post(f"/promises/{promise.id}", data={"csrf": csrf(client), "state": "kept"})
    assert answer.headers["location"] == f"/calls/{call_id}#about"
    told = client.get(f"/api/calls/{call_id}/about").json()
    assert [(one["state"], one["marked"]) for one in told["promises"]] == [("kept", True)]
    with day.database.read() as session:
        assert session.scalars(select(PromiseMark.state)).all() == ["kept"]
        assert "promise.kept" in session.scalars(select(AuditEntry.action)).all()


def test_stored_calls_are_read_again_at_the_press_of_a_button(day: Day, settings: Settings):
    """Asked for once, however often it is pressed; twenty at a time; nothing is left in the end, and the page says so."""
    with day.database.transaction() as session:
        before = again.count_behind(session)
        made = lists.import_list(session, LIST, "mine.yaml")
        assert before, "the seeded calls were scored without topics"
    client = day.enter("super")
    assert "/topics/again" in client.get("/topics").text
    for _ in range(2):
        assert client.post("/topics/again", data={"csrf": csrf(client)}).status_code == 303
    page = client.get("/topics").text
    assert "/topics/again" not in page
    assert 'role="status"' in page
    assert _asked(day) == 1
    with day.database.read() as session:
        audited = session.scalars(select(AuditEntry).where(AuditEntry.action == "topics.again")).one()
    assert audited.detail == {"calls": before, "list": made.version}
    asked_id = uuid.UUID(audited.subject)
    for _ in range(2):  # a piece that is done twice, since its worker died, asks for the next one once
        again.go_on(settings, day.database, Flat(), asked_id, done_by="first")
    assert _asked(day) == 2
    with day.database.read() as session:
        assert again.count_behind(session) == max(0, before - 40)
    while before > 0:
        again.go_on(settings, day.database, Flat(), asked_id, done_by=f"piece {before}")
        before -= 20
    assert 'id="reading"' in (done := client.get("/topics").text)
    assert "/topics/again" not in done


def _asked(day: Day) -> int:
    with day.database.read() as session:
        return int(session.scalar(text("select count(*) from work.workflow_status where name = 'topics_again'")) or 0)


class Flat:
    """Knows no meaning; as wide as the real one."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.full((len(texts), 384), 384**-0.5, np.float32)


def test_agents_see_no_topics_page(enter: Enter):
    assert enter("agent").get("/topics").status_code == 403
    assert enter("agent").get("/api/topics").status_code == 403
    client = enter("agent")
    assert client.post("/topics/again", data={"csrf": csrf(client)}).status_code == 403


def _promised(day: Day, kind: str) -> int:
    evidence = {"party": "agent", "turn": 2, "start_s": 8.0, "end_s": 9.0, "text": "باهاتون تماس می‌گیرم.", "kind": kind}
    promise = StoredPromise(
        call_id=day.seeded.calls["angry"], position=0, kind=kind, by="agent", words=kind, evidence=evidence
    )
    with day.database.transaction() as session:
        session.add(promise)
    return promise.id


def test_an_agent_overrules_neither_the_ledger_nor_a_supervisor(day: Day):
    called, sent = _promised(day, "call_back"), 0
    agent = day.enter("agent")
    token = csrf(agent)
    assert agent.post(f"/promises/{called}", data={"csrf": token, "state": "kept"}).status_code == 403
    with day.database.transaction() as session:
        session.get_one(StoredPromise, called).position = 1
    sent = _promised(day, "message")
    supervisor = day.enter("super")
    assert supervisor.post(f"/promises/{sent}", data={"csrf": csrf(supervisor), "state": "broken"}).status_code == 303
    assert agent.post(f"/promises/{sent}", data={"csrf": token, "state": "open"}).status_code == 403


def test_guesses_at_whom_anger_means_are_for_supervisors(day: Day):
    call_id = day.seeded.calls["angry"]
    with day.database.transaction() as session:
        mood = session.get_one(Mood, call_id)
        said = {"party": "customer", "turn": 1, "start_s": 4.0, "end_s": 6.0, "text": "?"}
        mood.anger = [{**said, "at": "agent", "chance": 0.7}, {**said, "at": "company", "chance": 0.6}]
    texts = ("Seems angry at the agent in person", "به نظر از شخص کارشناس عصبانی است")
    page = day.enter("super").get(f"/calls/{call_id}").text
    assert any(text in page for text in texts)
    page = day.enter("agent").get(f"/calls/{call_id}")
    assert page.status_code == 200
    assert not any(text in page.text for text in texts)


def test_what_a_title_holds_is_shown_as_text(day: Day):
    client = day.enter("super")
    nasty = LIST.replace("Mine", "\"<b onclick='x()'>=1+1\"").replace("مال من", '"<script>alert(1)</script>"')
    files = {"file": ("mine.yaml", nasty.encode())}
    assert client.post("/topics/import", data={"csrf": csrf(client)}, files=files).status_code == 303
    for path in ("/topics", "/calls?topic=mine", "/calls?topic=%3Cscript%3Ealert(1)%3C%2Fscript%3E"):
        page = client.get(path)
        assert page.status_code == 200
        assert "<script>alert(1)" not in page.text
        assert "<b onclick" not in page.text


def test_what_a_customer_answered_stands_even_where_nothing_could_be_judged(day: Day):
    for key in ("angry", "abandoned"):
        with day.database.transaction() as session:
            survey = {"grade": 1.5, "given": 1.5, "low": 1, "high": 5, "source": "a.csv", "comment": "<b>bad</b>"}
            session.add(Survey(call_id=day.seeded.calls[key], **survey))
        page = day.enter("super").get(f"/calls/{day.seeded.calls[key]}").text
        assert "&lt;b&gt;bad&lt;/b&gt;" in page
        assert page.count("1.5") + page.count("۱٫۵") > 0


def test_a_list_of_two_hundred_topics_is_shown_and_one_more_is_refused(day: Day):
    client = day.enter("super")
    for most, status in ((200, 303), (201, 422)):
        rows = "".join(
            f"  - {{key: t{n}, title: {{en: T{n}, fa: ت{n}}}, like: {{en: [a b {n}]}}}}\n" for n in range(most)
        )
        files = {"file": ("mine.yaml", f"topics:\n{rows}".encode())}
        assert client.post("/topics/import", data={"csrf": csrf(client)}, files=files).status_code == status
    page = client.get("/topics")
    assert page.status_code == 200
    assert "200" in page.text or "۲۰۰" in page.text
