"""Every kind of call, recorded from Asterisk 22 and 16, told by its events as the phones did it. Needs no Asterisk."""

from __future__ import annotations

import gzip

import pytest

from tests.streams import expected
from tests.telephony.every_call import ledger_of

RECORDED = sorted(path.stem for path in expected.STREAMS.glob("*.json"))


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_call_is_told_as_the_phones_did_it(name: str) -> None:
    """`…-all_at_once` holds all of them side by side: there each must be told as if it were alone."""
    stream = gzip.decompress((expected.STREAMS / f"{name}.txt.gz").read_bytes())
    told = ledger_of(stream)
    wanted = expected.load(expected.STREAMS / f"{name}.json")
    found = {scenario: expected.differences(told, done) for scenario, done in wanted.items()}
    assert {scenario: lines for scenario, lines in found.items() if lines} == {}


@pytest.mark.parametrize("version", ["16", "22"])
def test_least_privileges_without_call_event_logging_are_enough(version: str) -> None:
    """What docs/telephony.md asks for: read = call,agent,dialplan; CEL is off on most PBXs."""
    name = f"{version}-all_at_once"
    messages = gzip.decompress((expected.STREAMS / f"{name}.txt.gz").read_bytes()).split(b"\r\n\r\n")
    readable = [message for message in messages if _is_readable(message)]
    assert len(readable) < 0.8 * len(messages)
    told = ledger_of(b"\r\n\r\n".join(readable))
    wanted = expected.load(expected.STREAMS / f"{name}.json")
    found = {scenario: expected.differences(told, done) for scenario, done in wanted.items()}
    assert {scenario: lines for scenario, lines in found.items() if lines} == {}


def _is_readable(message: bytes) -> bool:
    fields = dict(line.partition(": ")[::2] for line in message.decode("utf-8", "replace").splitlines())
    privileges = set(fields.get("Privilege", "call").split(","))
    return fields.get("Event") != "CEL" and not privileges.isdisjoint({"call", "agent", "dialplan"})


WRONG = {
    "direction": "internal",
    "caller": "1999",
    "called": None,
    "queue": None,
    "disposition": "abandoned",
    "hung_up_by": "system",
    "started_at": "2026-11-22T00:00:00Z",
    "queued_at": None,
    "answered_at": None,
    "ended_at": None,
    "wait_s": 9.0,
    "talk_s": None,
    "hold_s": 0.0,
    "holds": 0,
    "spans": [],
    "transfers": [],
    "recordings": [],
    "mutes": [{"from_s": 1.0, "to_s": 2.0}],
    "gaps": [{"from_s": 1.0, "to_s": 2.0}],
}


@pytest.mark.parametrize("key", WRONG)
def test_ledger_that_is_wrong_in_one_field_is_found(key: str) -> None:
    name = "attended_refer"
    told = ledger_of(gzip.decompress((expected.STREAMS / f"22-{name}.txt.gz").read_bytes()))
    wanted = expected.load(expected.STREAMS / f"22-{name}.json")[name]
    told["calls"][0][key] = WRONG[key]
    assert expected.differences(told, wanted)


def test_agent_who_did_something_else_is_found() -> None:
    name = "agent_logs_in_pauses_and_leaves"
    told = ledger_of(gzip.decompress((expected.STREAMS / f"22-{name}.txt.gz").read_bytes()))
    wanted = expected.load(expected.STREAMS / f"22-{name}.json")[name]
    assert wanted.activities
    assert len(expected.differences({**told, "agents": []}, wanted)) == len(wanted.activities)


def test_both_versions_are_recorded() -> None:
    names = {version: {name[3:] for name in RECORDED if name.startswith(version)} for version in ("16", "22")}
    assert names["16"] == names["22"]
    assert len(names["22"]) >= 60
