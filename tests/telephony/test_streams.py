"""What was done in each recorded call, told again from its events alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from avasanj.errors import InputError
from telephony.channels import Numbering
from telephony.replay import replay as told

ONE, TWO = "PJSIP/1001", "PJSIP/1002"


def replay(source: Any, **how: Any) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = told(source, **how)["calls"]
    return calls


@dataclasses.dataclass(frozen=True, kw_only=True)
class Done:
    """What was done. Seconds are near enough within `tolerance_s`."""

    disposition: str = "answered"
    hung_up_by: str = "agent"
    spans: tuple[tuple[str, float], ...] = ()  #: interface and length in s
    wait_s: float = 0.0
    hold_s: float = 0.0
    holds: int = 0
    transfer: str | None = None
    queue: str | None = "support"
    direction: str = "inbound"
    recorded: tuple[str, ...] = ("customer", "agent")
    tolerance_s: float = 0.7


SHARED = {
    "answered_agent_hangup": Done(spans=((ONE, 22),)),
    "answered_customer_hangup": Done(spans=((ONE, 6),), hung_up_by="customer"),
    "hold": Done(spans=((ONE, 11),), hold_s=4, holds=1),
    "blind_sip": Done(spans=((ONE, 4), (TWO, 5)), hung_up_by="customer", transfer="blind"),
    "blind_ami": Done(spans=((ONE, 4), (TWO, 5)), transfer="blind"),
    "atx_ami": Done(spans=((ONE, 10), (TWO, 4)), hung_up_by="customer", transfer="attended", hold_s=5.75, holds=1),
    "abandon": Done(disposition="abandoned", hung_up_by="customer", wait_s=4, recorded=()),
    "rna": Done(spans=((ONE, 5),), wait_s=11),
    "qtimeout": Done(disposition="timeout", hung_up_by="system", wait_s=8, recorded=()),
    "reject": Done(disposition="abandoned", hung_up_by="customer", wait_s=5, recorded=()),
}
OWN = {
    "answered_agent_hangup": Done(spans=((ONE, 8),), wait_s=2),
    "answered_customer_hangup": Done(spans=((ONE, 6),), wait_s=2, hung_up_by="customer"),
    "abandon": Done(disposition="abandoned", hung_up_by="customer", wait_s=5, recorded=()),
    "qtimeout": Done(disposition="timeout", hung_up_by="system", wait_s=6, queue="shortq", recorded=()),
    "rna": Done(spans=((ONE, 5),), wait_s=8),
    "reject": Done(disposition="abandoned", hung_up_by="customer", wait_s=6, recorded=()),
    "hold": Done(spans=((ONE, 11),), wait_s=1, hold_s=4, holds=1),
    "direct": Done(spans=((ONE, 6),), wait_s=2, queue=None),
    "direct_abandon": Done(disposition="abandoned", hung_up_by="customer", wait_s=4, queue=None, recorded=()),
    "direct_busy": Done(disposition="busy", hung_up_by="system", wait_s=1, queue=None, recorded=()),
    "blind_sip": Done(spans=((ONE, 4), (TWO, 5)), wait_s=1, transfer="blind"),
    "blind_ami": Done(spans=((ONE, 4), (TWO, 5)), wait_s=1, transfer="blind"),
    "outbound": Done(
        spans=((ONE, 6),),
        wait_s=2,
        hung_up_by="customer",
        queue=None,
        direction="outbound",
        recorded=("agent", "customer"),
    ),
    "waiting_recorded": Done(spans=((ONE, 5),), wait_s=3, hung_up_by="customer"),
    "ami_mixmonitor": Done(spans=((ONE, 6),), wait_s=2, hung_up_by="customer", recorded=("mixed",)),
}


def check(call: dict[str, Any], done: Done) -> None:
    assert call["state"] == "ended"
    assert (call["direction"], call["disposition"], call["hung_up_by"]) == (
        done.direction,
        done.disposition,
        done.hung_up_by,
    )
    assert call["queue"] == done.queue
    assert call["complete"]
    assert [span["agent"] for span in call["spans"]] == [interface for interface, _ in done.spans]
    for span, (_, length_s) in zip(call["spans"], done.spans, strict=True):
        assert span["end_s"] - span["start_s"] == pytest.approx(length_s, abs=done.tolerance_s)
    assert call["wait_s"] == pytest.approx(done.wait_s, abs=done.tolerance_s)
    assert call["hold_s"] == pytest.approx(done.hold_s, abs=done.tolerance_s)
    assert call["holds"] == done.holds
    if done.spans:
        assert call["talk_s"] == pytest.approx(
            sum(length for _, length in done.spans) - done.hold_s, abs=done.tolerance_s
        )
    else:
        assert call["talk_s"] is None
    assert [transfer["kind"] for transfer in call["transfers"]] == ([done.transfer] if done.transfer else [])
    assert tuple(recording["party"] for recording in call["recordings"]) == done.recorded


@pytest.mark.parametrize("version", ["16", "22"])
@pytest.mark.parametrize("scenario", SHARED)
def test_shared_stream_is_told_as_it_was_done(shared_streams: Path, version: str, scenario: str) -> None:
    (call,) = replay(shared_streams / f"{version}-{scenario}.txt")
    check(call, SHARED[scenario])
    assert (call["caller"], call["caller_name"]) == ("09121234567", "رضا محمدی")


@pytest.mark.parametrize(("version", "calls"), [("16", 2), ("22", 3)])
def test_shared_stream_with_recordings_by_ami_tells_each_call(shared_streams: Path, version: str, calls: int) -> None:
    found = replay(shared_streams / f"{version}-ami_mixmonitor.txt")
    assert [call["disposition"] for call in found] == ["answered"] * calls
    assert all(call["recordings"] for call in found)


def test_shared_stream_from_mid_call_on_is_told_as_far_as_it_is_known(shared_streams: Path) -> None:
    (call,) = replay(shared_streams / "22-resync_midcall.txt")
    assert (call["disposition"], call["hung_up_by"], call["queue"], call["complete"]) == (
        "answered",
        "customer",
        "support",
        False,
    )
    assert [span["name"] for span in call["spans"]] == ["Agent One"]
    assert (call["answered_at"], call["wait_s"]) == (None, None), "the answer lies in the gap"


@pytest.mark.parametrize("scenario", OWN)
def test_own_stream_is_told_as_it_was_done(own_streams: Path, scenario: str) -> None:
    (call,) = replay(own_streams / f"22-{scenario}.txt", numbering=Numbering(inbound_contexts=("from-customer",)))
    check(call, OWN[scenario])


def test_every_own_stream_is_checked(own_streams: Path) -> None:
    assert {path.stem.removeprefix("22-") for path in own_streams.glob("22-*.txt")} <= OWN.keys()


def test_legs_are_named_by_whose_channel_was_recorded(own_streams: Path) -> None:
    (inbound,) = replay(own_streams / "22-hold.txt")
    (outbound,) = replay(own_streams / "22-outbound.txt")
    assert {r["party"]: r["file"][-6:] for r in inbound["recordings"]} == {"customer": "-r.wav", "agent": "-t.wav"}
    assert {r["party"]: r["file"][-6:] for r in outbound["recordings"]} == {"agent": "-r.wav", "customer": "-t.wav"}
    assert all(r["file"].startswith("/var/spool/asterisk/monitor/") for r in inbound["recordings"])


def test_recording_that_waits_for_the_bridge_starts_with_it(own_streams: Path) -> None:
    (bridged,) = replay(own_streams / "22-hold.txt")
    (whole,) = replay(own_streams / "22-waiting_recorded.txt")
    assert bridged["recordings"][0]["offset_s"] == pytest.approx(bridged["spans"][0]["start_s"], abs=0.05)
    assert whole["recordings"][0]["offset_s"] == pytest.approx(0, abs=0.05)


def test_file_without_events_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"nothing\r\n\r\nof this")
    with pytest.raises(InputError, match="holds no manager events"):
        replay(tmp_path / "x.txt")
    with pytest.raises(InputError, match="can't be read"):
        replay(tmp_path / "missing.txt")


@pytest.mark.parametrize("written", ["nan", "inf", "-1", "9e99", "soon"])
def test_time_that_is_none_is_taken_from_the_event_before(written: str) -> None:
    channel = b"Channel: PJSIP/trunk-1\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nContext: from-trunk\r\nExten: 100\r\n"
    events = b"Event: Newchannel\r\nTimestamp: 1700000000.5\r\n" + channel + b"\r\n"
    events += b"Event: Hangup\r\nTimestamp: " + written.encode() + b"\r\n" + channel + b"\r\n"
    assert [call["ended_at"] for call in replay([events])] == ["2023-11-14T22:13:20.500000Z"]


def test_stream_from_mid_call_on_has_one_gap_from_the_calls_start(shared_streams: Path) -> None:
    (call,) = replay(shared_streams / "22-resync_midcall.txt")
    assert call["gaps"] == [{"from_s": 0.0, "to_s": 1.0}]
