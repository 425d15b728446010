"""The documents say what is true: settings, commands and links exist as written, and nothing sends people to one registry."""

from __future__ import annotations

import datetime
import importlib
import json
import pkgutil
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from standardwebhooks import Webhook

import avasanj.cli
from avasanj.settings import Settings
from crm_sync.events import SCORED, call_event
from crm_sync.tables import Customer, CustomerPhone, FollowUp
from scoring.dialogue import Turn, evidence
from scoring.tables import Evaluation, Mood
from telephony.archive_rows import COLUMNS, read_csv
from telephony.tables import Call
from transcription.elsewhere import read as read_transcript

ROOT = Path(__file__).resolve().parents[2]
SETTINGS_PAGE = ROOT / "docs/settings.md"
_NAME = re.compile(r"AVASANJ_[A-Z][A-Z0-9_]*[A-Z0-9]")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^( *)(`{3,})[^\n]*\n(.*?)^\1\2 *$", re.DOTALL | re.MULTILINE)
#: "avasanj", its sub-commands, and the rest of what belongs to it
_COMMAND = re.compile(r"(?:^|(?<=[\s`/]))avasanj((?: [a-z][a-z-]*(?![\w./-]))+)((?:(?!&&|;)[^\n`|#])*)", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def documents() -> list[Path]:
    found = tracked("*.md")
    assert len(found) > 8
    return found


def code_of(text: str) -> Iterator[str]:
    """Fenced blocks and inline code, where commands stand."""
    for fence in _FENCE.finditer(text):
        yield fence[3]
    yield from re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))


def as_written(value: object) -> str:
    """A default as it stands in the table."""
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        separator = ":" if value and isinstance(value[0], Path) else ","
        return f"`{separator.join(map(str, value))}`" if value else "empty"
    if isinstance(value, dict):
        return f"`{json.dumps(value)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def rows() -> dict[str, str]:
    """Default by name, from the page's tables."""
    return dict(
        re.findall(r"^\| `(AVASANJ_\w+)` \| ([^|]+?) \|", SETTINGS_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    )


def fields() -> dict[str, Any]:
    return {f"AVASANJ_{name.upper()}": field for name, field in Settings.model_fields.items()}


def test_every_setting_is_documented_with_its_default() -> None:
    documented = rows()
    assert set(documented) == set(fields())
    for name, field in fields().items():
        if name == "AVASANJ_DATA_DIR":  # made from the user who runs it
            assert "`/var/lib/avasanj`" in documented[name]
            assert "`~/.local/share/avasanj`" in documented[name]
        else:
            assert documented[name] == as_written(field.default), name


def test_no_document_names_a_setting_that_is_not_there() -> None:
    tests_own = {
        name
        for file in tracked("tests/*.py")
        for name in re.findall(r'environ\.get\("(AVASANJ_\w+)"', file.read_text(encoding="utf-8"))
    }
    for document in documents():
        unknown = set(_NAME.findall(document.read_text(encoding="utf-8"))) - set(fields()) - tests_own
        assert not unknown, f"{document.relative_to(ROOT)} names {sorted(unknown)}"


def anchors(document: Path) -> set[str]:
    """The headings of a document as a link names them."""
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_relative_link_leads_somewhere() -> None:
    dead = []
    for document in documents():
        text = _FENCE.sub("", document.read_text(encoding="utf-8"))
        for target in _LINK.findall(text):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (document.parent / name).resolve() if name else document
            if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
                dead.append(f"{document.relative_to(ROOT)} -> {target}")
    assert not dead


@pytest.fixture(scope="module")
def program() -> Any:
    for module in pkgutil.iter_modules(avasanj.cli.__path__):
        importlib.import_module(f"avasanj.cli.{module.name}")
    return typer.main.get_command(avasanj.cli.app.app)


def test_every_command_in_the_documents_exists(program: Any) -> None:
    wrong, seen = [], 0
    for document in documents():
        for code in code_of(document.read_text(encoding="utf-8")):
            for words, rest in _COMMAND.findall(code):
                command, seen = program, seen + 1
                for word in words.split():
                    inner = getattr(command, "commands", {})
                    if inner and word not in inner:
                        wrong.append(f"{document.relative_to(ROOT)}: avasanj{words}")
                        break
                    command = inner.get(word, command)
                known = {option for parameter in command.params for option in parameter.opts} | {"-h", "--help"}
                wrong += [
                    f"{document.relative_to(ROOT)}: avasanj{words} {option}"
                    for option in _OPTION.findall(rest)
                    if option not in known
                ]
    assert seen > 20
    assert not wrong


def test_every_command_is_in_the_readme_or_the_documents(program: Any) -> None:
    text = "\n".join(document.read_text(encoding="utf-8") for document in documents())
    missing = [name for name in program.commands if not re.search(rf"avasanj {re.escape(name)}\b", text)]
    assert not missing


def test_no_tracked_file_names_a_registry() -> None:
    hosts = [
        "pypi" + ".org",
        "python" + "hosted.org",
        "npm" + "js.org",
        "npm" + "js.com",
        "yarn" + "pkg.com",
        "download.py" + "torch.org",
        "ana" + "conda.org",
    ]
    named = []
    for file in tracked():
        content = file.read_bytes()
        named += [f"{file.relative_to(ROOT)}: {host}" for host in hosts if host.encode() in content]
    assert not named


def test_the_importing_page_names_every_column_and_its_samples_are_read(tmp_path: Path) -> None:
    page = (ROOT / "docs/importing.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (`[^|]+`) \|", page, re.MULTILINE)
    assert set(COLUMNS) <= {name for cell in table for name in re.findall(r"`(\w+)`", cell)}
    fences = [fence[3] for fence in _FENCE.finditer(page)]
    (tmp_path / "calls.csv").write_text(
        next(text for text in fences if text.startswith("agent_file,")), encoding="utf-8"
    )
    (tmp_path / "0001.json").write_text(next(text for text in fences if '"turns"' in text), encoding="utf-8")
    rows = list(read_csv(tmp_path / "calls.csv", timezone="Asia/Tehran"))
    assert [row for row in rows if isinstance(row, str)] == []
    assert read_transcript(tmp_path / "0001.json").turns[1].text.startswith("سلام")


def test_the_webhook_page_shows_the_events_real_shape() -> None:
    page = (ROOT / "docs/webhook.md").read_text(encoding="utf-8")
    shown = next(json.loads(fence[3]) for fence in _FENCE.finditer(page) if '"specversion"' in fence[3])
    real = _event()
    assert shown["type"] == SCORED
    assert shape(shown) == shape(real)


def shape(value: Any) -> Any:
    """Keys all the way down; of a list, its first item's."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def _event() -> dict[str, Any]:
    now = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    call = Call(
        id=uuid.uuid4(),
        pbx="pbx",
        linked_id="1.1",
        direction="inbound",
        disposition="answered",
        started_at=now,
        hold_s=0.0,
    )
    customer = Customer(id=uuid.uuid4(), name="A", phones=[CustomerPhone(e164="+989120000042")])
    turn = Turn(position=1, party="customer", start_s=1.0, end_s=2.0, text="…", confidence=0.9)
    mood = Mood(dissatisfied=0.8, evidence=[evidence(turn, dissatisfied=0.9)])
    evaluation = Evaluation(
        agent_name="B",
        agent_interface="PJSIP/1",
        score=70.0,
        needs_person=False,
        scorecard="service",
        scorecard_version=1,
    )
    follow_up = FollowUp(id=uuid.uuid4(), rule="dissatisfied", state="open", due_at=now)
    return call_event(
        uuid.uuid4(), call, customer, [], mood, [evaluation], [follow_up], address="http://127.0.0.1:8080"
    )


def test_the_webhook_pages_receiver_takes_a_true_event_once_and_refuses_a_forged_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (ROOT / "docs/webhook.md").read_text(encoding="utf-8")
    code = next(fence[3] for fence in _FENCE.finditer(page) if "standardwebhooks" in fence[3])
    receiver: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(code, "docs/webhook.md", "exec"), receiver)
    body = json.dumps(_event(), ensure_ascii=False)
    now, secret = datetime.datetime.now(datetime.UTC), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("1", now, body),
    }
    assert receiver["received"](secret, body.encode(), headers) == 204
    assert receiver["received"](secret, body.encode(), headers) == 204
    assert capsys.readouterr().out.count(SCORED) == 1
    assert receiver["received"](secret, body.replace("+98", "+99").encode(), headers) == 400
