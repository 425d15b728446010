"""Mutes a running recording while a card number is said: asked for in the database, done by the call's listener.

Asterisk's MixMonitorMute works on a channel. Its recordings then write silence, each party's own file included, and go on
counting time (seen on 16 and 22). On 22 that is so for every recording of the channel, on 16 for the first alone. One that
starts later is not muted, so the channel is muted again then.
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import uuid
from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from avasanj.database import Database, utc_now
from avasanj.errors import LastingError
from avasanj.i18n import N_
from avasanj.log import get_logger
from telephony import metrics, problems
from telephony.assembler import Assembler
from telephony.frames import Kind, Message
from telephony.history import CallHistory
from telephony.ids import call_id
from telephony.recording_requests import Asked, as_asked, close, last_muted, open_requests, tell, took_effect
from telephony.tables import Call, CallState, RecordingRequest, Source

NO_SUCH_CALL = N_("There is no call %(call)s. It may have been removed meanwhile.")
CALL_IS_OVER = N_("The call is over, so its recording can't be muted or resumed any more.")
NOT_LIVE = N_("The call was imported from an archive: it has no running recording.")

_LOOK_EVERY_S = 0.4
_IDLE_LOOK_EVERY_S = 3.0
#: A mute that comes later than this would hide the wrong words, and whoever asked believes that it came in time.
_MUTE_WITHIN_S = 10.0
#: The first version seen to mute every recording of a channel; 16 mutes one.
_MUTES_ALL = 22
_ACTION_PREFIX = "avasanj-mute"
_log = get_logger(__name__)


def ask(session: Session, id: uuid.UUID, *, mute: bool, by: uuid.UUID | None) -> RecordingRequest:  # noqa: A002
    """Ask the listener of call `id` to mute (`mute`) or to resume its recording; the row tells when and whether it was done.

    `by` is who asks, None for the system. Raises LastingError for a call that is unknown, over or not live. Whether
    anybody records is known to the PBX alone: if nobody does, the request gets a `problem`.
    """
    call = session.get(Call, id)
    if call is None:
        raise LastingError(NO_SUCH_CALL, call=id)
    if call.source != Source.LIVE:
        raise LastingError(NOT_LIVE)
    if call.state == CallState.ENDED:
        raise LastingError(CALL_IS_OVER)
    request = RecordingRequest(call_id=id, mute=mute, asked_by=by, asked_at=utc_now())
    session.add(request)
    session.flush()
    tell(session, request)
    return request


@dataclasses.dataclass(kw_only=True)
class _Sent:
    """A request's actions that are under way."""

    asked: Asked
    waiting: set[str]
    recordings: int  #: on the channel that has most of them
    fault: str | None = None
    muted_one: bool = False


class Pauses:
    """One PBX's requests, read and written on a thread of its own, so that the listener never waits for the database.

    `begin`, `act` and `heard` are for the listener's thread.
    """

    def __init__(self, database: Database, *, pbx: str, mute_at_most_s: float, ami_user: str) -> None:
        """`mute_at_most_s` 0: a mute lasts until somebody resumes."""
        self._database = database
        self._pbx = pbx
        self._mute_at_most_s = mute_at_most_s
        self._ami_user = ami_user
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[int, Asked] = {}
        self._outcomes: dict[int, str | None] = {}
        self._muted: frozenset[str] = frozenset()
        self._sent: dict[int, _Sent] = {}
        self._attempts = 0
        self._version = "?"
        self._running: frozenset[str] = frozenset()
        self._thread = threading.Thread(target=self._run, name="recording-requests", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, *, wait_s: float = 2.0) -> None:
        """Write the outcomes that are known, and end."""
        self._stop.set()
        self._wake.set()
        self._thread.join(wait_s)

    # -- on the listener's thread

    def begin(self, version: str | None) -> None:
        """A new connection: what the last one left unanswered is tried again. `version` is the PBX's own, None if unknown."""
        self._sent.clear()
        self._version = version or "?"

    @property
    def mutes_all(self) -> bool:
        """Whether this PBX mutes every recording of a channel at once."""
        return mutes_all(self._version)

    def act(self, post: Callable[..., str], assembler: Assembler) -> None:
        """Send what was asked for. `post(action, fields, action_id=…)` sends an action. Raises what `post` raises."""
        if self._running != assembler.calls.keys():
            if not self._running:
                self._wake.set()
            self._running = frozenset(assembler.calls)
        if not self._open:
            self._sent.clear()
            return
        with self._lock:
            todo = [asked for asked in self._open.values() if asked.id not in self._sent]
        for asked in todo:
            call = assembler.calls.get(asked.linked_id)
            if call is None:
                continue  # over, or not known yet after a connect: its row tells which
            channels = recorded_channels(call)
            if not channels:
                self._settle(asked.id, problems.text(problems.NOBODY_RECORDS))
                continue
            sent = self._sent[asked.id] = _Sent(asked=asked, waiting=set(), recordings=max(channels.values()))
            for channel in channels:
                sent.waiting.add(self._post(post, channel, mute=asked.mute, request=asked.id))

    def heard(self, message: Message, post: Callable[..., str], assembler: Assembler) -> None:
        """Take an answer to an action of ours; mute what starts to record in a muted call."""
        if message.kind is Kind.RESPONSE:
            self._answered(message)
        elif message.name == "MixMonitorStart" and self._muted:
            call = assembler.call_of(message.get("Uniqueid"))
            if call is not None and call.linked_id in self._muted:
                self._post(post, message.get("Channel"), mute=True, request=0)

    def _post(self, post: Callable[..., str], channel: str, *, mute: bool, request: int) -> str:
        self._attempts += 1
        fields = {"Channel": channel, "Direction": "both", "State": "1" if mute else "0"}
        return post("MixMonitorMute", fields, action_id=f"{_ACTION_PREFIX}-{request}-{self._attempts}")

    def _answered(self, message: Message) -> None:
        action = message.get("ActionID")
        if not action.startswith(f"{_ACTION_PREFIX}-"):
            return
        sent = next((sent for sent in self._sent.values() if action in sent.waiting), None)
        if sent is None:
            return
        sent.waiting.discard(action)
        if message.name.lower() == "error":
            sent.fault = message.get("Message")
        else:
            sent.muted_one = True
        if not sent.waiting:
            self._settle(sent.asked.id, self._outcome(sent))

    def _outcome(self, sent: _Sent) -> str | None:
        """What is wrong with a request that was answered in full. A channel that ended meanwhile records nothing any more."""
        gone = sent.fault is not None and "no such channel" in sent.fault.lower()
        if sent.fault is not None and not (gone and sent.muted_one):
            return refusal(sent.fault, user=self._ami_user)
        if sent.asked.mute and sent.recordings > 1 and not mutes_all(self._version):
            return problems.text(problems.MUTED_ONE_ONLY, version=self._version, count=sent.recordings)
        return None

    def _settle(self, request: int, problem: str | None) -> None:
        self._sent.pop(request, None)
        with self._lock:
            self._open.pop(request, None)
            self._outcomes[request] = problem
        self._wake.set()

    # -- on its own thread

    def _run(self) -> None:
        while True:
            closing = self._stop.is_set()
            try:
                self._write_outcomes()
                if not closing:
                    self._read()
            except SQLAlchemyError as error:  # away: the requests are in it, so nothing can be done meanwhile
                _log.warning("recording_requests_unread", pbx=self._pbx, fault=type(error).__name__)
                self._stop.wait(_IDLE_LOOK_EVERY_S)
            if closing:
                return
            self._wake.wait(_LOOK_EVERY_S if self._running else _IDLE_LOOK_EVERY_S)
            self._wake.clear()

    def _write_outcomes(self) -> None:
        with self._lock:
            outcomes = dict(self._outcomes)
        if not outcomes:
            return
        with self._database.transaction() as session:
            for id_, problem in outcomes.items():
                request = session.get(RecordingRequest, id_)
                if request is not None and request.done_at is None:
                    close(session, request, problem)
                    outcome = "done" if problem is None else "partly" if took_effect(request) else "failed"
                    metrics.recording_requests.labels(self._pbx, outcome).inc()
        with self._lock:
            for id_ in outcomes:
                self._outcomes.pop(id_, None)

    def _read(self) -> None:
        """Take new requests, refuse those that come to nothing, and resume what was muted for too long."""
        with self._database.transaction() as session:
            found = open_requests(session, self._pbx)
            running = []
            for request, call in found:
                problem = self._hopeless(request, call)
                if problem is None:
                    running.append(as_asked(request, call))
                else:
                    close(session, request, problem)
            muted = last_muted(session, {call_id(self._pbx, linked_id): linked_id for linked_id in self._running})
            self._resume_forgotten(session, muted, {asked.linked_id for asked in running})
        with self._lock:
            self._open = {asked.id: asked for asked in running if asked.id not in self._outcomes}
        self._muted = frozenset(muted)

    def _hopeless(self, request: RecordingRequest, call: Call) -> str | None:
        if call.state == CallState.ENDED:
            return problems.text(problems.CALL_OVER)
        late = (utc_now() - request.asked_at).total_seconds() > _MUTE_WITHIN_S
        if request.mute and late and request.id not in self._outcomes:
            return problems.text(problems.MUTE_TOO_LATE, seconds=f"{_MUTE_WITHIN_S:g}")
        return None

    def _resume_forgotten(self, session: Session, muted: Mapping[str, RecordingRequest], asked: set[str]) -> None:
        if not self._mute_at_most_s:
            return
        for linked_id, last in muted.items():
            muted_s = (utc_now() - (last.done_at or last.asked_at)).total_seconds()
            if muted_s > self._mute_at_most_s and linked_id not in asked:
                _log.warning("mute_forgotten", call=str(last.call_id), muted_s=round(muted_s))
                ask(session, last.call_id, mute=False, by=None)
                self._wake.set()


def recorded_channels(call: CallHistory) -> dict[str, int]:
    """The call's live channels that something records, by name, and how many recordings each has."""
    recordings = collections.Counter(monitor.uniqueid for monitor in call.monitors if monitor.ended_at is None)
    channels = ((call.channels.get(uniqueid), count) for uniqueid, count in recordings.items())
    return {channel.name: count for channel, count in channels if channel is not None and channel.live}


def mutes_all(version: str) -> bool:
    """Whether this Asterisk mutes every recording of a channel at once."""
    major = version.removeprefix("certified/").partition(".")[0]
    return major.isdigit() and int(major) >= _MUTES_ALL


def refusal(words: str, *, user: str) -> str:
    """A sentence for a person from the PBX's own words."""
    if "permission" in words.lower():
        return problems.text(problems.MAY_NOT_MUTE, user=user)
    if "no such channel" in words.lower():
        return problems.text(problems.CALL_OVER)
    return problems.text(problems.MUTE_REFUSED, reason=words or "?")
