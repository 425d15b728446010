"""Whatever is missed, doubled, late or wrongly timed: every call stays possible, and nobody gets another's time."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telephony.assembler import Assembler
from telephony.channels import Numbering
from telephony.frames import Framer, Kind, Message
from telephony.ledger import Activity, CallSnapshot
from telephony.replay import Replay, as_json
from telephony.tables import CallState

STREAMS = Path(__file__).resolve().parent.parent / "streams"
#: One of each kind of call, so that examples are spent on kinds and not on repetitions.
KINDS = (
    "22-hold.txt",
    "22-rna.txt",
    "22-blind_sip.txt",
    "22-outbound.txt",
    "22-three_in_a_room.txt.gz",
    "22-parked_and_retrieved.txt.gz",
    "22-pickup_from_queue.txt.gz",
    "22-attended_by_keys.txt.gz",
    "16-attended_manager.txt.gz",
    "22-local_agent_transfers.txt.gz",
    "22-agent_logs_in_pauses_and_leaves.txt.gz",
    "22-click_to_call.txt.gz",
    "22-attended_refer_to_queue.txt.gz",
    "22-holds_by_either_side.txt.gz",
    "16-queue_rejected_then_other.txt.gz",
)


def read(name: str) -> list[Message]:
    raw = (STREAMS / name).read_bytes()
    return Framer().feed((gzip.decompress(raw) if name.endswith(".gz") else raw) + b"\r\n\r\n")[1]


MESSAGES = {name: read(name) for name in KINDS}
BOUNDED = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def told(messages: Iterable[Message], *, every: int = 1) -> tuple[dict[str, CallSnapshot], list[Activity]]:
    """Calls and activities as last seen; each state on the way is looked at as well."""
    replay = Replay()
    assembler = replay.assembler
    for count, message in enumerate(messages):
        assembler.feed(message)
        if count % every == 0:
            calls = assembler.changed()
            for call in calls:
                possible(call)
            replay._take(calls)
    replay._take(assembler.changed())
    replay._take(assembler.end_of_stream())
    activities = list(replay._activities.values())
    for call in replay.calls.values():
        possible(call)
    separate(activities)
    return replay.calls, activities


def possible(call: CallSnapshot) -> None:
    """What holds of every call at every moment."""
    for value in (call.wait_s, call.ring_s, call.talk_s, call.hold_s, call.wrap_s):
        assert value is None or value >= 0
    if call.state is CallState.ENDED:
        assert call.ended_at is not None
        assert call.ended_at >= call.started_at
        assert call.disposition is not None or not call.complete
    lasted_s = float("inf") if call.ended_at is None else (call.ended_at - call.started_at).total_seconds()
    for part_s in (call.wait_s, call.ring_s, call.talk_s, call.hold_s):
        assert part_s is None or part_s <= lasted_s + 0.002
    for moment in (call.queued_at, call.answered_at):
        assert moment is None or 0 <= (moment - call.started_at).total_seconds() <= lasted_s + 0.002
    covered = 0.0
    for span in call.spans:
        assert span.started_at >= call.started_at or not call.complete
        if span.ended_at is None:
            assert call.state is not CallState.ENDED
            continue
        length_s = (span.ended_at - span.started_at).total_seconds()
        covered += length_s
        assert length_s >= 0
        assert 0 <= span.hold_s <= length_s + 0.002
        assert call.ended_at is None or span.ended_at <= call.ended_at
    if call.talk_s is not None:
        assert call.talk_s <= covered + 0.002 * (1 + len(call.spans))
        if len(call.spans) == 1:
            assert call.talk_s + call.hold_s == pytest.approx(covered, abs=0.005)
    for part in (*call.holds, *call.mutes, *call.gaps):
        assert part.started_at is None or part.ended_at is None or part.ended_at >= part.started_at
    for visit in call.visits:
        assert visit.left_at is None or visit.left_at >= visit.joined_at
    for recording in call.recordings:
        edges = [edge for cut in recording.cuts for edge in cut]
        assert edges == sorted(edges)
        assert not edges or edges[0] >= recording.offset_s
    as_json(call)


def separate(activities: Sequence[Activity]) -> None:
    """Of one agent no two stretches of one state overlap, and none is negative."""
    last: dict[tuple[str, str], Activity] = {}
    for activity in sorted(activities, key=lambda one: (one.started_at, one.ended_at is None)):
        before = last.get((activity.interface, activity.state))
        assert before is None or (before.ended_at is not None and before.ended_at <= activity.started_at)
        assert activity.ended_at is None or activity.ended_at >= activity.started_at
        last[activity.interface, activity.state] = activity


def spoiled(messages: Sequence[Message], seed: int, missing: float, doubled: float, swapped_by: float) -> list[Message]:
    chance = random.Random(seed)
    kept = [m for m in messages for _ in range(1 + (chance.random() < doubled)) if chance.random() >= missing]
    keyed = [(index + chance.uniform(0, swapped_by), index, message) for index, message in enumerate(kept)]
    return [message for *_, message in sorted(keyed, key=lambda pair: pair[:2])]


@BOUNDED
@given(
    st.sampled_from(KINDS),
    st.integers(0, 2**32),
    st.floats(0, 0.5),
    st.floats(0, 0.4),
    st.floats(0, 40),
    st.integers(1, 50),
)
def test_missing_doubled_and_swapped_events_give_a_possible_call(
    stream: str, seed: int, missing: float, doubled: float, swapped_by: float, every: int
) -> None:
    told(spoiled(MESSAGES[stream], seed, missing, doubled, swapped_by), every=every)


@BOUNDED
@given(st.sampled_from(KINDS), st.integers(0, 2**32))
def test_doubled_events_change_nothing_but_what_counts_events(stream: str, seed: int) -> None:
    whole, done = told(MESSAGES[stream], every=50)
    twice, done_twice = told(spoiled(MESSAGES[stream], seed, 0, 0.5, 0), every=50)
    assert {key: as_json(call) for key, call in twice.items()} == {key: as_json(call) for key, call in whole.items()}
    assert len(done) == len(done_twice)


@BOUNDED
@given(st.sampled_from(KINDS), st.data())
def test_stream_from_mid_call_on_is_marked_and_possible(stream: str, data: st.DataObject) -> None:
    messages = MESSAGES[stream]
    start = data.draw(st.integers(1, len(messages) - 1))
    before = {m.get("Uniqueid") for m in messages[:start] if m.get("Uniqueid")}
    for call in told(messages[start:], every=7)[0].values():
        assert call.linked_id not in before or call.gaps


@BOUNDED
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.floats(0, 1), st.floats(-7200, 7200)), min_size=1, max_size=3),
)
def test_clock_that_is_set_gives_a_possible_call(stream: str, steps: list[tuple[float, float]]) -> None:
    messages = MESSAGES[stream]
    shifted = []
    for index, message in enumerate(messages):
        by_s = sum(step for at, step in steps if index >= at * len(messages))
        shifted.append(retimed(message, by_s))
    told(shifted, every=11)


def retimed(message: Message, by_s: float) -> Message:
    stamp = message.get("Timestamp")
    if not stamp or not by_s:
        return message
    lines = [f"Event: {message.name}", *message.lines()]
    return Message(
        "\r\n".join(
            f"Timestamp: {float(stamp) + by_s:.6f}" if line.startswith("Timestamp:") else line for line in lines
        )
    )


def test_clock_set_back_in_mid_call_keeps_its_durations() -> None:
    messages = MESSAGES["22-hold.txt"]
    middle = next(index for index, message in enumerate(messages) if message.name == "Hold")
    moved = [retimed(m, -3600.0) if index >= middle else m for index, m in enumerate(messages)]
    ((whole,), (stepped,)) = (told(stream)[0].values() for stream in (messages, moved))
    # the step is known to the moment between two events, here milliseconds to a few seconds of talk
    assert stepped.hold_s == pytest.approx(whole.hold_s, abs=0.01)
    assert stepped.ended_at is not None
    assert whole.ended_at is not None
    assert (whole.ended_at - stepped.ended_at).total_seconds() == pytest.approx(3600)
    assert stepped.gaps == whole.gaps == ()


@pytest.mark.parametrize("step_s", [3600.0, 90.0, -3600.0])
def test_clock_that_is_set_in_mid_call_costs_nothing_where_the_arrival_of_events_is_known(step_s: float) -> None:
    """As in a journal: our own marks say when what follows arrived."""
    messages = MESSAGES["22-hold.txt"]
    held = next(index for index, message in enumerate(messages) if message.name == "Hold")
    answered = next(index for index, message in enumerate(messages) if message.name == "BridgeEnter")
    for middle in (held, answered):
        moved = []
        for index, message in enumerate(messages):
            if message.get("Timestamp"):
                arrived = float(message.get("Timestamp")) + 0.01
                moved.append(Message(f"Avasanj: received\r\nAt: {arrived}"))
            moved.append(retimed(message, step_s) if index >= middle else message)
        ((whole,), (stepped,)) = (told(stream)[0].values() for stream in (messages, moved))
        for key in ("wait_s", "talk_s", "hold_s"):
            assert getattr(stepped, key) == pytest.approx(getattr(whole, key), abs=0.02)


def test_silence_of_hours_in_a_capture_that_tells_no_arrival_is_a_gap() -> None:
    messages = MESSAGES["22-hold.txt"]
    middle = next(index for index, message in enumerate(messages) if message.name == "Hold")
    moved = [retimed(m, 4000.0) if index >= middle else m for index, m in enumerate(messages)]
    (call,) = told(moved)[0].values()
    (gap,) = call.gaps
    assert gap.started_at is not None
    assert gap.ended_at is not None
    assert (gap.ended_at - gap.started_at).total_seconds() > 3999


@pytest.mark.parametrize("stream", KINDS)
def test_two_pbxs_with_equal_ids_are_told_apart(stream: str) -> None:
    one, two = (Assembler(pbx=name, numbering=Numbering()) for name in ("one", "two"))
    found: dict[str, list[CallSnapshot]] = {"one": [], "two": []}
    done: dict[str, list[Activity]] = {"one": [], "two": []}
    for message in MESSAGES[stream]:
        for assembler in (one, two):
            assembler.feed(message)
            found[assembler.pbx] += assembler.changed()
            done[assembler.pbx] += assembler.activities_changed()
    for name, calls in found.items():
        assert {call.pbx for call in calls} == {name}
        assert {activity.pbx for activity in done[name]} <= {name}
    assert len(found["one"]) == len(found["two"]) > 0


@BOUNDED
@given(st.permutations(KINDS), st.integers(0, 2**32))
def test_no_agent_is_given_anothers_time_when_calls_run_at_once(order: list[str], seed: int) -> None:
    chance = random.Random(seed)
    chosen = {name: list(MESSAGES[name]) for name in order[:3]}
    apart: dict[str, CallSnapshot] = {}
    for name in chosen:
        apart |= told(MESSAGES[name], every=100)[0]
    mixed: list[Message] = []
    while any(chosen.values()):
        mixed.append(chosen[chance.choice([name for name in chosen if chosen[name]])].pop(0))
    together = told([retimed_to(message, index) for index, message in enumerate(mixed)], every=100)[0]
    assert together.keys() == apart.keys()
    for linked_id, call in apart.items():
        agents = dict.fromkeys(span.interface for span in call.spans)
        assert dict.fromkeys(span.interface for span in together[linked_id].spans) == agents
        assert together[linked_id].disposition == call.disposition


def retimed_to(message: Message, index: int) -> Message:
    """As if the streams had been at the same time: one event every 10 ms."""
    stamp = message.get("Timestamp")
    return retimed(message, 1_795_000_000 + index / 100 - float(stamp)) if stamp else message


@BOUNDED
@given(
    st.lists(
        st.one_of(st.binary(max_size=80), st.sampled_from([b"\r\n\r\n", b"Event: ", b"Event: Hangup\r\n\r\n", b"\r\n"]))
    )
)
def test_garbage_is_counted_and_harmless(parts: list[bytes]) -> None:
    framer, assembler = Framer(), Assembler(pbx="x", numbering=Numbering())
    for message in framer.feed(b"".join(parts) + b"\r\n\r\n")[1]:
        assembler.feed(message)
        assert message.kind is not Kind.OTHER or assembler.malformed
    assembler.changed()
    assert not assembler.calls


@pytest.mark.parametrize("stream", KINDS)
def test_how_often_calls_are_taken_changes_nothing(stream: str) -> None:
    """The listener takes them after each read, a replay seldom."""
    often, seldom = (told(MESSAGES[stream], every=every) for every in (1, 10_000))
    assert often[0] == seldom[0]
    assert sorted(map(repr, often[1])) == sorted(map(repr, seldom[1]))
