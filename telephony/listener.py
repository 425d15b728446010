"""The supervisors of the PBXs: each keeps a connection alive, and turns what comes through it into journal and ledger.

The only place of this room that catches Exception: an error of ours must not end the listening. It is logged and counted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import random
import re
import threading
import time
from collections.abc import Iterator

from avasanj.database import Database
from avasanj.errors import SettingsError
from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import entrance, metrics, problems
from telephony.ami import ConnectionFault, ManagerConnection
from telephony.assembler import Assembler
from telephony.bookkeeper import Bookkeeper
from telephony.channels import Numbering
from telephony.event_names import KNOWN_EVENTS
from telephony.frames import Sieve
from telephony.journal import Journal
from telephony.pausing import Pauses
from telephony.privileges import Evidence, unread
from telephony.repair import Repairs
from telephony.segments import Damage
from telephony.session import OWN_EVENTS, Session
from telephony.standing import Standing
from telephony.unknown import Unknown

_log = get_logger(__name__)
_CLOSING_S = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Patience:
    """How long the supervisor waits for what. All in seconds."""

    first_retry_s: float = 0.5
    longest_retry_s: float = 30.0
    refused_retry_s: float = 15.0
    ping_every_s: float = 2.0
    ping_deadline_s: float = 4.0
    watch_every_s: float = 60.0
    checkpoint_every_s: float = 5.0


def run(settings: Settings, database: Database, stop: threading.Event, *, patience: Patience | None = None) -> None:
    """Follow every PBX that the settings name until `stop` is set. Raises SettingsError where they name none."""
    pbxs = settings.each_pbx()
    if not pbxs:
        raise SettingsError(
            "No PBX to listen to. Set AVASANJ_AMI_HOST and AVASANJ_AMI_SECRET, e.g. 192.0.2.10 and the secret in manager.conf."
        )
    listeners = [Listener(pbx, database, stop, patience=patience or Patience()) for pbx in pbxs]
    gc.collect()
    gc.freeze()  # what was imported stays anyway, and looking through it again and again held the reading up for 0.1 s each
    threads = [threading.Thread(target=one.run, name=f"listener-{one.pbx}") for one in listeners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def numbering_of(settings: Settings) -> Numbering:
    return Numbering(
        extension_digits=settings.local_extension_digits, inbound_contexts=tuple(settings.inbound_contexts)
    )


class Listener:
    """Of one PBX; `settings` are its own."""

    def __init__(self, settings: Settings, database: Database, stop: threading.Event, *, patience: Patience) -> None:
        self.pbx = settings.pbx_name
        self._settings = settings
        self._stop = stop
        self._patience = patience
        self._journal = Journal(settings.journal_dir / re.sub(r"[^\w.-]", "_", self.pbx))
        self._assembler = Assembler(pbx=self.pbx, numbering=numbering_of(settings), wrap_up_s=settings.queue_wrap_up_s)
        self._sieve = Sieve(self._assembler.looks() | dict.fromkeys(OWN_EVENTS, True))
        self._bookkeeper = Bookkeeper(settings, database, pbx=self.pbx)
        self._standing = Standing(self.pbx, self._bookkeeper)
        self._evidence = Evidence()
        self._unknown = Unknown(self.pbx, KNOWN_EVENTS)
        self._pauses = Pauses(
            database, pbx=self.pbx, mute_at_most_s=settings.mute_at_most_s, ami_user=settings.ami_user
        )
        self._repairs = Repairs(settings, database)
        self._heard_at = self._journal.written_at()
        self._was_connected = False
        self._attempts = 0

    def run(self) -> None:
        """Until told to stop: one connection after the other, each used until its first fault."""
        self._bookkeeper.start()
        self._pauses.start()
        self._repairs.start()
        try:
            with self._surviving("journal"):
                self._read_journal()
            while not self._stop.is_set():
                self._stop.wait(self._stay_away() if self._settings.ami_paused else self._one_connection())
        finally:
            self._standing.is_now("stopped")
            self._pauses.close()
            self._repairs.close()
            self._bookkeeper.close(wait_s=_CLOSING_S)
            with contextlib.suppress(OSError):
                self._bookkeeper.note_checkpoint(self._journal, self._assembler, needed=self._repairs.oldest())
            self._journal.close()

    def _stay_away(self) -> float:
        self._standing.is_now("paused", problems.text(problems.PAUSED))
        return self._patience.longest_retry_s

    def _one_connection(self) -> float:
        """Connect, log in, listen until something fails; return how long to wait before the next."""
        if not self._standing.state:
            self._standing.is_now("connecting")
        connection = ManagerConnection.to(self._settings, sieve=self._sieve)
        try:
            with self._surviving("listener"):
                self._listen(connection, entrance.enter(connection, self._settings))
        except entrance.Refused as refused:
            self._standing.fault(refused.state, refused.problem)
            return self._jitter(self._patience.refused_retry_s)
        except ConnectionFault as fault:
            text = entrance.explain(fault, connection, self._settings, was_connected=self._was_connected)
            self._standing.fault("lost" if self._was_connected else "connecting", text)
        finally:
            connection.disconnect()
        self._attempts += 1
        return self._jitter(
            min(self._patience.longest_retry_s, self._patience.first_retry_s * 2 ** min(self._attempts - 1, 10))
        )

    def _listen(self, connection: ManagerConnection, version: str | None) -> None:
        metrics.connects.labels(self.pbx).inc()
        self._tell_privileges(version)
        if self._was_connected:
            metrics.gaps.labels(self.pbx).inc()
        self._was_connected, self._attempts = True, 0
        self._pauses.begin(version)
        session = Session(
            connection,
            settings=self._settings,
            patience=self._patience,
            assembler=self._assembler,
            journal=self._journal,
            bookkeeper=self._bookkeeper,
            evidence=self._evidence,
            pauses=self._pauses,
            unknown=self._unknown,
            tell=self._tell_privileges,
            repairs=self._repairs,
            heard_at=self._heard_at,
            trouble=self._standing.trouble,
        )
        try:
            session.run(self._stop)
        finally:
            self._heard_at = session.heard_at

    def _tell_privileges(self, version: str | None = None) -> None:
        missing = self._evidence.missing
        problem = unread(missing, user=self._settings.ami_user).problem if missing else None
        self._standing.is_now("unprivileged" if missing else "connected", problem, version)

    def _read_journal(self) -> None:
        """Rebuild the calls that were open, or not yet in the database for good, when the last listener ended."""
        started = time.monotonic()
        since, settled = self._journal.checkpoint()
        if since is not None:
            self._assembler.resume(settled)
        for position, message in self._journal.read(since, on_damage=self._damaged):
            self._assembler.position = position
            with self._surviving("journal"):
                self._assembler.feed(message)
        if self._heard_at is not None:
            self._assembler.start_clock(self._heard_at)  # also where the checkpoint lies behind all that was heard
        self._bookkeeper.pass_over(settled)
        calls = self._assembler.changed()
        self._bookkeeper.submit(calls, self._assembler.activities_changed())
        self._repairs.touched(calls)
        if calls:
            _log.info("journal_read", pbx=self.pbx, calls=len(calls), took_s=round(time.monotonic() - started, 2))

    def _damaged(self, damage: Damage) -> None:
        if damage.torn:
            _log.info("journal_end_torn", pbx=self.pbx, segment=damage.segment, offset=damage.offset)
            return
        metrics.journal_damage.labels(self.pbx).inc()
        values = {"bytes": damage.bytes, "segment": damage.segment, "offset": damage.offset}
        self._standing.trouble("damage", problems.text(problems.DAMAGED, **values))

    @contextlib.contextmanager
    def _surviving(self, where: str) -> Iterator[None]:
        """An error of ours is logged and counted, and the listening goes on; what the PBX did is for the caller."""
        try:
            yield
        except (entrance.Refused, ConnectionFault):
            raise
        except Exception:  # noqa: BLE001 - the supervisor outlives errors of ours
            metrics.errors.labels(self.pbx, where).inc()
            _log.exception("listener_error", pbx=self.pbx, where=where)

    @staticmethod
    def _jitter(seconds: float) -> float:
        """Spread, so that many listeners don't come back at once."""
        return seconds * random.uniform(0.7, 1.3)  # noqa: S311
