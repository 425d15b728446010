"""What a scenario plays with, and how it tells what it did."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable

from tests.peers.ami_tap import AmiTap, Message
from tests.peers.asterisk import AgentLine
from tests.peers.sip import Call as SipCall
from tests.peers.sip import Exchange, Phone, PhoneError
from tests.streams.expected import Activity, Call, Expected, Span, Transfer

BOTH = ("agent", "customer")
_NAMES = ("سارا", "Reza", "نگار‌السادات")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenario:
    """A scenario and the queues that it needs: letter to the members' places (1–3)."""

    name: str
    play: Callable[[Scene], Expected]
    what: str
    queues: dict[str, tuple[int, ...]]
    ring_s: int
    wrap_s: int
    strategy: str
    member: str  #: how a member is written: an interface with {number} in it
    number: int = 0

    @property
    def tag(self) -> str:
        return f"{self.number:02}"

    def agents(self) -> list[AgentLine]:
        """The phones of this scenario."""
        return [
            AgentLine(
                number=f"1{self.tag}{place}",
                name=self.name_of(place),
                in_support=False,
                context="from-internal",
                group=self.tag,
            )
            for place in (1, 2, 3)
        ]

    def name_of(self, place: int) -> str:
        return f"{_NAMES[place - 1]} {self.tag}"

    def queue_config(self) -> str:
        """Its part of queues.conf."""
        parts = []
        for letter, places in self.queues.items():
            lines = [f"[q{self.tag}{letter}](ringing)", f"timeout = {self.ring_s}", f"wrapuptime = {self.wrap_s}"]
            lines += [f"strategy = {self.strategy}", "context = queue-exit"]
            for place in places:
                number = f"1{self.tag}{place}"
                lines.append(f"member => {self.member.format(number=number)},0,{self.name_of(place)},PJSIP/{number}")
            parts.append("\n".join(lines))
        return "\n\n".join(parts)


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    *,
    queues: dict[str, tuple[int, ...]] | None = None,
    ring_s: int = 15,
    wrap_s: int = 0,
    strategy: str = "rrmemory",
    member: str = "PJSIP/{number}",
) -> Callable[[Callable[[Scene], Expected]], Callable[[Scene], Expected]]:
    """Enter a function into `SCENARIOS`; its number follows from its place there."""

    def enter(play: Callable[[Scene], Expected]) -> Callable[[Scene], Expected]:
        SCENARIOS[play.__name__] = Scenario(
            name=play.__name__,
            play=play,
            what=(play.__doc__ or "").strip(),
            queues={"a": (1,)} if queues is None else queues,
            ring_s=ring_s,
            wrap_s=wrap_s,
            strategy=strategy,
            member=member,
            number=len(SCENARIOS) + 1,
        )
        return play

    return enter


class Scene:
    """One scenario's phones, on an Asterisk that others may share."""

    def __init__(self, scenario: Scenario, exchange: Exchange, tap: AmiTap, control: AmiTap) -> None:
        """`tap` hears everything; actions go through `control`, whose answers are in no stream."""
        self.scenario = scenario
        self.tag = scenario.tag
        self.queue, self.second_queue = f"q{self.tag}a", f"q{self.tag}b"
        self._exchange = exchange
        self._tap = tap
        self._control = control
        self._phones: list[Phone] = []

    def agent(self, place: int = 1) -> Phone:
        """A registered phone: 1NN1, 1NN2 or 1NN3."""
        return self._phone(f"1{self.tag}{place}", name=self.scenario.name_of(place))

    def customer(self, place: int = 1) -> Phone:
        """A phone behind the trunk that calls."""
        return self._phone(f"0215550{self.tag}0{place}", name="مینا رضایی", outside=True)

    def callee(self, place: int = 1) -> Phone:
        """A phone behind the trunk that is called."""
        return self._phone(f"0912333{self.tag}0{place}", outside=True)

    def behind_trunk(self, phone: Phone) -> str:
        """What an Originate calls to reach a phone behind the trunk."""
        return f"PJSIP/trunk/sip:{phone.number}@127.0.0.2:{self._exchange.pbx.trunk_port}"

    def _phone(self, number: str, *, name: str | None = None, outside: bool = False) -> Phone:
        phone = self._exchange.phone(number, name=name, outside=outside)
        self._phones.append(phone)
        return phone

    def give_up(self) -> None:
        """End every call of this scenario's phones."""
        for call in [call for phone in self._phones for call in phone.calls]:
            with contextlib.suppress(PhoneError):
                call.drop()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def action(self, name: str, **headers: str) -> float:
        """Send an action to the manager; the moment at which it was sent."""
        at = time.time()
        response = self._control.action(name, **headers)
        if response.get("Response") != "Success":
            raise RuntimeError(f"Scenario {self.scenario.name}: {name} was refused: {response}")
        return at

    def event(self, name: str, **headers: str) -> Message:
        """The first event of this name with these headers."""
        return self._tap.event(name, **headers)

    def queue_channels(self) -> tuple[str, str]:
        """Customer's and agent's channel of the call that the first queue connected."""
        event = self.event("AgentConnect", Queue=self.queue)
        return event["Channel"], event["DestChannel"]

    def span(self, phone: Phone, start_at: float, end_at: float, *, hold_s: float = 0.0, member: bool = False) -> Span:
        """An agent's time with the customer. `member`: of the queue that connected them, so that the name is known."""
        name = phone.name if member else None
        return Span(agent=f"PJSIP/{phone.number}", start_at=start_at, end_at=end_at, hold_s=hold_s, name=name)

    def expected(self, *calls: Call, activities: Iterable[Activity] = ()) -> Expected:
        return Expected(tag=self.tag, calls=calls, activities=tuple(activities))

    def told(
        self,
        call: SipCall,
        *,
        called: str,
        hung_up_by: str,
        spans: Iterable[Span] = (),
        transfers: Iterable[Transfer] = (),
        direction: str = "inbound",
        disposition: str = "answered",
        queue: str | None = None,
        queued_at: float | None = None,
        started_at: float | None = None,
        waited_until: float | None = None,
        ended_at: float | None = None,
        holds: int = 0,
        recorded: tuple[str, ...] = BOTH,
        caller: str | None = None,
        mutes: Iterable[tuple[float, float]] = (),
    ) -> Call:
        """What `call`, the phone's that began it, must look like; waits for its end. A call to a queue is in it at once by default.

        `holds` counts either side's; `hold_s`, of the spans and of the call, is what agents held.
        """
        spans = tuple(spans)
        start = call.started_at if started_at is None else started_at
        queued = start if queue is not None and queued_at is None else queued_at
        end = call.wait_ended() if ended_at is None else ended_at
        answered = spans[0].start_at if spans else None
        waited = answered if answered is not None else end if waited_until is None else waited_until
        hold_s = sum(span.hold_s for span in spans)
        return Call(
            direction=direction,
            caller=call.phone.number if caller is None else caller,
            called=called,
            queue=queue,
            disposition=disposition,
            started_at=start,
            queued_at=queued,
            answered_at=answered,
            ended_at=end,
            wait_s=waited - (start if queued is None else queued),
            talk_s=_covered(spans) - hold_s if spans else None,
            hold_s=hold_s,
            holds=holds,
            hung_up_by=hung_up_by,
            spans=spans,
            transfers=tuple(transfers),
            mutes=tuple(mutes),
            recorded=recorded if spans else (),
        )


def ringing(phone: Phone, call: SipCall) -> Activity:
    """That the phone rang, as a queue's member."""
    assert call.ringing_at is not None
    to_at = call.answered_at or call.ended_at
    return Activity(agent=phone.number, state="ringing", from_at=call.ringing_at, to_at=to_at)


def talking(phone: Phone, from_at: float, to_at: float) -> Activity:
    return Activity(agent=phone.number, state="talking", from_at=from_at, to_at=to_at)


def _covered(spans: tuple[Span, ...]) -> float:
    """Seconds in which at least one agent was there."""
    total, reached = 0.0, 0.0
    for span in sorted(spans, key=lambda span: span.start_at):
        total += max(0.0, span.end_at - max(span.start_at, reached))
        reached = max(reached, span.end_at)
    return total
