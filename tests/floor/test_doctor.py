"""The doctor names what is wrong and the mend, with whatever is up or down."""

from __future__ import annotations

import datetime
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from avasanj import doctor, migrate, stuck, work
from avasanj.database import Database, utc_now
from avasanj.doctor import Finding, State, machine, models, pbx, webhook
from avasanj.pbx_settings import PbxSettings
from avasanj.people import Worker
from avasanj.settings import Settings
from crm_sync.tables import Connection, OutboxEvent
from telephony.tables import Call, Pbx
from tests.conftest import ROOT
from tests.telephony.small_pbx import SmallPbx
from tests.transcription.model_files import whisper

SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


def with_(settings: Settings, **more: object) -> Settings:
    return settings.model_copy(update=more)


def of(check: str, found: list[Finding] | Iterator[Finding]) -> Finding:
    [one] = [one for one in found if one.check == check]
    return one


def ledger(settings: Settings, database: Database) -> list[Finding]:
    from avasanj.doctor.ledger import database as examine_database

    return list(examine_database(settings, database))


def living(database: Database, name: str, queues: list[str], *, seen_ago_s: float = 0) -> None:
    with database.transaction() as session:
        session.add(Worker(executor_id=name, queues=queues, seen_at=utc_now() - datetime.timedelta(seconds=seen_ago_s)))


# The database and what it knows


def test_a_whole_database_with_workers_is_well(settings: Settings, database: Database) -> None:
    living(database, "here:all", [*work.Queue])
    found = ledger(settings, database)
    assert {one.state for one in found} == {State.OK}
    assert migrate.head() in of("database", found).text


def test_a_newer_database_is_a_fault_and_is_asked_nothing_more(settings: Settings, database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("update alembic_version set version_num = '9999'"))
    [found] = ledger(settings, database)
    assert found.state is State.FAULT
    assert "9999, newer than this program's" in found.text


def test_an_older_or_empty_database_asks_for_migration(settings: Settings, database: Database) -> None:
    migrate.downgrade(database.url, "-1")
    [found] = ledger(settings, database)
    assert (found.state, "avasanj migrate" in (found.mend or "")) == (State.WARNING, True)
    migrate.downgrade(database.url, "base")
    [found] = ledger(settings, database)
    assert "empty" in found.text


def test_no_worker_is_said_with_how_much_waits(settings: Settings, database: Database) -> None:
    with database.transaction() as session:
        work.enqueue(session, work.INTAKE, "x", key="intake:x")
    found = of("workers", ledger(settings, database))
    assert (found.state, "1 pieces of work wait" in found.text) == (State.WARNING, True)


def test_a_queue_that_nobody_serves_is_a_fault(settings: Settings, database: Database) -> None:
    living(database, "here:main", ["intake", "scoring", "sync"])
    found = of("workers", ledger(settings, database))
    assert found.state is State.FAULT
    assert "none takes from speech" in found.text
    assert "avasanj work --queue speech" in (found.mend or "")


def test_a_dead_worker_beside_a_living_one_is_named(settings: Settings, database: Database) -> None:
    living(database, "here:all", [*work.Queue])
    living(database, "cellar:speech", ["speech"], seen_ago_s=300)
    assert any("cellar:speech" in one.text and one.state is State.WARNING for one in ledger(settings, database))


def test_stuck_work_is_a_fault_with_its_sentence(settings: Settings, database: Database) -> None:
    with database.transaction() as session:
        stuck.record(session, "score:1", "score", str(uuid.uuid4()), "The model said no.")
    found = of("stuck work", ledger(settings, database))
    assert found.state is State.FAULT
    assert "at score: The model said no." in found.text


@pytest.mark.parametrize(("state", "expected"), [("paused", State.FAULT), ("active", State.WARNING)])
def test_events_that_do_not_leave_are_said(state: str, expected: State, settings: Settings, database: Database) -> None:
    with database.transaction() as session:
        call = Call(
            id=uuid.uuid4(),
            pbx="m",
            linked_id="1",
            source="live",
            direction="inbound",
            state="ended",
            started_at=utc_now(),
        )
        connection = Connection(
            name="webhook", kind="webhook", url="https://x.example", state=state, detail="It answered 500."
        )
        session.add_all([call, connection])
        session.flush()
        for kind, event_state in (("a", "dead"), ("b", "ready")):
            session.add(
                OutboxEvent(
                    event_id=uuid.uuid4(),
                    connection_id=connection.id,
                    call_id=call.id,
                    kind=kind,
                    partition="p",
                    ordered_at=utc_now(),
                    state=event_state,
                )
            )
    found = of("events to webhook", ledger(settings, database))
    assert found.state is expected
    assert "1 waiting" in found.text
    assert state == "active" or "It answered 500." in found.text


@pytest.mark.parametrize(("cdr_csv", "says"), [(None, "AVASANJ_CDR_CSV"), (Path("/x/Master.csv"), "pbx_fault")])
def test_calls_of_which_events_were_missed_and_a_damaged_journal_are_said(
    cdr_csv: Path | None, says: str, settings: Settings, database: Database
) -> None:
    with database.transaction() as session:
        for number in range(3):
            session.add(
                Call(
                    id=uuid.uuid4(), pbx="m", linked_id=str(number), source="live", direction="inbound", state="ended",
                    started_at=utc_now(), complete=number > 0,
                )
            )  # fmt: skip
        session.add(
            Pbx(name="m", state="connected", since=utc_now(), troubles=["5 bytes are damaged. Check the disk."])
        )
    found = [*ledger(with_(settings, ami_host="x", cdr_csv=cdr_csv), database)]
    gaps, trouble = of("gaps", found), of("PBX m", found)
    assert (gaps.state, gaps.text) == (State.WARNING, "Of the last day's 3 calls, events of 1 were missed in part.")
    assert says in (gaps.mend or "")
    assert (trouble.state, trouble.text, trouble.mend) == (State.WARNING, "5 bytes are damaged.", "Check the disk.")


# The machine


def test_a_data_folder_that_cannot_be_written_is_a_fault(settings: Settings) -> None:
    settings.data_dir.parent.mkdir(exist_ok=True)
    found = of("data folder", machine.data_folder(with_(settings, data_dir=Path("/proc/avasanj"))))
    assert found.state is State.FAULT
    assert "/proc/avasanj can't be written" in found.text
    assert of("data folder", machine.data_folder(settings)).state is State.OK
    assert not settings.data_dir.exists(), "the doctor changes nothing"


@pytest.mark.parametrize(
    ("free_gb", "total_gb", "state"),
    [(80, 200, State.OK), (4, 20, State.WARNING), (50, 1000, State.WARNING), (0.2, 100, State.FAULT)],
)
def test_a_disk_that_fills_is_warned_of(
    free_gb: float, total_gb: float, state: State, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: type(usage)(int(total_gb * 1e9), 0, int(free_gb * 1e9)))
    assert of("disk", machine.data_folder(settings)).state is state


def test_a_port_in_use_by_another_is_a_fault_and_by_us_is_not(settings: Settings) -> None:
    class Answers(http.server.BaseHTTPRequestHandler):
        body = b"hello"

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        here = with_(settings, web_port=server.server_port)
        found = machine.dashboard_port(here)
        assert (found.state, "AVASANJ_WEB_PORT" in (found.mend or "")) == (State.FAULT, True)
        Answers.body = json.dumps({"status": "ok", "calls": {}, "pbx": {}, "version": "1"}).encode()
        assert machine.dashboard_port(here).state is State.OK
        server.shutdown()
    assert "is free" in machine.dashboard_port(here).text


def test_a_graphics_processor_that_is_asked_for_must_be_there(settings: Settings) -> None:
    there = any(Path("/dev").glob("nvidia[0-9]*"))
    assert machine.gpu(with_(settings, speech_device="cuda")).state is (State.OK if there else State.FAULT)
    assert machine.gpu(with_(settings, speech_device="cpu")).state is (State.WARNING if there else State.OK)
    assert machine.gpu(with_(settings, speech_device="auto")).state is State.OK
    missing = with_(settings, speech_device="cuda:0,cuda:99")
    found = machine.gpu(missing)
    assert (found.state, "AVASANJ_SPEECH_DEVICE says cuda:" in found.text) == (State.FAULT, True)
    assert "AVASANJ_SPEECH_DEVICE" in (found.mend or "")
    assert machine.gpu(with_(missing, speech_fallback_device="cpu")).state is State.WARNING


def test_a_fallback_model_has_to_be_there_before_it_is_needed(settings: Settings) -> None:
    whisper(settings.models_dir / "whisper-large-v3-turbo", parameters=809_000_000)
    here = with_(settings, speech_model="whisper-large-v3-turbo", speech_fallback_model="whisper-medium")
    found = of("fallback model", models.speech(here))
    assert (found.state, "whisper-medium" in found.text) == (State.WARNING, True)


def test_every_language_in_which_calls_may_be_heard_counts(settings: Settings) -> None:
    one = with_(settings, language="en")
    assert models.languages_used(one) == ["en"]
    assert models.languages_used(with_(one, call_language="auto")) == ["en", "fa"]
    assert models.languages_used(with_(one, pbxs={"a": PbxSettings(host="h", language="fa")})) == ["en", "fa"]


def test_an_unknown_time_zone_is_a_fault(settings: Settings) -> None:
    assert machine.zone(settings).state is State.OK
    assert "AVASANJ_TIMEZONE=Tehran" in machine.zone(with_(settings, timezone="Tehran")).text


def test_a_settings_file_that_others_may_read_is_warned_of(settings: Settings) -> None:
    file = Path("avasanj.env")
    file.write_text("")
    file.chmod(0o600)
    assert list(machine.secrets_file(settings)) == []
    file.chmod(0o644)
    assert of("secrets", machine.secrets_file(settings)).state is State.WARNING


# Models


def test_missing_or_damaged_models_are_faults(settings: Settings) -> None:
    assert of("speech model", models.speech(settings)).state is State.FAULT
    found = of("text model", models.text(settings))
    assert (found.state, "models fetch" in (found.mend or "")) == (State.FAULT, True)
    folder = settings.models_dir / "whisper-base"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"cut off")
    assert "model.bin has sha256" in of("speech model", models.speech(settings)).text


def test_without_the_speaker_model_mono_is_said_to_stay_unsplit(settings: Settings) -> None:
    found = of("speaker model", models.speakers(settings))
    assert (found.state, "models fetch" in (found.mend or "")) == (State.WARNING, True)
    assert "not split by speaker" in found.text


def test_a_speech_model_too_weak_for_a_language_in_use_is_warned_of(settings: Settings) -> None:
    whisper(settings.models_dir / "whisper-small", parameters=244_000_000)
    whisper(settings.models_dir / "whisper-large-v3-turbo", parameters=809_000_000)
    small = with_(settings, speech_model="whisper-small", language="en")
    assert of("speech model", models.speech(small)).state is State.OK
    found = of("speech model", models.speech(with_(small, queue_languages={"support": "fa"})))
    assert (found.state, "too little of fa" in found.text) == (State.WARNING, True)
    large = with_(settings, speech_model="whisper-large-v3-turbo", language="fa")
    assert of("speech model", models.speech(large)).state is State.OK


# The webhook


@pytest.mark.parametrize(
    ("url", "secret", "state", "says"),
    [
        (None, None, State.OK, "none is set"),
        ("https://crm.example.org/in?t=hidden", SECRET, State.OK, "crm.example.org"),
        ("https://crm.example.org", None, State.FAULT, "AVASANJ_WEBHOOK_SECRET is not set"),
        ("https://crm.example.org", SecretStr("whsec_no base64"), State.FAULT, "not whsec_ and base64"),
        ("https://crm.example.org", SecretStr("whsec_c2hvcnQ="), State.WARNING, "5 bytes"),
        ("http://crm.example.org", SECRET, State.WARNING, "plain http"),
        ("http://127.0.0.1:9000/in", SECRET, State.OK, "127.0.0.1"),
        ("crm.example.org", SECRET, State.FAULT, "no web address"),
        ("https://crm.example.org:99999", SECRET, State.FAULT, "no web address"),
    ],
)
def test_the_webhooks_address_and_secret_are_judged(
    url: str | None, secret: SecretStr | None, state: State, says: str, settings: Settings
) -> None:
    found = of("webhook", webhook.settings(with_(settings, webhook_url=url, webhook_secret=secret)))
    assert (found.state, says in found.text) == (state, True)
    assert "hidden" not in found.text
    assert secret is None or secret.get_secret_value() not in found.text


# The PBX


def at(settings: Settings, small: SmallPbx, secret: str = "right") -> Settings:
    return with_(settings, ami_host=small.host, ami_port=small.port, ami_secret=SecretStr(secret))


def test_no_pbx_is_a_warning_and_a_missing_secret_a_fault(settings: Settings) -> None:
    assert of("PBX", pbx.connection(settings)).state is State.WARNING
    found = of("PBX", pbx.connection(with_(settings, ami_host="127.0.0.1")))
    assert (found.state, found.text) == (State.FAULT, "The secret of the manager user avasanj is not set.")


def test_a_pbx_that_lets_us_in_is_well(settings: Settings) -> None:
    with SmallPbx() as small:
        assert of("PBX", pbx.connection(at(settings, small))).state is State.OK


def test_a_wrong_secret_is_named_but_not_shown(settings: Settings) -> None:
    with SmallPbx() as small:
        found = of("PBX", pbx.connection(at(settings, small, "wr0ng")))
    assert found.state is State.FAULT
    assert "refused the log-in" in found.text
    assert "wr0ng" not in f"{found.text} {found.mend}"


def test_a_lacking_privilege_is_named_with_the_line_that_gives_it(settings: Settings) -> None:
    with SmallPbx(allowed=("Ping", "Login")) as small:
        found = of("PBX", pbx.connection(at(settings, small)))
    assert found.state is State.FAULT
    assert "Add write = reporting" in (found.mend or "")


def test_a_pbx_that_is_not_there_and_what_is_no_pbx_are_told_apart(settings: Settings) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        away = with_(settings, ami_host="127.0.0.1", ami_port=unused.getsockname()[1], ami_secret=SecretStr("x"))
        assert "does not answer" in of("PBX", pbx.connection(away)).text
    with SmallPbx(greeting=b"SSH-2.0-OpenSSH_9.2\r\n") as other:
        other.silent.set()
        assert "no Asterisk manager interface" in of("PBX", pbx.connection(at(settings, other))).text


def test_recordings_folders_are_judged(settings: Settings) -> None:
    assert of("recordings", pbx.recordings(settings)).state is State.OK
    gone = with_(settings, recordings_dir=[Path("/nowhere/monitor")])
    assert of("recordings", pbx.recordings(gone)).state is State.WARNING
    assert of("recordings", pbx.recordings(with_(gone, ami_host="192.0.2.1"))).state is State.FAULT


@pytest.mark.skipif(os.geteuid() != 0, reason="changing to another user needs root")
def test_a_recording_that_this_user_may_not_read_is_a_fault(settings: Settings) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="av-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "1-r.wav").touch(mode=0o600)
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            found = of("recordings", pbx.recordings(with_(settings, recordings_dir=[folder])))
            os._exit(0 if found.state is State.FAULT and "1-r.wav can't be read" in found.text else 1)
        assert os.waitpid(child, 0)[1] == 0


# The command


@pytest.fixture
def machine_alone() -> Iterator[tuple[dict[str, str], Path]]:
    folder = Path(tempfile.mkdtemp(prefix="av-", dir="/tmp"))
    folder.chmod(0o711)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AVASANJ_", "PROMETHEUS"))}
    yield environment | {"AVASANJ_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}, folder
    shutil.rmtree(folder)


def avasanj(environment: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "avasanj", *arguments]
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_command_works_with_nothing_up_and_leaves_nothing(
    machine_alone: tuple[dict[str, str], Path], models_dir: Path
) -> None:
    environment, folder = machine_alone
    run = avasanj(environment, folder, "doctor", "--json")
    report = json.loads(run.stdout)
    assert run.returncode == 1
    assert not report["ok"], "the models are missing"
    assert {one["check"] for one in report["checks"] if one["state"] == "fault"} == {"speech model", "text model"}
    assert not (folder / "data").exists()
    (folder / "data").mkdir(mode=0o711)
    (folder / "data" / "models").symlink_to(models_dir)
    run = avasanj(environment, folder, "doctor")
    assert run.returncode == 0, run.stdout
    assert "! database  Not made yet." in run.stdout
    assert "Nothing stands in the way." in run.stdout
    assert avasanj(environment, folder, "migrate").returncode == 0
    report = json.loads(avasanj(environment, folder, "doctor", "--json").stdout)
    assert {one["check"]: one["state"] for one in report["checks"]}["database"] == "ok"
    assert not (folder / "data" / "postgres" / "data" / "postmaster.pid").exists(), "what it started it stops again"


def test_a_database_that_is_away_is_a_fault_and_the_rest_is_still_said(
    machine_alone: tuple[dict[str, str], Path],
) -> None:
    environment, folder = machine_alone
    run = avasanj(
        environment | {"AVASANJ_DATABASE_URL": "postgresql://someone:s3cret@127.0.0.1:1/x"}, folder, "doctor", "--json"
    )
    checks = {one["check"]: one for one in json.loads(run.stdout)["checks"]}
    assert run.returncode == 1
    assert (checks["database"]["state"], "can't be reached" in checks["database"]["text"]) == ("fault", True)
    assert "time zone" in checks
    assert "s3cret" not in run.stdout + run.stderr


def test_examine_yields_a_line_for_each_part(settings: Settings, database: Database) -> None:
    checks = {one.check for one in doctor.examine(settings, database)}
    assert checks >= {
        "data folder", "disk", "database", "workers", "stuck work", "PBX", "recordings", "speech model", "text model",
        "graphics processor", "webhook", "dashboard", "time zone",
    }  # fmt: skip


def test_every_metric_is_on_the_operations_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    made = re.compile(r'(?:Counter|Gauge|Histogram|GaugeMetricFamily)\(\s*"(avasanj_\w+)"')
    rooms = ("avasanj", "telephony", "transcription", "scoring", "crm_sync", "dashboard")
    names = {
        name
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        for name in made.findall(path.read_text(encoding="utf-8"))
    }
    assert len(names) > 10
    assert {name for name in names if name not in page} == set()
