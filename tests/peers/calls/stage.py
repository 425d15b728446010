"""An Asterisk with everything that the scenarios need, and the way to play them on it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
from collections.abc import Iterator, Sequence

from tests.peers.ami_tap import AmiTap
from tests.peers.asterisk import Asterisk
from tests.peers.calls import (
    agents,
    direct,
    features,
    originated,
    queues,
    ringing,
    sent_on,
    transfers,
    twists,
    unusual,
)
from tests.peers.calls.scene import SCENARIOS, Scenario, Scene
from tests.peers.sip import Exchange
from tests.streams.expected import Expected

__all__ = [
    "SCENARIOS",
    "Stage",
    "agents",
    "direct",
    "features",
    "originated",
    "queues",
    "ringing",
    "sent_on",
    "transfers",
    "twists",
    "unusual",
]
_LIMIT_S = 90.0


class PbxHung(RuntimeError):  # noqa: N818  # what the PBX did, not an error of the code
    """Asterisk itself came to a stop (a deadlock of its own, seen once in some twenty evenings): nothing can be said of the ledger."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Played:
    """How a scenario went: what must be told of it, or why it failed."""

    expected: Expected | None
    problem: BaseException | None = None


class Stage:
    """An Asterisk with all the phones and queues, and one connection for actions."""

    def __init__(self, pbx: Asterisk, exchange: Exchange, control: AmiTap) -> None:
        self.pbx = pbx
        self._exchange = exchange
        self._control = control

    def phones_were_late_s(self) -> float:
        """By how much the phones' latest packet since the last question was late: on a busy machine nobody speaks in time."""
        late_s, self._exchange.mixer.late_s = self._exchange.mixer.late_s, 0.0
        return late_s

    @classmethod
    @contextlib.contextmanager
    def ready(cls, version: int, scenarios: Sequence[Scenario] | None = None) -> Iterator[Stage]:
        """Start it for these scenarios, or for all; `PeerMissing` where this machine can't."""
        chosen = list(SCENARIOS.values()) if scenarios is None else scenarios
        pbx = Asterisk(
            version=version,
            agents=[agent for scenario in chosen for agent in scenario.agents()],
            queues="\n\n".join(scenario.queue_config() for scenario in chosen),
        )
        with pbx, AmiTap(pbx) as control, Exchange(pbx) as exchange:
            control.action("Events", EventMask="off")
            yield cls(pbx, exchange, control)

    def play(self, scenario: Scenario, tap: AmiTap) -> Played:
        """One scenario, now."""
        scene = Scene(scenario, self._exchange, tap, self._control)
        try:
            return Played(expected=scenario.play(scene))
        except Exception as error:
            hung = not self._exchange.check()
            scene.give_up()
            if hung:
                return Played(expected=None, problem=PbxHung(f"Asterisk {self.pbx.version} answers no more: {error}"))
            return Played(expected=None, problem=error)

    def play_all(self, scenarios: Sequence[Scenario], tap: AmiTap) -> dict[str, Played]:
        """All of them side by side; one that is not over after 90 s is reported as such."""
        played: dict[str, Played] = {}

        def run(scenario: Scenario) -> None:
            played[scenario.name] = self.play(scenario, tap)

        threads = [
            threading.Thread(target=run, args=(scenario,), name=scenario.name, daemon=True) for scenario in scenarios
        ]
        # A few at a time: a hundred calls in the same moment are a storm of their own, and not what is tried here.
        for index, thread in enumerate(threads):
            thread.start()
            if index % 4 == 3:
                threading.Event().wait(0.5)
        for thread in threads:
            thread.join(_LIMIT_S)
        late = TimeoutError(f"not over after {_LIMIT_S} s")
        return {scenario.name: played.get(scenario.name, Played(expected=None, problem=late)) for scenario in scenarios}


def neutral(raw: bytes, pbx: Asterisk) -> bytes:
    """A stream without this machine's paths; a short folder of Asterisk's usual kind takes their place."""
    monitor = str(pbx.recordings_dir).encode()
    raw = raw.replace(monitor, b"/var/spool/asterisk/monitor").replace(str(pbx.run_dir).encode(), b"/var")
    return raw.replace(os.fsencode(f"/runs/{pbx.run_dir.name}"), b"/var")
