"""Calls that the PBX begins of itself (Originate): through a Local channel, with the customer's number shown, the customer first."""

from __future__ import annotations

from tests.peers.calls.scene import Scene, scenario
from tests.streams.expected import Call, Expected


@scenario(queues={})
def click_to_call_by_local_channel(scene: Scene) -> Expected:
    """As FreePBX does it: Originate rings the agent by a Local channel, who picks up after 1 s; the customer answers after 1 s, the agent hangs up 2 s later."""
    return _clicked(scene, shown=scene.agent().number, option="")


@scenario(queues={})
def click_to_call_that_shows_the_customer(scene: Scene) -> Expected:
    """As CRMs do it: the same by a Local channel that stays (/n), and the agent's phone shows the customer's number."""
    return _clicked(scene, shown=scene.callee().number, option="/n")


@scenario(queues={})
def click_to_call_refused(scene: Scene) -> Expected:
    """The agent picks up (Originate by a Local channel); the customer is busy 1 s later."""
    agent, customer = scene.agent(), scene.callee()
    at = _originate(scene, f"Local/{agent.number}@from-internal/n", customer.number, shown=agent.number)
    call = agent.next_call()
    call.answer()
    line = customer.next_call()
    scene.wait(1)
    line.reject()
    told = scene.told(
        call,
        called=customer.number,
        direction="outbound",
        started_at=at,
        disposition="busy",
        hung_up_by="system",
    )
    return scene.expected(told)


@scenario(queues={})
def customer_is_called_first(scene: Scene) -> Expected:
    """Originate rings the customer, who answers after 1 s; then the agent's phone, answered after 1 s; the agent hangs up 2 s later."""
    agent, customer = scene.agent(), scene.callee()
    at = _originate(scene, scene.behind_trunk(customer), agent.number, shown=agent.number)
    line = customer.next_call()
    scene.wait(1)
    line.answer()
    call = agent.next_call()
    scene.wait(1)
    call.answer()
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        caller=agent.number,
        called=customer.number,
        direction="outbound",
        started_at=at,
        hung_up_by="agent",
        spans=[scene.span(agent, call.wait_answered(), call.wait_ended())],
        recorded=(),
    )
    return scene.expected(told)


def _clicked(scene: Scene, *, shown: str, option: str) -> Expected:
    agent, customer = scene.agent(), scene.callee()
    at = _originate(scene, f"Local/{agent.number}@from-internal{option}", customer.number, shown=shown)
    call = agent.next_call()
    scene.wait(1)
    call.answer()
    line = customer.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    call.hang_up()
    told: Call = scene.told(
        call,
        called=customer.number,
        direction="outbound",
        started_at=at,
        hung_up_by="agent",
        spans=[scene.span(agent, line.wait_answered(), call.wait_ended())],
    )
    return scene.expected(told)


def _originate(scene: Scene, channel: str, extension: str, *, shown: str) -> float:
    return scene.action(
        "Originate",
        Channel=channel,
        Context="from-internal",
        Exten=extension,
        Priority="1",
        CallerID=f"<{shown}>",
        Async="true",
    )
