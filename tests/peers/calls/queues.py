"""Calls to queues, without transfers."""

from __future__ import annotations

import dataclasses

from tests.peers.calls.scene import Scene, ringing, scenario, talking
from tests.streams.expected import Expected


@scenario()
def queue_customer_ends(scene: Scene) -> Expected:
    """A call to a queue, answered after 1 s; 3 s later the customer hangs up."""
    agent, customer = scene.agent(), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(3)
    call.hang_up()
    end, up = line.wait_ended(), line.wait_answered()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(agent, up, end, member=True)],
    )
    return scene.expected(told, activities=[ringing(agent, line), talking(agent, up, end)])


@scenario()
def queue_agent_ends(scene: Scene) -> Expected:
    """A call to a queue, answered after 2 s; 2 s later the agent hangs up."""
    agent, customer = scene.agent(), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    scene.wait(2)
    line.answer()
    scene.wait(2)
    line.hang_up()
    end, up = line.wait_ended(), line.wait_answered()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[scene.span(agent, up, end, member=True)],
    )
    return scene.expected(told, activities=[ringing(agent, line), talking(agent, up, end)])


@scenario()
def queue_abandoned(scene: Scene) -> Expected:
    """A call to a queue; the agent's phone rings and the customer hangs up after 3 s."""
    agent, customer = scene.agent(), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    scene.wait(3)
    call.hang_up()
    line.wait_ended()
    told = scene.told(call, called=f"81{scene.tag}", queue=scene.queue, disposition="abandoned", hung_up_by="customer")
    return scene.expected(told, activities=[ringing(agent, line)])


@scenario()
def queue_times_out(scene: Scene) -> Expected:
    """A call to a queue that gives up after 5 s; the agent's phone rings all the time."""
    agent, customer = scene.agent(), scene.customer()
    call = customer.dial(f"82{scene.tag}")
    line = agent.next_call()
    line.wait_ended()
    told = scene.told(call, called=f"82{scene.tag}", queue=scene.queue, disposition="timeout", hung_up_by="system")
    return scene.expected(told, activities=[ringing(agent, line)])


@scenario(queues={"a": (1, 2)}, ring_s=3)
def queue_rings_out_then_other(scene: Scene) -> Expected:
    """The first agent's phone rings out after 3 s; the second agent answers after 1 s and hangs up 2 s later."""
    first, second, customer = scene.agent(1), scene.agent(2), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    lost = first.next_call()
    line = second.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    line.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[scene.span(second, up, end, member=True)],
    )
    return scene.expected(told, activities=[ringing(first, lost), ringing(second, line), talking(second, up, end)])


@scenario(queues={"a": (1, 2)})
def queue_rejected_then_other(scene: Scene) -> Expected:
    """The first agent refuses after 1 s; the second answers after 1 s, and the customer hangs up 2 s later."""
    first, second, customer = scene.agent(1), scene.agent(2), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    lost = first.next_call()
    scene.wait(1)
    lost.reject()
    line = second.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    call.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(second, up, end, member=True)],
    )
    return scene.expected(told, activities=[ringing(first, lost), ringing(second, line)])


@scenario(queues={"a": (1,), "b": (2,)})
def two_queues(scene: Scene) -> Expected:
    """Nobody answers in the first queue within 4 s; in the second an agent does after 1 s, and hangs up 2 s later."""
    first, second, customer = scene.agent(1), scene.agent(2), scene.customer()
    call = customer.dial(f"83{scene.tag}")
    lost = first.next_call()
    line = second.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    line.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=f"83{scene.tag}",
        queue=scene.second_queue,
        hung_up_by="agent",
        spans=[scene.span(second, up, end, member=True)],
    )
    return scene.expected(told, activities=[ringing(first, lost)])


@scenario()
def menu_then_queue(scene: Scene) -> Expected:
    """A menu first; after 2 s the customer presses 2, which leads into the queue; answered after 1 s, hangs up 2 s later."""
    agent, customer = scene.agent(), scene.customer()
    call = customer.dial(f"84{scene.tag}")
    call.wait_answered()
    scene.wait(2)
    call.press("2")
    line = agent.next_call()
    queued_at = line.ringing_at
    scene.wait(1)
    line.answer()
    scene.wait(2)
    call.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=f"84{scene.tag}",
        queue=scene.queue,
        queued_at=queued_at,
        hung_up_by="customer",
        spans=[scene.span(agent, up, end, member=True)],
    )
    return scene.expected(told)


@scenario(queues={})
def queue_without_agents(scene: Scene) -> Expected:
    """A call to a queue that takes nobody in."""
    call = scene.customer().dial(f"85{scene.tag}")
    told = scene.told(
        call,
        called=f"85{scene.tag}",
        queue="emptyq",
        disposition="no_agent",
        hung_up_by="system",
    )
    return scene.expected(dataclasses.replace(told, queued_at=None, wait_s=told.ended_at - told.started_at))


@scenario()
def queue_to_voicemail(scene: Scene) -> Expected:
    """Nobody answers within 4 s; the customer speaks to the voicemail for 3 s and hangs up."""
    agent, customer = scene.agent(), scene.customer()
    call = customer.dial(f"86{scene.tag}")
    line = agent.next_call()
    left_at = line.wait_ended()
    scene.wait(4)
    call.hang_up()
    told = scene.told(
        call,
        called=f"86{scene.tag}",
        queue=scene.queue,
        disposition="voicemail",
        hung_up_by="customer",
        waited_until=left_at,
    )
    return scene.expected(told)


@scenario()
def queue_call_is_killed(scene: Scene) -> Expected:
    """A call to a queue, answered after 1 s; 2 s later the manager ends it (Hangup)."""
    agent, customer = scene.agent(), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    scene.action("Hangup", Channel=scene.queue_channels()[0])
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="system",
        spans=[scene.span(agent, up, end, member=True)],
    )
    return scene.expected(told)


@scenario()
def customer_calls_again(scene: Scene) -> Expected:
    """The customer gives up after 2 s of ringing and calls again 1 s later; answered at once, hangs up 2 s later."""
    agent, customer = scene.agent(), scene.customer()
    first = customer.dial(f"81{scene.tag}")
    agent.next_call()
    scene.wait(2)
    first.hang_up()
    scene.wait(1)
    second = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(2)
    second.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    called, queue = f"81{scene.tag}", scene.queue
    return scene.expected(
        scene.told(first, called=called, queue=queue, disposition="abandoned", hung_up_by="customer"),
        scene.told(
            second,
            called=called,
            queue=queue,
            hung_up_by="customer",
            spans=[scene.span(agent, up, end, member=True)],
        ),
    )
