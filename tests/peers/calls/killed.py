"""Records an Asterisk that is killed in mid-call and started again: `python -m tests.peers.calls.killed 22|16`.

Two connections' bytes one after the other, as a capture of both has them. A customer talks and another has just begun
to wait when kill -9 comes; after the restart the first one calls again.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time

from tests.peers import PeerMissing
from tests.peers.ami_tap import AmiTap
from tests.peers.asterisk import Asterisk
from tests.peers.calls.record import write
from tests.peers.calls.scene import SCENARIOS, Scene
from tests.peers.calls.stage import neutral
from tests.peers.sip import Exchange
from tests.streams.expected import Call, Expected

NAME = "killed_and_started_again"
_SCENARIO = SCENARIOS["queue_customer_ends"]


def main() -> int:
    """Record. 0 done, 1 a peer is missing, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.calls.killed", description=__doc__)
    parser.add_argument("version", type=int, choices=(16, 22))
    version = parser.parse_args().version
    try:
        raw, expected = played(version)
    except PeerMissing as peer:
        print(peer, file=sys.stderr)
        return 1
    write(f"{version}-{NAME}", raw, {NAME: expected})
    return 0


def played(version: int) -> tuple[bytes, Expected]:
    """Both connections' bytes, and what must be told of them."""
    with Asterisk(version=version, agents=_SCENARIO.agents(), queues=_SCENARIO.queue_config()) as pbx:
        with AmiTap(pbx) as tap, Exchange(pbx) as exchange:
            cut = _cut_off(Scene(_SCENARIO, exchange, tap, tap), pbx)
            before = tap.raw
        pbx.start()
        with AmiTap(pbx) as tap, Exchange(pbx) as exchange:
            back_at = time.time()
            again = _SCENARIO.play(Scene(_SCENARIO, exchange, tap, tap))
            tap.wait_quiet()
            raw = neutral(before + tap.raw, pbx)
    calls = [dataclasses.replace(call, gaps=((call.ended_at, back_at),)) for call in cut]
    return raw, Expected(tag=again.tag, calls=(*calls, *again.calls))


def _cut_off(scene: Scene, pbx: Asterisk) -> list[Call]:
    """One customer talks for 3 s, a second one calls, and at once the PBX is killed."""
    agent, called = scene.agent(), f"81{scene.tag}"
    first = scene.customer(1).dial(called)
    line = agent.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(3)
    second = scene.customer(2).dial(called)
    second.wait_answered()
    scene.event("QueueCallerJoin", Queue=scene.queue, CallerIDNum=second.phone.number)
    scene.wait(0.2)
    killed_at = time.time()
    pbx.kill()
    span = scene.span(agent, line.wait_answered(), killed_at, member=True)
    queued = {"called": called, "queue": scene.queue, "hung_up_by": "system", "ended_at": killed_at}
    return [
        scene.told(first, **queued, spans=[span]),
        scene.told(second, **queued, disposition="failed"),
    ]


if __name__ == "__main__":
    sys.exit(main())
