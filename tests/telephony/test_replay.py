"""`avasanj replay`: what it prints, of whatever file, and why."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from avasanj.cli import calls  # noqa: F401 - registers its commands
from avasanj.cli.app import app
from avasanj.errors import InputError
from avasanj.i18n import catalogue
from telephony import sentences
from telephony.channels import Numbering
from telephony.explain import explain
from telephony.replay import replay
from tests.telephony.conftest import OWN_STREAMS

HOLD = OWN_STREAMS / "22-hold.txt"
PROOF = {
    "linked_id", "direction", "caller", "called", "queue", "disposition", "started_at", "queued_at", "answered_at",
    "ended_at", "wait_s", "talk_s", "hold_s", "holds", "hung_up_by", "spans", "transfers", "recordings", "gaps",
}  # fmt: skip


def test_command_prints_one_document_with_everything_that_proves_a_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVASANJ_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(app, ["replay", str(HOLD), "--json"])
    told = json.loads(result.stdout)
    assert set(told) == {"calls", "agents", "events", "unknown_events", "malformed"}
    (call,) = told["calls"]
    assert set(call) >= PROOF
    assert (call["holds"], call["disposition"], call["direction"], call["gaps"]) == (1, "answered", "inbound", [])
    assert set(call["spans"][0]) >= {"agent", "name", "start_s", "end_s", "hold_s"}
    assert set(call["recordings"][0]) >= {"party", "file", "offset_s"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", call["started_at"])
    (agent,) = told["agents"]
    assert (agent["agent"], agent["name"]) == ("PJSIP/1001", "Sara")
    assert {activity["state"] for activity in agent["activities"]} == {"logged_in", "ringing", "talking"}
    assert set(agent["activities"][0]) == {
        "state", "reason", "from_at", "to_at", "from_known", "to_known", "gaps",
    }  # fmt: skip
    assert (told["unknown_events"], told["malformed"]) == (0, 0)
    assert told["events"] == HOLD.read_bytes().count(b"Event: ")


def test_command_takes_inbound_contexts_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVASANJ_DATA_DIR", str(tmp_path))
    phone = b"Channel: PJSIP/1001-00000001\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nContext: the-street\r\nExten: 1002\r\n"
    stream = tmp_path / "x.txt"
    stream.write_bytes(b"Event: Newchannel\r\nTimestamp: 1700000000.5\r\nCallerIDNum: 1001\r\n" + phone + b"\r\n")
    for contexts, direction in (("from-trunk", "internal"), ("the-street", "inbound")):
        monkeypatch.setenv("AVASANJ_INBOUND_CONTEXTS", contexts)
        told = json.loads(CliRunner().invoke(app, ["replay", str(stream), "--json"]).stdout)
        assert told["calls"][0]["direction"] == direction


def test_packed_capture_is_told_like_a_plain_one(tmp_path: Path) -> None:
    (tmp_path / "hold.txt.gz").write_bytes(gzip.compress(HOLD.read_bytes()))
    assert replay(tmp_path / "hold.txt.gz") == replay(HOLD)


def test_capture_with_unix_line_ends_is_understood(tmp_path: Path) -> None:
    (tmp_path / "hold.txt").write_bytes(HOLD.read_bytes().replace(b"\r\n", b"\n"))
    assert replay(tmp_path / "hold.txt")["calls"] == replay(HOLD)["calls"]


def test_what_is_no_message_is_counted_and_the_rest_is_told() -> None:
    whole = HOLD.read_bytes()
    middle = whole.index(b"Event: BridgeEnter")
    garbage = b"\x00\xff\xfe no header\r\n\r\nEvent: HeardOfByNobody\r\nUniqueid: 1\r\n\r\n"
    spoiled = replay([whole[:middle] + garbage + whole[middle:]])
    assert (spoiled["unknown_events"], spoiled["malformed"]) == (1, 1)
    assert spoiled["calls"] == replay(HOLD)["calls"]


def test_event_that_was_cut_off_is_not_used() -> None:
    stream = HOLD.read_bytes()
    end = stream.rindex(b"Event: Hangup") + 60
    told = replay([stream[:end]])
    assert told["malformed"] == 1
    (call,) = told["calls"]
    assert (call["ended_at"], call["disposition"], call["hung_up_by"]) == (None, "answered", None)
    assert call["gaps"][-1]["to_s"] is None, "what came after is not known"


def test_header_of_ten_megabytes_costs_that_event_alone() -> None:
    stream = HOLD.read_bytes()
    middle = stream.index(b"Event: BridgeEnter")
    long = b"Event: VarSet\r\nValue: " + b"x" * 10_000_000 + b"\r\n\r\n"
    whole = stream[:middle] + long + stream[middle:]
    told = replay(whole[start : start + 65536] for start in range(0, len(whole), 65536))
    assert told["malformed"] == 1
    assert told["calls"] == replay(HOLD)["calls"]


@pytest.mark.parametrize("language", ["en", "fa"])
def test_explanation_names_the_event_behind_each_conclusion(language: str) -> None:
    (call,) = replay(HOLD)["calls"]
    lines = explain(HOLD, call["linked_id"], numbering=Numbering(), language=language)
    raw = HOLD.read_bytes()
    told = [re.fullmatch(r"[\d:.]+ +[+-][\d.]+ s  (\w+) @(\d+): .+", line) for line in lines]
    places = [(match[1], int(match[2])) for match in told if match]
    assert {"Newchannel", "QueueCallerJoin", "BridgeEnter", "Hold", "Unhold", "HangupRequest", "Hangup"} <= {
        name for name, _ in places
    }
    for name, offset in places:
        assert raw[offset:].lstrip(b"\r\n").startswith(f"Event: {name}\r\n".encode())
    assert any(("answered" if language == "en" else "پاسخ داده شد") in line for line in lines)


def test_explanation_says_why_this_queue_and_this_wait_and_nothing_of_what_did_not_happen() -> None:
    (call,) = replay(HOLD)["calls"]
    lines = explain(HOLD, call["linked_id"], numbering=Numbering())
    assert f"Queue: {call['queue']}, since one of its agents answered." in lines
    assert f"Waited {call['wait_s']:g} s: from entering the first queue until somebody answered." in lines
    abandoned = OWN_STREAMS / "22-abandon.txt"
    (call,) = replay(abandoned)["calls"]
    lines = explain(abandoned, call["linked_id"], numbering=Numbering())
    assert f"Queue: {call['queue']}, the last in which the caller waited." in lines
    assert not any("?" in line or "Talked" in line for line in lines)
    assert not any(re.search(r"PJSIP/\w+-[0-9a-f]{8}", line) for line in lines), "the phone is enough"
    clocks = [line[:12] for line in lines if re.match(r"\d\d:", line)]
    assert clocks == sorted(clocks)


def test_call_that_is_not_there_is_refused_with_a_remedy() -> None:
    with pytest.raises(InputError, match=r"There is no call 1\.2 in .*avasanj replay"):
        explain(HOLD, "1.2", numbering=Numbering())


def test_every_sentence_is_translated() -> None:
    persian = catalogue("fa")
    texts = [value for name, value in vars(sentences).items() if name.isupper() and isinstance(value, str)]
    texts += [*sentences.OUTCOME.values(), *sentences.HUNG_UP.values(), *sentences.WAITED.values()]
    assert len(texts) > 40
    assert [text for text in texts if persian.get(text) is None] == []


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("first", [1, 10, 25])
def test_stream_is_told_alike_however_short_its_first_part_is(first: int, line_end: bytes) -> None:
    whole = HOLD.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", line_end)
    told = replay([whole[:first], *(whole[at : at + 4000] for at in range(first, len(whole), 4000))])
    assert told == replay([whole])
    assert len(told["calls"]) == 1
