"""Calls heard while they run: the files that the PBX is writing are followed, and each turn stored once it was said.

Runs beside the speech queue's worker and uses its engine. A call is followed by one process, which holds a lock in the
database for it; calls whose page someone has open come first. The engine sees to it that finished calls are not held up by
running ones for longer than a set time.
"""

from __future__ import annotations

import contextlib
import datetime
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, selectinload

from avasanj.database import Database, utc_now
from avasanj.errors import AvasanjError
from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import tables as ledger
from telephony.locating import Ambiguous, OutsideFolders, locate
from telephony.storage import Folder, Storage, storages
from telephony.tables import CallState
from transcription import hot_words, live_turns, vad
from transcription.believing import Recognised
from transcription.clock import second_on_clock
from transcription.engine import LIVE, SpeechEngine
from transcription.following import Following
from transcription.growing import WrittenAnewError
from transcription.languages import set_language_of
from transcription.legs import Leg
from transcription.recogniser import Asked
from transcription.running import legs_now, on_file_clock
from transcription.tables import LiveTurn, Watch
from transcription.windows import Window, pack

#: how often growing files are looked at, and the database for calls: less often while there are none
_LOOK_S, _ASK_S, _IDLE_ASK_S = 0.5, 1.0, 3.0
#: an utterance that ends no later than this after what was heard already is heard already
_EDGE_S = 0.3
#: a page that was open this long ago still counts as watched
_WATCHED = datetime.timedelta(seconds=30)
#: first number of the database's lock for a followed call; the second is made from the call's id
_LOCK = 0x4156_4C56
_FOLLOWED = Gauge("avasanj_live_calls", "Running calls that are being transcribed.", multiprocess_mode="livesum")
_TURNS = Counter("avasanj_live_turns_total", "Turns that were stored while their call ran.")
_DELAY = Histogram(
    "avasanj_live_delay_seconds", "From the end of a turn to its words.", buckets=(1, 2, 3, 4, 6, 8, 12, 20, 60)
)
_UNFOLLOWED = Counter("avasanj_live_unfollowed_total", "Recordings that could not be followed while their call ran.")
_FAULTS = Counter("avasanj_live_faults_total", "Faults that were survived while running calls were heard.", ["where"])
_log = get_logger(__name__)


@dataclass
class _Leg:
    """One party's file, once it was found."""

    leg: Leg
    kept: str
    following: Following
    known_s: float  #: up to here it was heard before it was followed


@dataclass
class _Call:
    id: uuid.UUID
    started_at: datetime.datetime
    language: str
    hot_words: tuple[str, ...]
    mutes: list[list[float | None]] = field(default_factory=list)  #: as far as they were heeded
    legs: dict[str, _Leg] = field(default_factory=dict)  #: by the PBX's own path
    hopeless: set[str] = field(default_factory=set)  #: paths that can't be followed


@dataclass(frozen=True)
class _Awaited:
    call: _Call
    leg: Leg
    kept: str
    window: Window
    done: Future[Recognised]


def _folders(places: Sequence[Storage]) -> list[Storage]:
    return [place for place in places if isinstance(place, Folder)]


class LiveListener:
    """Follows running calls until told to stop."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        engine: SpeechEngine,
        speaking: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        """`speaking` is entered while the engine may be needed, so that its model stays in memory."""
        self._settings, self._database, self._engine, self._speaking = settings, database, engine, speaking
        #: by PBX, each with its own alone: two may give one name to two files. A file that grows is followed on this machine only
        self._places = {own.pbx_name: _folders(storages(own, own=True)) for own in settings.each_pbx()}
        self._all_places = _folders(storages(settings))
        self._calls: dict[uuid.UUID, _Call] = {}
        self._awaited: list[_Awaited] = []
        self._locks: Connection | None = None
        self._asked_s = float("-inf")

    def run(self, stop: Event) -> None:
        if not self._settings.live_calls:
            return
        try:
            while not stop.wait(_LOOK_S):
                try:
                    self._round()
                except DBAPIError:
                    _log.warning("database_away", remedy="running calls are heard again when it is back")
                    self._drop_all()
                except Exception:  # noqa: BLE001 - a fault in one call must not end the hearing of all that come
                    _FAULTS.labels("round").inc()
                    _log.exception("live_round_failed", remedy="the calls are taken up anew")
                    self._drop_all()
                    stop.wait(_IDLE_ASK_S)
        finally:
            self._drop_all()

    def _round(self) -> None:
        busy = bool(self._calls or self._awaited)
        if time.monotonic() - self._asked_s >= (_ASK_S if busy else _IDLE_ASK_S):
            self._asked_s = time.monotonic()
            self._choose()
        if not self._calls and not self._awaited:
            return
        with self._speaking():
            for call in self._calls.values():
                for one in call.legs.values():
                    self._listen(call, one)
            self._store()

    def _choose(self) -> None:
        """Bring what is followed in line with what runs: watched calls first, then those that have run longest."""
        with self._database.read() as session:
            fresh = Watch.seen_at > utc_now() - _WATCHED
            query = (
                select(ledger.Call)
                .outerjoin(Watch, (Watch.call_id == ledger.Call.id) & fresh)
                .where(ledger.Call.state == CallState.TALKING, ledger.Call.running.is_not(None))
                .order_by(Watch.call_id.is_(None), ledger.Call.answered_at, ledger.Call.id)
                .options(selectinload(ledger.Call.hold_spans))
            )
            wanted: dict[uuid.UUID, ledger.Call] = {}
            for row in session.scalars(query):
                if len(wanted) >= self._settings.live_calls:
                    break
                if row.id in self._calls or self._claimed(row.id):
                    wanted[row.id] = row
            for call_id in set(self._calls) - set(wanted):
                self._drop(call_id)
            for row in wanted.values():
                self._find(session, self._up_to_date(session, row), row)
        _FOLLOWED.set(len(self._calls))

    def _up_to_date(self, session: Session, row: ledger.Call) -> _Call:
        """The call as it is followed: from its beginning where its language is another one by now."""
        known, language = self._calls.get(row.id), set_language_of(self._settings, row)
        if known is not None and known.language != language:
            self._unhear(known)
        if known is None or known.language != language:
            hot = hot_words.chosen(session, language)
            known = self._calls[row.id] = _Call(row.id, row.started_at, language, hot)
        if known.mutes != row.mutes:
            known.mutes = row.mutes
            with self._database.transaction() as own:
                live_turns.forget_muted(own, row.id)
        return known

    def _unhear(self, call: _Call, kept: str | None = None) -> None:
        """What was heard of the call, or of one of its files, is not so."""
        self._awaited = [one for one in self._awaited if one.call is not call or kept not in (None, one.kept)]
        with self._database.transaction() as session:
            live_turns.forget(session, call.id, file=kept)

    def _find(self, session: Session, call: _Call, row: ledger.Call) -> None:
        """Open the call's files that are there by now, and bring holds and mutes up to date."""
        for leg in legs_now(row):
            known = call.legs.get(leg.kept)
            if known is not None:
                known.leg = leg
            elif leg.kept not in call.hopeless:
                with self._unfollowable(call, leg.kept):
                    places = self._places.get(row.pbx or "", self._all_places)
                    located = locate(leg.kept, places, not_before=call.started_at.timestamp())
                    if located is None:
                        continue
                    path = Path(located.place.at_hand(located.kept))
                    following = Following(path, channel=leg.channel, detect=vad.speech)
                    known_s = live_turns.heard_until_s(session, call.id, located.kept, self._engine)
                    call.legs[leg.kept] = _Leg(leg=leg, kept=located.kept, following=following, known_s=known_s)

    def _listen(self, call: _Call, one: _Leg) -> None:
        if one.leg.kept in call.hopeless:
            return
        with self._unfollowable(call, one.leg.kept):
            quiet = on_file_clock(one.leg, (*one.leg.masked, *one.leg.muted))
            for window in pack_each(one.following, quiet):
                if window.placed[-1].span.end_s <= one.known_s + _EDGE_S:
                    continue
                asked = Asked(window=window, language=call.language, hot_words=call.hot_words)
                done = self._engine.submit(asked, urgency=LIVE)
                self._awaited.append(_Awaited(call, one.leg, one.kept, window, done))

    def _store(self) -> None:
        ready = [one for one in self._awaited if one.done.done()]
        self._awaited = [one for one in self._awaited if not one.done.done()]
        rows: list[LiveTurn] = []
        for one in ready:
            try:
                result = one.done.result()
            except Exception as error:  # noqa: BLE001 - it is this window's alone; the call's transcript comes later
                _FAULTS.labels("window").inc()
                _log.warning("live_not_heard", call=str(one.call.id), reason=_reason(error))
                continue
            rows += live_turns.turns_of(one.call.id, one.leg, one.kept, one.window, result, self._engine)
            said_at = one.call.started_at + datetime.timedelta(
                seconds=second_on_clock(one.window.placed[-1].span.end_s, start_s=one.leg.start_s, cuts=one.leg.cuts)
            )
            _DELAY.observe(max(0.0, (utc_now() - said_at).total_seconds()))
        if rows:
            with self._database.transaction() as session:
                live_turns.keep(session, rows)
            _TURNS.inc(len(rows))

    @contextlib.contextmanager
    def _unfollowable(self, call: _Call, path: str) -> Iterator[None]:
        """What can't be followed is told once, and heard when the call is over."""
        try:
            yield
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001 - a file that nobody foresaw must not end the hearing of other calls
            call.hopeless.add(path)
            _UNFOLLOWED.inc()
            _log.warning("live_not_followed", call=str(call.id), reason=_reason(error))
            if isinstance(error, WrittenAnewError) and path in call.legs:
                self._unhear(call, call.legs[path].kept)

    def _claimed(self, call_id: uuid.UUID) -> bool:
        """Whether no other process follows the call; from now on none will."""
        if self._locks is None:
            self._locks = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return bool(self._locks.scalar(_CLAIM, {"lock": _LOCK, "call": _number(call_id)}))

    def _drop(self, call_id: uuid.UUID) -> None:
        del self._calls[call_id]
        if self._locks is not None:
            self._locks.execute(_RELEASE, {"lock": _LOCK, "call": _number(call_id)})

    def _drop_all(self) -> None:
        self._calls.clear()
        self._awaited.clear()
        _FOLLOWED.set(0)
        if self._locks is not None:
            with contextlib.suppress(DBAPIError):
                self._locks.invalidate()  # the server lets the locks go with the connection
                self._locks.close()
            self._locks = None


_CLAIM = text("select pg_try_advisory_lock(:lock, :call)")
_RELEASE = text("select pg_advisory_unlock(:lock, :call)")


def _number(call_id: uuid.UUID) -> int:
    """32 bits with a sign, as the lock takes them; two calls with one number are followed one after the other."""
    return int.from_bytes(call_id.bytes[:4], "big", signed=True)


def _reason(error: Exception) -> str:
    known = isinstance(error, (AvasanjError, OSError, OutsideFolders, Ambiguous))
    return (str(error) if known else "") or type(error).__name__


def pack_each(following: Following, quiet: Sequence[tuple[float, float]]) -> Iterator[Window]:
    """A window for each utterance that came to its end: nobody waits for a fuller one."""
    for utterance in following.look(quiet):
        yield from pack([utterance])
