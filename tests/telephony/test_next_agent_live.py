"""The agent to whom a call was sent on, blind or through a parking lot: their words in the agent's leg, at their time.

On a real Asterisk 22 and 16. 22 writes silence for what the customer hears from then on, so that a recording on the
customer's channel alone would have lost them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from avasanj.database import Database
from avasanj.settings import Settings
from telephony.tables import Call, Party
from tests.peers import PeerMissing
from tests.peers.ami_tap import AmiTap
from tests.peers.calls.scene import Scenario, Scene
from tests.peers.calls.stage import SCENARIOS, Stage
from tests.peers.fixtures import missing
from tests.peers.sip import Call as SipCall
from tests.peers.sip import Phone
from tests.peers.sip.media import a_law
from tests.streams.expected import Expected
from tests.telephony.following import calls, eventually, following, pbx_state, work_started
from tests.telephony.test_live import on
from tests.telephony.test_recording_live import said_at
from transcription.audio import Recording as SoundFile
from transcription.clock import sound_of
from transcription.legs import legs_of, playback_zero_s

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(240)]
Sound = NDArray[np.float64]
_LONG_S = 12.0
_WITHIN_S = 0.05
#: Phones whose sound was later than this at some moment say nothing of where words belong: they speak again.
_LATE_PHONES_S = 0.03
#: A phone of ours that a busy machine kept from sending for a moment says the rest later: 16 puts silence there.
_AT_MOST_S = 0.15
#: What a recording that we begin after the answer may miss of the first words.
_LATE_S = 0.3


def noise(seed: int) -> Sound:
    """Sound below 2 kHz that is like itself at no other time."""
    sound = np.random.default_rng(seed).normal(0, 0.2, round(_LONG_S * 8000))
    return np.clip(np.convolve(sound, np.hanning(8) / 4, mode="same"), -0.9, 0.9)


VOICES = {place: noise(place) for place in (1, 2, 3)}


def connected(scene: Scene) -> tuple[SipCall, SipCall, dict[int, Phone]]:
    """The customer's call, answered by the first agent 2 s ago; the agents' phones by their place."""
    phones = {place: scene.agent(place) for place in VOICES}
    for place, sound in VOICES.items():
        phones[place].says = a_law(sound)
    call = scene.customer().dial(f"81{scene.tag}")
    line = phones[1].next_call()
    line.answer()
    scene.wait(2)
    return call, line, phones


def sent_on_twice(scene: Scene, prefix: str) -> list[SipCall]:
    """Blind to the second agent after 2 s, from there blind to the third after 2.5; 2.5 s later the customer hangs up."""
    call, line, phones = connected(scene)
    lines = [line]
    for place in (2, 3):
        lines[-1].refer(f"{prefix}{phones[place].number}")
        lines.append(phones[place].next_call())
        scene.wait(0.7)
        lines[-1].answer()
        scene.wait(2.5)
    call.hang_up()
    call.wait_ended()
    return lines


def parked(scene: Scene, prefix: str) -> list[SipCall]:
    """Parked after 2 s, fetched by the second agent 1.5 s later; 2.5 s later the customer hangs up."""
    call, line, phones = connected(scene)
    line.refer("700")
    place = scene.event("ParkedCall", ParkeeCallerIDNum=call.phone.number)["ParkingSpace"]
    scene.wait(1.5)
    other = phones[2].dial(f"{'*' if prefix else ''}{place}")
    other.wait_answered()
    scene.wait(2.5)
    call.hang_up()
    call.wait_ended()
    return [line, other]


def attended(scene: Scene, prefix: str) -> list[SipCall]:
    """Blind to the second agent; they hold, consult the third for 1.5 s and connect the two; 2.5 s later it is over."""
    call, line, phones = connected(scene)
    line.refer(f"{prefix}{phones[2].number}")
    second = phones[2].next_call()
    second.answer()
    scene.wait(2)
    second.hold()
    consultation = phones[2].dial(f"{prefix}{phones[3].number}")
    third = phones[3].next_call()
    third.answer()
    consultation.wait_answered()
    scene.wait(1.5)
    second.refer_to(consultation)
    scene.wait(2.5)
    call.hang_up()
    call.wait_ended()
    return [line, second, third]


def heard(call: Call, party: Party) -> Sound:
    """The party's sound at 8 kHz from the call's start on, by the product's own way of reading it."""
    whole = np.zeros(60 * 8000)
    for leg in (leg for leg in legs_of(call) if leg.party == party):
        sound = np.concatenate(list(sound_of(leg, SoundFile(leg.path, channel=leg.channel))))[::2]
        start = round((playback_zero_s(call) + leg.start_s) * 8000)
        whole[start : start + len(sound)] += sound
    return whole


def lags(call: Call, line: SipCall, voice: Sound, from_s: float, to_s: float) -> list[float]:
    """How far each half second of a phone's words lies from where it was said; `from_s` and `to_s` since its first packet."""
    assert line.stream.talked_at is not None
    began_s = line.stream.talked_at - call.started_at.timestamp()
    sound = heard(call, Party.AGENT)
    moments = np.arange(from_s, to_s - 0.5, 0.5)
    pieces = [(at_s, *said_at(sound[round((began_s + at_s) * 8000) :][:4000], voice)) for at_s in moments]
    alike = [second - at_s for at_s, second, likeness in pieces if likeness > 0.7]
    assert len(alike) > len(pieces) / 2, f"{line.phone.number}: {pieces}"  # one in which 16 put silence is less alike
    return alike


@pytest.mark.parametrize("version", [22, 16])
@pytest.mark.parametrize("ours", [True, False], ids=["we-record", "dialplan-records"])
def test_words_of_each_agent_lie_in_the_agents_leg_at_their_time(
    settings: Settings, database: Database, version: int, *, ours: bool
) -> None:
    lines: dict[str, list[SipCall]] = {}
    chosen = [_playing(name, lines, prefix="" if ours else "7") for name in PLAYS]
    try:
        with Stage.ready(version, chosen) as stage:
            asked = on(settings, stage.pbx, record_calls=ours, inbound_contexts=["from-trunk"])
            for _ in range(2):
                stage.phones_were_late_s()
                _play(stage, chosen, asked, database)
                if stage.phones_were_late_s() < _LATE_PHONES_S:
                    break
            ledger = {call.called_raw: call for call in calls(database)}  # of several tries the last
            for scenario in chosen:
                _check(ledger[f"81{scenario.tag}"], lines[scenario.name], ours=ours)
    except PeerMissing as peer:
        missing(peer)


PLAYS: dict[str, Callable[[Scene, str], list[SipCall]]] = {
    "handed_on_twice": sent_on_twice,
    "parked_and_retrieved": parked,
    "attended_refer": attended,
}


def _playing(name: str, lines: dict[str, list[SipCall]], *, prefix: str) -> Scenario:
    """The scenario's queue and phones, with our own play on them, which notes the agents' lines."""

    def play(scene: Scene) -> Expected:
        lines[name] = PLAYS[name](scene, prefix)
        return scene.expected()

    return dataclasses.replace(SCENARIOS[name], play=play)


def _play(stage: Stage, chosen: list[Scenario], asked: Settings, database: Database) -> None:
    wanted = len(work_started(database)) + len(chosen)
    with AmiTap(stage.pbx) as tap:
        if asked.record_calls:
            tap.action("Setvar", Variable="RECORDED", Value="yes")  # so the dialplan records nothing
        with following(asked, database):
            eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
            played = stage.play_all(chosen, tap)
            tap.wait_quiet(limit_s=30)
            eventually(lambda: len(work_started(database)) >= wanted, what="every call's intake", limit_s=30)
    assert [one.problem for one in played.values() if one.problem] == []


def _check(call: Call, lines: list[SipCall], *, ours: bool) -> None:
    assert [r.problem for r in call.recordings] == [None] * len(call.recordings)
    rows = [Party(r.party) for r in call.recordings]
    assert (rows.count(Party.CUSTOMER), rows.count(Party.AGENT)) == (1, len(lines))
    for span, line, (place, voice) in zip(call.spans, lines, VOICES.items(), strict=False):
        assert span.interface.endswith(str(place))
        assert line.stream.talked_at is not None
        talked_s = line.stream.talked_at - call.started_at.timestamp()
        until_s = (span.ended_at or call.started_at).timestamp() - line.stream.talked_at
        from_s = (span.started_at - call.started_at).total_seconds() - talked_s + (_LATE_S if ours else 0.1)
        hold_s = 1.9 if span.hold_s else until_s
        found = lags(call, line, voice, max(from_s, 0.1), min(until_s, hold_s) - 0.1)
        assert len(found) >= 2, f"agent {place}: {found}"
        assert abs(float(np.median(found))) < _WITHIN_S, f"agent {place}: {found}"
        assert max(abs(lag) for lag in found) < _AT_MOST_S, f"agent {place}: {found}"
