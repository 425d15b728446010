"""Who is rung: several phones at once, one that forwards, one that is not there, a caller who leaves the queue by a key."""

from __future__ import annotations

from tests.peers.calls.scene import Scene, scenario
from tests.peers.calls.scene import ringing as rang
from tests.streams.expected import Expected


@scenario(queues={"a": (1, 2)}, strategy="ringall")
def queue_rings_all(scene: Scene) -> Expected:
    """A queue rings both agents; after 2 s the second answers, and hangs up 2 s later."""
    first, second = scene.agent(1), scene.agent(2)
    call = scene.customer().dial(f"81{scene.tag}")
    lost, line = first.next_call(), second.next_call()
    scene.wait(2)
    line.answer()
    lost.wait_ended()
    scene.wait(2)
    line.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[scene.span(second, line.wait_answered(), line.wait_ended(), member=True)],
    )
    return scene.expected(told, activities=[rang(first, lost), rang(second, line)])


@scenario(queues={})
def two_phones_ring(scene: Scene) -> Expected:
    """A call from outside rings two phones; after 2 s the second answers; 2 s later the customer hangs up."""
    first, second = scene.agent(1), scene.agent(2)
    call = scene.customer().dial(f"80{scene.tag}")
    first.next_call()
    line = second.next_call()
    scene.wait(2)
    line.answer()
    scene.wait(2)
    call.hang_up()
    spans = [scene.span(second, line.wait_answered(), line.wait_ended())]
    return scene.expected(scene.told(call, called=f"80{scene.tag}", hung_up_by="customer", spans=spans))


@scenario(queues={})
def forwarded_by_the_phone(scene: Scene) -> Expected:
    """The phone that is called forwards to a colleague's (302), who answers after 1 s; 2 s later the customer hangs up."""
    first, second = scene.agent(1), scene.agent(2)
    call = scene.customer().dial(first.number)
    lost = first.next_call()
    scene.wait(1)
    lost.forward(second.number)
    line = second.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    call.hang_up()
    spans = [scene.span(second, line.wait_answered(), line.wait_ended())]
    return scene.expected(scene.told(call, called=first.number, hung_up_by="customer", spans=spans))


@scenario(queues={})
def direct_unreachable(scene: Scene) -> Expected:
    """A call from outside to a phone that is not registered."""
    number = f"1{scene.tag}3"
    call = scene.customer().dial(number)
    return scene.expected(scene.told(call, called=number, disposition="failed", hung_up_by="system"))


@scenario(queues={})
def outbound_failed(scene: Scene) -> Expected:
    """An agent calls out, and the trunk has no line (503)."""
    agent, customer = scene.agent(), scene.callee()
    call = agent.dial(customer.number)
    line = customer.next_call()
    line.reject(503, "Service Unavailable")
    told = scene.told(call, called=customer.number, direction="outbound", disposition="failed", hung_up_by="system")
    return scene.expected(told)


@scenario()
def queue_left_by_a_key(scene: Scene) -> Expected:
    """After 3 s in the queue the customer presses 1 and gets a colleague, who answers after 1 s; 2 s later the customer hangs up."""
    agent, second = scene.agent(1), scene.agent(2)
    call = scene.customer().dial(f"81{scene.tag}")
    lost = agent.next_call()
    scene.wait(3)
    call.press("1")
    line = second.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(second, line.wait_answered(), line.wait_ended())],
    )
    return scene.expected(told, activities=[rang(agent, lost)])


@scenario(member="Local/{number}@from-queue/n")
def pickup_of_a_local_agent(scene: Scene) -> Expected:
    """The phone behind a Local channel rings; after 2 s a colleague picks the call up (** and its number); 2 s later the customer hangs up."""
    agent, colleague = scene.agent(1), scene.agent(2)
    call = scene.customer().dial(f"88{scene.tag}")
    agent.next_call()
    scene.wait(2)
    line = colleague.dial(f"**{agent.number}")
    up = line.wait_answered()
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"88{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(colleague, up, line.wait_ended())],
    )
    return scene.expected(told)
