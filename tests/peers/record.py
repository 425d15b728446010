"""Records what Asterisk says on the manager connection while a known call happens: `python -m tests.peers.record NAME… | all`.

Each scenario writes `tests/streams/22-NAME.txt`: the raw bytes from Asterisk, nothing that was sent to it, so no secret.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.peers import PeerMissing, sounds
from tests.peers.ami_tap import AmiTap
from tests.peers.asterisk import QUEUE_RECORDED_WHOLE, QUEUE_SHORT, QUEUE_SUPPORT, QUEUE_UNRECORDED, Asterisk
from tests.peers.calls.listing import write_readme
from tests.peers.phones import BaresipAgent, SipCallee, SipCaller

STREAMS = Path(__file__).parents[1] / "streams"
SIZE_LIMIT_BYTES = 150_000


class Stage:
    """What a scenario plays with: a new Asterisk, a tap that is logged in, and something for each side to say."""

    def __init__(self, pbx: Asterisk, tap: AmiTap, folder: Path) -> None:
        self.pbx = pbx
        self.tap = tap
        self.customer_says = sounds.tone(folder / "customer.wav", pitch_hz=440, length_s=60)
        self.agent_says = sounds.tone(folder / "agent.wav", pitch_hz=880, length_s=60)

    def customer(
        self, dials: str, *, hang_up_after_s: float | None = None, cancel_after_s: float | None = None
    ) -> SipCaller:
        """The customer's phone, with a Persian name."""
        return SipCaller(
            self.pbx,
            dials,
            number="02155501234",
            name="مینا رضایی",
            says=self.customer_says,
            hang_up_after_s=hang_up_after_s,
            cancel_after_s=cancel_after_s,
        )

    def agent(
        self,
        number: str = "1001",
        *,
        answer_after_s: float | None = 1.0,
        hang_up_after_s: float | None = None,
        reject: bool = False,
    ) -> BaresipAgent:
        """An agent's phone."""
        return BaresipAgent(
            self.pbx,
            number,
            says=self.agent_says,
            answer_after_s=answer_after_s,
            hang_up_after_s=hang_up_after_s,
            reject=reject,
        )


def answered_agent_hangup(stage: Stage) -> None:
    """A call to queue `support`, answered after 2 s; after 8 s the agent hangs up."""
    with stage.agent(answer_after_s=2, hang_up_after_s=8), stage.customer(QUEUE_SUPPORT) as customer:
        customer.wait()
        stage.tap.wait_quiet()


def answered_customer_hangup(stage: Stage) -> None:
    """A call to queue `support`, answered after 2 s; after another 6 s the customer hangs up."""
    with stage.agent(answer_after_s=2), stage.customer(QUEUE_SUPPORT, hang_up_after_s=8) as customer:
        customer.wait()
        stage.tap.wait_quiet()


def abandon(stage: Stage) -> None:
    """A call to queue `support`; the agent's phone rings and the customer hangs up after 5 s."""
    with stage.agent(answer_after_s=None), stage.customer(QUEUE_SUPPORT, hang_up_after_s=5) as customer:
        customer.wait()
        stage.tap.wait_quiet()


def qtimeout(stage: Stage) -> None:
    """A call to queue `shortq`; nobody answers, and the queue gives up after 6 s."""
    with stage.agent(answer_after_s=None), stage.customer(QUEUE_SHORT) as customer:
        customer.wait()
        stage.tap.wait_quiet()


def rna(stage: Stage) -> None:
    """A call to queue `support`; the agent's phone rings out (6 s), rings again and is answered; 5 s later the agent hangs up."""
    with stage.agent(answer_after_s=None, hang_up_after_s=5) as agent, stage.customer(QUEUE_SUPPORT) as customer:
        agent.wait_for("CALL_CLOSED")
        agent.answer_after_s = 1
        customer.wait()
        stage.tap.wait_quiet()


def reject(stage: Stage) -> None:
    """A call to queue `support`; the agent refuses once, the next ringing is let ring, and the customer hangs up after 6 s."""
    with (
        stage.agent(answer_after_s=1, reject=True) as agent,
        stage.customer(QUEUE_SUPPORT, hang_up_after_s=6) as customer,
    ):
        agent.wait_for("CALL_CLOSED")
        agent.reject_calls, agent.answer_after_s = False, None
        customer.wait()
        stage.tap.wait_quiet()


def hold(stage: Stage) -> None:
    """A call to queue `support`; 4 s into it the agent holds, 4 s later resumes, 3 s later hangs up."""
    with stage.agent() as agent, stage.customer(QUEUE_SUPPORT) as customer:
        agent.wait_for("CALL_ESTABLISHED")
        time.sleep(4)
        agent.hold()
        time.sleep(4)
        agent.resume()
        time.sleep(3)
        agent.hang_up()
        customer.wait()
        stage.tap.wait_quiet()


def direct(stage: Stage) -> None:
    """A call to the agent's own number 1001, without a queue: rings 2 s, 6 s of talk, the agent hangs up."""
    with stage.agent(answer_after_s=2, hang_up_after_s=6), stage.customer("1001") as customer:
        customer.wait()
        stage.tap.wait_quiet()


def direct_abandon(stage: Stage) -> None:
    """A call to 1001 that nobody answers; the customer gives up after 4 s of ringing."""
    with stage.agent(answer_after_s=None), stage.customer("1001", cancel_after_s=4) as customer:
        customer.wait()
        stage.tap.wait_quiet()


def direct_busy(stage: Stage) -> None:
    """A call to 1001, who refuses it after 1 s."""
    with stage.agent(answer_after_s=1, reject=True), stage.customer("1001") as customer:
        customer.wait()
        stage.tap.wait_quiet()


def blind_sip(stage: Stage) -> None:
    """A call to queue `support`; after 4 s the agent sends it to 1002 (REFER), who answers; 5 s later the second agent hangs up."""
    with stage.agent() as first, stage.agent("1002", hang_up_after_s=5), stage.customer(QUEUE_SUPPORT) as customer:
        first.wait_for("CALL_ESTABLISHED")
        time.sleep(4)
        first.transfer("1002")
        customer.wait()
        stage.tap.wait_quiet()


def blind_ami(stage: Stage) -> None:
    """As blind_sip, but the transfer is done by the manager's action BlindTransfer."""
    with stage.agent() as first, stage.agent("1002", hang_up_after_s=5), stage.customer(QUEUE_SUPPORT) as customer:
        first.wait_for("CALL_ESTABLISHED")
        connect = stage.tap.event("AgentConnect")
        time.sleep(4)
        stage.tap.action("BlindTransfer", Channel=connect["DestChannel"], Context="from-agent", Exten="1002")
        customer.wait()
        stage.tap.wait_quiet()


def outbound(stage: Stage) -> None:
    """The agent calls the customer 02155505678, who answers after 2 s and hangs up after 6 s. Recorded on the agent's channel."""
    callee = SipCallee(stage.pbx, says=stage.customer_says, ring_s=2, hang_up_after_s=6)
    with stage.agent() as agent, callee as customer:
        agent.dial("02155505678")
        customer.wait()
        stage.tap.wait_quiet()


def waiting_recorded(stage: Stage) -> None:
    """As answered_customer_hangup, but recorded from the first second on, waiting included (MixMonitor without b)."""
    with stage.agent(answer_after_s=3), stage.customer(QUEUE_RECORDED_WHOLE, hang_up_after_s=8) as customer:
        customer.wait()
        stage.tap.wait_quiet()


def ami_mixmonitor(stage: Stage) -> None:
    """A call that the dialplan does not record; at AgentConnect the manager's action MixMonitor starts a recording per leg."""
    with stage.agent(answer_after_s=2), stage.customer(QUEUE_UNRECORDED, hang_up_after_s=8) as customer:
        connect = stage.tap.event("AgentConnect")
        name = connect["Uniqueid"]
        stage.tap.action(
            "MixMonitor",
            Channel=connect["Channel"],
            File=f"{name}.wav",
            Options=f"r({name}-r.wav)t({name}-t.wav)",
        )
        customer.wait()
        stage.tap.wait_quiet()


SCENARIOS: dict[str, Callable[[Stage], None]] = {
    scenario.__name__: scenario
    for scenario in (
        answered_agent_hangup,
        answered_customer_hangup,
        abandon,
        qtimeout,
        rna,
        reject,
        hold,
        direct,
        direct_abandon,
        direct_busy,
        blind_sip,
        blind_ami,
        outbound,
        waiting_recorded,
        ami_mixmonitor,
    )
}


def record(name: str) -> bytes:
    """Play a scenario on an Asterisk of its own and return what the manager connection said."""
    with (
        tempfile.TemporaryDirectory(prefix="avasanj-record-") as folder,
        Asterisk(ring_s=6) as pbx,
        AmiTap(pbx) as tap,
    ):
        SCENARIOS[name](Stage(pbx, tap, Path(folder)))
        # The machine's own paths are nobody's business; a short folder of Asterisk's usual kind takes their place.
        return tap.raw.replace(str(pbx.recordings_dir).encode(), b"/var/spool/asterisk/monitor")


def main() -> int:
    """Record the named scenarios. 0 done, 1 a peer is missing or a stream is too long, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers.record", description=__doc__)
    parser.add_argument(
        "names", nargs="+", choices=[*SCENARIOS, "all"], metavar="NAME", help=f"{', '.join(SCENARIOS)} or all"
    )
    names = list(SCENARIOS) if "all" in (asked := parser.parse_args().names) else asked
    STREAMS.mkdir(exist_ok=True)
    for name in names:
        try:
            data = record(name)
        except PeerMissing as peer:
            print(peer, file=sys.stderr)
            return 1
        if len(data) > SIZE_LIMIT_BYTES:
            print(f"{name}: {len(data)} bytes are more than {SIZE_LIMIT_BYTES}; nothing written.", file=sys.stderr)
            return 1
        (STREAMS / f"22-{name}.txt").write_bytes(data)
        write_readme()
        print(f"{name}: {len(data)} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
