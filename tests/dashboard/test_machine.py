"""What watching programs get."""

from __future__ import annotations

from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import delete, update

from avasanj import worker
from avasanj.database import Database, utc_now
from avasanj.people import StuckWork, Worker
from crm_sync.tables import Connection
from dashboard.app import create_app
from dashboard.queries.health import SILENT_AFTER
from dashboard.recent import Recent
from telephony import problems
from telephony.tables import Call, Pbx
from tests.dashboard.conftest import Day


def test_health_counts_calls_and_names_pbxs_without_a_log_in(look_day: Day) -> None:
    answer = look_day.client().get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"status", "calls", "pbx", "version"}
    assert body["status"] == "degraded"
    assert body["calls"] == {"total": len(look_day.seeded.calls), "scored": 7, "failed": 1}
    assert body["pbx"] == {"main": "connected", "branch": "lost"}


def test_health_is_ok_when_nothing_is_wrong(day: Day) -> None:
    with day.database.transaction() as session:
        session.execute(update(Pbx).values(state="connected", troubles=[]))
        session.execute(update(Connection).values(state="active"))
        session.execute(delete(StuckWork))
    assert day.client().get("/health").json()["status"] == "ok"


def test_health_is_degraded_while_nobody_does_the_work(day: Day) -> None:
    with day.database.transaction() as session:
        session.execute(update(Pbx).values(state="connected", troubles=[]))
        session.execute(update(Connection).values(state="active"))
        session.execute(delete(StuckWork))
        session.execute(update(Worker).values(seen_at=utc_now() - worker.DEAD_AFTER * 1.1))
    assert day.client().get("/health").json()["status"] == "degraded"


def test_page_and_workers_agree_on_when_one_is_dead() -> None:
    assert SILENT_AFTER == worker.DEAD_AFTER


def test_health_is_503_while_the_database_is_away(look_day: Day) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1")
    client = TestClient(create_app(look_day.settings, away))
    assert client.get("/health").status_code == 503


def test_broken_page_gives_a_reference_and_no_traceback(look_day: Day) -> None:
    client = TestClient(
        create_app(look_day.settings, Database("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1")),
        raise_server_exceptions=False,
    )
    client.cookies.set("avasanj_session", "x")
    answer = client.get("/calls")
    assert answer.status_code == 500
    assert "Reference" in answer.text
    assert "Traceback" not in answer.text


SPEECH = {
    "model": "whisper-base int8", "loaded": True, "fallen_back": True, "waiting": 12, "oldest_s": 3.6, "windows": 400,
    "batches": 90, "fill": 0.87, "speed": 31.4, "careful": 5, "dropped": 1, "halvings": 2,
}  # fmt: skip


def test_how_each_workers_speech_engine_does_is_in_the_metrics_and_on_the_health_page(day: Day) -> None:
    with day.database.transaction() as session:
        session.get_one(Worker, "host-a:up-1").speech = SPEECH
    told = day.client().get("/metrics").text
    assert 'avasanj_speech_waiting_windows{worker="host-a:up-1"} 12.0' in told
    assert 'avasanj_speech_oldest_waiting_seconds{worker="host-a:up-1"} 3.6' in told
    assert 'avasanj_speech_fallback{worker="host-a:up-1"} 1.0' in told
    assert 'worker="host-b:work-1"' not in told, "what a dead one said last is no news"
    page = day.enter("super").get("/system").text
    for said in ("12 windows of speech wait", "the first for 4 s", "31 s of speech in a second", "87", "5 windows read again",
                 "1 with text dropped", "memory was short 2 times", "takes its place until it is mended"):  # fmt: skip
        assert said in page, said
    persian = day.enter("admin").get("/system").text
    assert "تکه گفتار در نوبت است" in persian
    assert "windows of speech" not in persian


def test_metrics_are_for_loopback_or_the_token(look_day: Day) -> None:
    app = create_app(
        look_day.settings.model_copy(update={"metrics_token": SecretStr("s3cret-token")}), look_day.database
    )
    near, far = TestClient(app, client=("127.0.0.1", 1)), TestClient(app, client=("192.0.2.9", 1))
    told = near.get("/metrics")
    assert told.status_code == 200
    assert 'avasanj_calls{kind="total"} 14.0' in told.text
    assert 'avasanj_pbx_connected{pbx="branch"} 0.0' in told.text
    assert 'avasanj_outbox_events{connection="webhook",state="retrying"} 1.0' in told.text
    assert 'avasanj_outbox_events{connection="webhook",state="dead"} 1.0' in told.text
    assert 'avasanj_flawed_calls{flaw="recording"} 2.0' in told.text
    assert 'avasanj_flawed_calls{flaw="gaps"} 2.0' in told.text
    assert "avasanj_workers 1.0" in told.text
    assert far.get("/metrics").status_code == 403
    assert near.get("/metrics", headers={"x-forwarded-for": "192.0.2.9"}).status_code == 403
    assert far.get("/metrics", headers={"authorization": "Bearer s3cret-token"}).status_code == 200
    assert far.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 403


def test_every_answer_carries_the_security_headers(look_day: Day) -> None:
    for path in ("/login", "/health", "/no-such-page", "/static/mark.svg"):
        headers = look_day.client().get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff", path


def test_counting_is_done_once_for_all_who_ask_within_seconds_and_a_lost_pbx_shows_at_once(day: Day) -> None:
    client = day.client()
    before = client.get("/health").json()
    with day.database.transaction() as session:
        session.execute(delete(StuckWork))
        session.execute(update(Pbx).values(state="refused"))
    after = client.get("/health").json()
    assert after["calls"] == before["calls"]
    assert set(after["pbx"].values()) == {"refused"}


def test_answer_is_asked_anew_when_it_is_old() -> None:
    answers = iter(range(3))
    kept, never_kept = Recent[int](60.0), Recent[int](0.0)
    assert [kept.get(lambda: next(answers)) for _ in range(2)] == [0, 0]
    assert [never_kept.get(lambda: next(answers)) for _ in range(2)] == [1, 2]


def test_health_page_tells_what_is_wrong_beside_the_connection(day: Day) -> None:
    away = problems.text(problems.FOLDER_AWAY, folder="sftp://pbx/monitor", fault="no answer")
    with day.database.transaction() as session:
        session.execute(update(Call).where(Call.id == day.seeded.calls["calm"]).values(recordings_problem=away))
    boss = day.enter("super")
    page = boss.get("/system").text
    assert "512 bytes of the journal are damaged, in 20261122-0600.zst at 40960." in page
    assert "1 call waits for its recordings" in page
    assert "sftp://pbx/monitor" in page
    assert "lines belong to nobody" in page
    assert "sftp://pbx/monitor" in boss.get(f"/calls/{day.seeded.calls['calm']}").text
    listed = {call["id"]: call["stage"] for call in boss.get("/api/calls?flaw=awaited").json()["calls"]}
    assert listed == {str(day.seeded.calls["calm"]): "awaited"}
    assert day.client().get("/health").json()["status"] == "degraded"
