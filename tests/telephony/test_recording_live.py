"""Recordings on a real Asterisk: muted for a card number, interrupted by a transfer, and started by us."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from avasanj.database import Database
from avasanj.settings import Settings
from telephony import metrics, problems
from telephony.pausing import ask
from telephony.tables import Call, CallState, Party, RecordingRequest
from tests.peers import PeerMissing
from tests.peers.asterisk import QUEUE_MIXED, QUEUE_MIXED_TWICE, QUEUE_SUPPORT, QUEUE_UNRECORDED, Asterisk
from tests.peers.fixtures import missing
from tests.peers.phones import BaresipAgent, SipCaller
from tests.telephony.following import calls, eventually, following, pbx_state, work_started
from tests.telephony.test_live import loudest_hz, on, tone
from transcription.audio import Recording as SoundFile
from transcription.clock import sound_of
from transcription.legs import legs_of
from transcription.windows import RATE_HZ

pytestmark = [pytest.mark.realtime, pytest.mark.slow]
Sound = NDArray[np.float64]
#: How exactly events and sound are in step: a mute takes effect between two packets, and phones buffer some.
_STEP_S = 0.15


@pytest.fixture(scope="module", params=[22, 16])
def pbx(request: pytest.FixtureRequest) -> Iterator[Asterisk]:
    try:
        with Asterisk(version=request.param) as asterisk:
            yield asterisk
    except PeerMissing as peer:
        missing(peer)


def noise(path: Path, seconds: float, seed: int) -> Path:
    """Sound that is like itself at no other time, so that a piece of it tells when it was said."""
    sound = np.random.default_rng(seed).normal(0, 0.2, int(seconds * 8000))
    smooth = np.convolve(sound, np.hanning(8) / 4, mode="same")  # below 2 kHz, which A-law and phones carry well
    soundfile.write(path, np.clip(smooth, -0.9, 0.9), 8000, subtype="PCM_16")
    return path


def said_at(piece: Sound, source: Sound) -> tuple[float, float]:
    """Second of the source at which the piece was said, and how alike they are (0 to 1)."""
    size = 1 << (len(source) + len(piece)).bit_length()
    like = np.fft.irfft(np.fft.rfft(source, size) * np.conj(np.fft.rfft(piece, size)), size)[: len(source) - len(piece)]
    best = int(np.argmax(like))
    there = source[best : best + len(piece)]
    return best / 8000, float(like[best] / (np.linalg.norm(piece) * np.linalg.norm(there)))


def leg(call: Call, party: Party) -> Sound:
    """A leg on the call's clock at 8 kHz, from the call's start on, by the product's own way of reading it."""
    (found,) = [one for one in legs_of(call) if one.party == party]
    (row,) = [one for one in call.recordings if one.id == found.recording_id]
    sound = np.concatenate(list(sound_of(found, SoundFile(found.path))))
    assert RATE_HZ == 16_000
    lead = np.zeros(round((row.offset_s or 0.0) * 8000))
    return np.concatenate([lead, sound[::2].astype(np.float64)])


def raw(call: Call, party: Party) -> Sound:
    (row,) = [one for one in call.recordings if one.party == party]
    sound, rate = soundfile.read(row.path)
    assert rate == 8000
    return np.asarray(sound)


def level(sound: Sound, from_s: float, to_s: float) -> float:
    """Loudness (root of the mean square) of a stretch, 0 to 1."""
    part = sound[round(from_s * 8000) : round(to_s * 8000)]
    return float(np.sqrt(np.mean(part**2))) if len(part) else 0.0


def talking(database: Database) -> Call:
    return eventually(
        lambda: next((c for c in calls(database) if c.state == CallState.TALKING), None), what="the talk", limit_s=15
    )


def muting(database: Database, call: Call, *, mute: bool) -> float:
    """Ask, wait until it is done, and give how long that took."""
    took_s, problem = asked_to_mute(database, call, mute=mute)
    assert problem is None
    return took_s


def asked_to_mute(database: Database, call: Call, *, mute: bool) -> tuple[float, str | None]:
    """How long it took until it was answered, and what was wrong."""
    began = time.monotonic()
    with database.transaction() as session:
        request = ask(session, call.id, mute=mute, by=None).id

    def look() -> RecordingRequest | None:
        with database.read() as session:
            row = session.get_one(RecordingRequest, request)
            return row if row.done_at is not None else None

    done = eventually(look, what="the mute's being done")
    return time.monotonic() - began, done.problem


@pytest.mark.timeout(120)
def test_muted_stretch_is_silent_and_words_after_a_transfer_keep_their_time(
    pbx: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    """One queue call: talk, mute, talk, blind transfer to a phone that rings 3 s (nothing is written then), talk."""
    customer, agent = noise(tmp_path / "c.wav", 60, 1), noise(tmp_path / "a.wav", 60, 2)
    source, _ = soundfile.read(customer)
    with (
        BaresipAgent(pbx, "1001", says=agent, answer_after_s=0.5) as sara,
        BaresipAgent(pbx, "1002", says=agent, answer_after_s=3.0, hang_up_after_s=3.0),
        following(on(settings, pbx), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with SipCaller(pbx, QUEUE_SUPPORT, says=customer) as caller:
            call = talking(database)
            time.sleep(2.5)
            took_s = muting(database, call, mute=True)
            time.sleep(3.0)
            took_s = max(took_s, muting(database, call, mute=False))
            time.sleep(2.0)
            sara.transfer("1002")
            caller.wait(30)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        (call,) = calls(database)
    assert took_s < 1.5, "asked and done, as the database tells it"

    ((mute_s, resume_s),) = [(from_s or 0.0, to_s or 0.0) for from_s, to_s in call.mutes]
    assert resume_s - mute_s == pytest.approx(3.0, abs=1.0)
    for party in (Party.CUSTOMER, Party.AGENT):
        (row,) = [one for one in call.recordings if one.party == party]
        (cut,) = row.cuts
        assert cut[1] - cut[0] == pytest.approx(3.0, abs=0.7), "the ringing of the second phone"
        file, offset_s = raw(call, party), row.offset_s or 0.0
        assert level(file, mute_s - offset_s + _STEP_S, resume_s - offset_s - _STEP_S) < 0.001, "the PBX wrote silence"
        assert level(file, mute_s - offset_s - 1.5, mute_s - offset_s - _STEP_S) > 0.02
        assert level(file, resume_s - offset_s + _STEP_S, resume_s - offset_s + 1.5) > 0.02
        laid = leg(call, party)
        assert level(laid, cut[0] + _STEP_S, cut[1] - _STEP_S) < 0.001
    laid = leg(call, Party.CUSTOMER)
    lags = []
    for at_s in (mute_s - 1.2, resume_s + 0.5, call.recordings[0].cuts[0][1] + 1.0):
        second, likeness = said_at(laid[round(at_s * 8000) :][:8000], source)
        assert likeness > 0.5, f"what was said at {at_s:.1f} s"
        lags.append(at_s - second)
    assert max(lags) - min(lags) < 0.3, f"every word at its own time: {lags}"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("dials", [QUEUE_UNRECORDED, "81001"])
def test_recording_started_by_us_holds_each_voice_in_step_and_is_none_without_an_answer(
    pbx: Asterisk, settings: Settings, database: Database, tmp_path: Path, dials: str
) -> None:
    known = set(pbx.recordings_dir.rglob("*.wav"))
    with following(on(settings, pbx, record_calls=True), database):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with (
            BaresipAgent(pbx, "1001", says=tone(tmp_path / "a.wav", 700), answer_after_s=None) as sara,
            SipCaller(pbx, dials, says=tone(tmp_path / "c.wav", 400), cancel_after_s=1.0 if dials == "81001" else None,
                      hang_up_after_s=2.0 if dials != "81001" else None) as caller,
        ):  # fmt: skip
            caller.wait(20)
        eventually(lambda: work_started(database), what="the first call's intake", limit_s=15)
        (unanswered,) = calls(database)
        assert (unanswered.recordings, set(pbx.recordings_dir.rglob("*.wav")) - known) == ([], set())
        with (
            BaresipAgent(
                pbx, "1001", says=tone(tmp_path / "a.wav", 700), answer_after_s=1.0, hang_up_after_s=3.0
            ) as sara,
            SipCaller(pbx, dials, says=tone(tmp_path / "c.wav", 400)) as caller,
        ):
            sara.wait_for("CALL_ESTABLISHED")
            caller.wait(20)
        eventually(lambda: len(work_started(database)) == 2, what="the second call's intake", limit_s=15)
    call = calls(database)[-1]
    legs = {Party(row.party): row for row in call.recordings}
    assert set(legs) == {Party.CUSTOMER, Party.AGENT}
    assert len(set(pbx.recordings_dir.rglob("*.wav")) - known) == 3, "one recording: each party's and the mix"
    assert loudest_hz(legs[Party.CUSTOMER].path) == pytest.approx(400, abs=5)
    assert loudest_hz(legs[Party.AGENT].path) == pytest.approx(700, abs=5)
    lengths = [row.duration_s or 0.0 for row in legs.values()]
    assert lengths[0] == pytest.approx(lengths[1], abs=0.05)
    assert lengths[0] == pytest.approx(3.0, abs=0.6)
    answered_s = (call.answered_at - call.started_at).total_seconds() if call.answered_at else 0.0
    for row in legs.values():
        assert (row.problem, row.sha256 is not None, row.codec) == (None, True, "wav/pcm_16")
        assert row.offset_s == pytest.approx(answered_s, abs=0.3)


@pytest.mark.timeout(120)
def test_mute_silences_our_recording_and_the_dialplans_mixed_one(
    pbx: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    """16 mutes one recording of a channel, so ours is on the agent's there; both voices are in it all the same."""
    customer, agent = noise(tmp_path / "c.wav", 60, 1), noise(tmp_path / "a.wav", 60, 2)
    known = set(pbx.recordings_dir.rglob("*.wav"))
    with (
        BaresipAgent(pbx, "1001", says=agent, answer_after_s=0.5),
        following(on(settings, pbx, record_calls=True), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with SipCaller(pbx, QUEUE_MIXED, says=customer, hang_up_after_s=9.0) as caller:
            call = talking(database)
            time.sleep(2.0)
            muting(database, call, mute=True)
            time.sleep(2.5)
            muting(database, call, mute=False)
            caller.wait(30)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        (call,) = calls(database)
    ((mute_s, resume_s),) = [(from_s or 0.0, to_s or 0.0) for from_s, to_s in call.mutes]
    assert sorted(row.party for row in call.recordings) == [Party.AGENT, Party.CUSTOMER]
    (mixed,) = [path for path in set(pbx.recordings_dir.rglob("*.wav")) - known if path.name.endswith("-mixed.wav")]
    whole, _ = soundfile.read(mixed)
    began_s = (call.ended_at - call.started_at).total_seconds() - len(whole) / 8000 if call.ended_at else 0.0
    sounds = [(np.asarray(whole), began_s)]
    for row in call.recordings:
        assert row.problem is None
        sounds.append((raw(call, Party(row.party)), row.offset_s or 0.0))
    for sound, offset_s in sounds:
        assert level(sound, mute_s - offset_s + _STEP_S, resume_s - offset_s - _STEP_S) < 0.001
        assert level(sound, mute_s - offset_s - 1.0, mute_s - offset_s - _STEP_S) > 0.02
        assert level(sound, resume_s - offset_s + _STEP_S, resume_s - offset_s + 1.0) > 0.02
    source, _ = soundfile.read(customer)
    piece = leg(call, Party.CUSTOMER)[round((mute_s - 1.2) * 8000) :][:8000]
    assert said_at(piece, source)[1] > 0.5, "the customer's own voice is in the customer's leg"


@pytest.mark.timeout(120)
def test_second_recording_on_one_channel_is_told_where_the_pbx_can_not_mute_it(
    pbx: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    """Both are the dialplan's: 22 mutes both; 16 the first, and whoever asked learns that the other goes on."""
    before = outcomes("partly")
    known = set(pbx.recordings_dir.rglob("*.wav"))
    with (
        BaresipAgent(pbx, "1001", says=noise(tmp_path / "a.wav", 60, 2), answer_after_s=0.5),
        following(on(settings, pbx), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with SipCaller(pbx, QUEUE_MIXED_TWICE, says=noise(tmp_path / "c.wav", 60, 1), hang_up_after_s=7.0) as caller:
            call = talking(database)
            time.sleep(1.0)
            _, problem = asked_to_mute(database, call, mute=True)
            caller.wait(30)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
    files = {path.name.partition("-")[2]: path for path in set(pbx.recordings_dir.rglob("*.wav")) - known}
    loud = {name: level(np.asarray(soundfile.read(path)[0])[-3 * 8000 :], 0.0, 2.5) for name, path in files.items()}
    assert loud["mixed.wav"] < 0.001
    if pbx.version == 22:
        assert (problem, loud["mixed-too.wav"] < 0.001) == (None, True)
        return
    assert loud["mixed-too.wav"] > 0.02
    assert problems.is_a(problem, problems.MUTED_ONE_ONLY)
    assert outcomes("partly") == before + 1


def outcomes(outcome: str) -> float:
    return metrics.recording_requests.labels("pbx", outcome)._value.get()
