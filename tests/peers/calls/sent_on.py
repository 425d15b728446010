"""Calls that go on elsewhere: with somebody outside, who is no agent, or where the manager sends them."""

from __future__ import annotations

import dataclasses

from tests.peers.calls.scene import Scene, scenario, talking
from tests.peers.sip import Call, Phone
from tests.streams.expected import Expected, Transfer


def _connected(scene: Scene) -> tuple[Call, Phone, Call]:
    """A customer's call to the queue, answered by the first agent after half a second."""
    agent = scene.agent(1)
    call = scene.customer().dial(f"81{scene.tag}")
    line = agent.next_call()
    scene.wait(0.5)
    line.answer()
    return call, agent, line


@scenario()
def attended_refer_outside(scene: Scene) -> Expected:
    """The agent holds, asks somebody outside for 1 s and hands the customer to them (REFER with Replaces); 2 s later the customer hangs up."""
    call, agent, line = _connected(scene)
    outsider = scene.callee()
    scene.wait(1)
    held_at = line.hold()
    asked = agent.dial(outsider.number)
    other = outsider.next_call()
    other.answer()
    asked.wait_answered()
    scene.wait(1)
    at = line.refer_to(asked)
    scene.wait(2)
    call.hang_up()
    up = line.wait_answered()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(agent, up, at, hold_s=at - held_at, member=True)],
        transfers=[Transfer(kind="attended", source=agent.number, target=outsider.number, at=at)],
        holds=1,
    )
    return scene.expected(told, activities=[talking(agent, up, at)])


@scenario(queues={})
def forwarded_outside_by_the_phone(scene: Scene) -> Expected:
    """The phone that is called forwards to somebody outside (302), who answers after 1 s; 2 s later the customer hangs up. No agent's time."""
    agent, outsider = scene.agent(1), scene.callee()
    call = scene.customer().dial(agent.number)
    lost = agent.next_call()
    scene.wait(0.5)
    lost.forward(outsider.number)
    line = outsider.next_call()
    scene.wait(1)
    line.answer()
    up = line.wait_answered()
    scene.wait(2)
    call.hang_up()
    told = scene.told(call, called=agent.number, hung_up_by="customer", waited_until=up)
    return scene.expected(dataclasses.replace(told, answered_at=up))


@scenario()
def redirected_by_the_manager(scene: Scene) -> Expected:
    """The manager sends the customer from the agent to a colleague (Redirect), who answers after 1 s and hangs up 2 s later."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(1)
    channel, _ = scene.queue_channels()
    at = scene.action("Redirect", Channel=channel, Context="from-internal", Exten=second.number, Priority="1")
    other = second.next_call()
    scene.wait(1)
    other.answer()
    scene.wait(2)
    other.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[
            scene.span(agent, line.wait_answered(), at, member=True),
            scene.span(second, other.wait_answered(), other.wait_ended()),
        ],
        transfers=[Transfer(kind="blind", source=agent.number, target=second.number, at=at)],
    )
    return scene.expected(told)


@scenario()
def parked_by_the_manager(scene: Scene) -> Expected:
    """The manager parks the customer (Park), who hangs up in the lot after 2 s. The place is the parking lot's choice."""
    call, agent, line = _connected(scene)
    scene.wait(1)
    channel, by = scene.queue_channels()
    at = scene.action("Park", Channel=channel, TimeoutChannel=by, Parkinglot="default")
    space = scene.event("ParkedCall", ParkeeChannel=channel)["ParkingSpace"]
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(agent, line.wait_answered(), at, member=True)],
        transfers=[Transfer(kind="blind", source=agent.number, target=space, at=at)],
    )
    return scene.expected(told)


@scenario()
def handed_on_while_it_rings(scene: Scene) -> Expected:
    """The agent begins an attended transfer (Atxfer), hangs up while the colleague's phone rings; they answer 1 s later, the customer hangs up."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(1)
    _, channel = scene.queue_channels()
    scene.action("Atxfer", Channel=channel, Context="from-internal", Exten=second.number)
    other = second.next_call()
    scene.wait(1)
    line.hang_up()
    at = line.wait_ended()
    scene.wait(1)
    other.answer()
    up = other.wait_answered()
    scene.wait(2)
    call.hang_up()
    end = other.wait_ended()
    assert other.ringing_at is not None
    hold_s = at - other.ringing_at  # the customer is put on hold a moment before
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[
            scene.span(agent, line.wait_answered(), at, hold_s=hold_s, member=True),
            scene.span(second, up, end),
        ],
        transfers=[Transfer(kind="attended", source=agent.number, target=second.number, at=at)],
        holds=1,
    )
    return scene.expected(told, activities=[talking(agent, line.wait_answered(), at), talking(second, up, end)])
