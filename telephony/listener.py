"""The supervisor of one PBX: keeps a connection alive, and turns what comes through it into journal and ledger.

The only place of this room that catches Exception: an error of ours must not end the listening. It is logged and counted.
"""

from __future__ import annotations

import dataclasses
import random
import re
import threading
import time

from avasanj.database import Database
from avasanj.errors import SettingsError
from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import metrics, problems
from telephony.ami import ActionRefused, ConnectionFault, ManagerConnection
from telephony.assembler import Assembler
from telephony.bookkeeper import Bookkeeper
from telephony.channels import Numbering
from telephony.journal import Journal
from telephony.pausing import Pauses
from telephony.privileges import Evidence, Lack, lacking_actions, lacking_events, unread
from telephony.session import Session

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


def run(settings: Settings, database: Database, stop: threading.Event, *, patience: Patience | None = None) -> None:
    """Follow the PBX named in the settings until `stop` is set. Raises SettingsError where none is."""
    if settings.ami_host is None or settings.ami_secret is None:
        raise SettingsError(
            "No PBX to listen to. Set AVASANJ_AMI_HOST and AVASANJ_AMI_SECRET, e.g. 192.0.2.10 and the secret in manager.conf."
        )
    Listener(settings, database, stop, patience=patience or Patience()).run()


def numbering_of(settings: Settings) -> Numbering:
    return Numbering(
        extension_digits=settings.local_extension_digits, inbound_contexts=tuple(settings.inbound_contexts)
    )


class Unprivileged(Exception):  # noqa: N818
    """The log-in worked and is of no use. `lack` says why."""

    def __init__(self, lack: Lack) -> None:
        super().__init__(lack.problem)
        self.lack = lack


class Refused(Exception):  # noqa: N818
    """The log-in was refused."""


class Listener:
    def __init__(self, settings: Settings, database: Database, stop: threading.Event, *, patience: Patience) -> None:
        self._settings = settings
        self._stop = stop
        self._patience = patience
        self._pbx = settings.pbx_name
        self._journal = Journal(settings.journal_dir / re.sub(r"[^\w.-]", "_", self._pbx))
        self._assembler = Assembler(pbx=self._pbx, numbering=numbering_of(settings))
        self._bookkeeper = Bookkeeper(settings, database, pbx=self._pbx)
        self._evidence = Evidence()
        self._pauses = Pauses(
            database, pbx=self._pbx, mute_at_most_s=settings.mute_at_most_s, ami_user=settings.ami_user
        )
        self._was_connected = False
        self._state = ""
        self._detail: str | None = None
        self._attempts = 0

    def run(self) -> None:
        """Until told to stop: one connection after the other, each used until its first fault."""
        self._bookkeeper.start()
        self._pauses.start()
        try:
            self._read_journal()
            while not self._stop.is_set():
                self._stop.wait(self._one_connection())
        finally:
            self._tell("stopped", None)
            self._pauses.close()
            self._bookkeeper.close(wait_s=_CLOSING_S)
            self._note_checkpoint()
            self._journal.close()
            metrics.connected.labels(self._pbx).set(0)

    def _one_connection(self) -> float:
        """Connect, log in, listen until something fails; return how long to wait before the next."""
        if self._state not in ("refused", "unprivileged", "lost"):
            self._tell("connecting", self._detail)
        assert self._settings.ami_host is not None
        connection = ManagerConnection(self._settings.ami_host, self._settings.ami_port)
        try:
            self._log_in(connection)
            version = self._check_privileges(connection)
            self._listen(connection, version)
        except Refused:
            self._fault("refused", problems.text(problems.REFUSED, user=self._settings.ami_user))
            return self._jitter(self._patience.refused_retry_s)
        except Unprivileged as fault:
            self._fault("unprivileged", fault.lack.problem)
            return self._jitter(self._patience.refused_retry_s)
        except ConnectionFault as fault:
            self._fault("lost" if self._was_connected else "connecting", self._connection_problem(connection, fault))
        except Exception:  # noqa: BLE001 - the supervisor outlives errors of ours
            metrics.errors.labels(self._pbx, "listener").inc()
            _log.exception("listener_error", pbx=self._pbx)
        finally:
            connection.disconnect()
            metrics.connected.labels(self._pbx).set(0)
        self._attempts += 1
        return self._jitter(
            min(self._patience.longest_retry_s, self._patience.first_retry_s * 2 ** min(self._attempts - 1, 10))
        )

    def _log_in(self, connection: ManagerConnection) -> None:
        connection.connect()
        assert self._settings.ami_secret is not None
        try:
            secret = self._settings.ami_secret.get_secret_value()
            connection.request("Login", {"Username": self._settings.ami_user, "Secret": secret, "Events": "on"})
        except ActionRefused as refusal:
            raise Refused from refusal
        metrics.connects.labels(self._pbx).inc()

    def _check_privileges(self, connection: ManagerConnection) -> str | None:
        """Raise Unprivileged where the user can't do what is needed; return the PBX's version where it tells."""
        user = self._settings.ami_user
        allowed = connection.request("ListCommands").fields
        lack = lacking_actions(allowed, user=user, recording=self._settings.record_calls)
        if lack is None and "Command" in allowed:
            lack = lacking_events(
                connection.request("Command", {"Command": f"manager show user {user}"}).all("Output"), user=user
            )
        if lack is not None:
            raise Unprivileged(lack)
        return connection.request("CoreSettings").get("AsteriskVersion") if "CoreSettings" in allowed else None

    def _listen(self, connection: ManagerConnection, version: str | None) -> None:
        if self._evidence.missing:
            self._tell("unprivileged", unread(self._evidence.missing, user=self._settings.ami_user).problem, version)
        else:
            self._tell("connected", None, version)
        if self._was_connected:
            metrics.gaps.labels(self._pbx).inc()
        self._was_connected, self._attempts = True, 0
        metrics.connected.labels(self._pbx).set(1)
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
            tell=self._tell,
        )
        session.run(self._stop)

    def _connection_problem(self, connection: ManagerConnection, fault: ConnectionFault) -> str:
        address = f"{self._settings.ami_host}:{self._settings.ami_port}"
        if connection.spoke_otherwise:
            return problems.text(problems.NOT_ASTERISK, address=address)
        if self._was_connected:
            return problems.text(problems.LOST, fault=fault)
        return problems.text(problems.UNREACHABLE, address=address, fault=fault)

    def _fault(self, state: str, detail: str) -> None:
        metrics.faults.labels(self._pbx, state).inc()
        if (state, detail) != (self._state, self._detail):
            _log.warning("pbx_fault", pbx=self._pbx, state=state, remedy=detail)
        self._tell(state, detail)

    def _tell(self, state: str, detail: str | None, version: str | None = None) -> None:
        if (state, detail) == (self._state, self._detail) and version is None:
            return
        if state != self._state:
            _log.info("pbx_state", pbx=self._pbx, state=state)
        self._state, self._detail = state, detail
        self._bookkeeper.tell_state(state, detail, version)

    def _read_journal(self) -> None:
        """Rebuild the calls that were open, or not yet in the database for good, when the last listener ended."""
        started = time.monotonic()
        for position, message in self._journal.read(self._journal.checkpoint()[0]):
            self._assembler.position = position
            self._assembler.feed(message)
        calls = self._assembler.changed()
        self._bookkeeper.submit(calls)
        if calls:
            _log.info("journal_read", pbx=self._pbx, calls=len(calls), took_s=round(time.monotonic() - started, 2))

    def _note_checkpoint(self) -> None:
        places = [
            place for place in (self._assembler.oldest(), self._bookkeeper.oldest_unsettled()) if place is not None
        ]
        try:
            self._journal.set_checkpoint(min(places, default=self._journal.end()))
        except OSError:
            metrics.journal_faults.labels(self._pbx).inc()

    @staticmethod
    def _jitter(seconds: float) -> float:
        """Spread, so that many listeners don't come back at once."""
        return seconds * random.uniform(0.7, 1.3)  # noqa: S311
