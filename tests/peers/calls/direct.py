"""Calls without a queue: to a phone, from a phone, between phones."""

from __future__ import annotations

from tests.peers.calls.scene import Scene, scenario, talking
from tests.streams.expected import Expected


@scenario(queues={})
def direct_answered(scene: Scene) -> Expected:
    """A call from outside to a phone, answered after 2 s; 2 s later the customer hangs up."""
    agent = scene.agent()
    call = scene.customer().dial(agent.number)
    line = agent.next_call()
    scene.wait(2)
    line.answer()
    scene.wait(2)
    call.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(call, called=agent.number, hung_up_by="customer", spans=[scene.span(agent, up, end)])
    return scene.expected(told, activities=[talking(agent, up, end)])


@scenario(queues={})
def direct_abandoned(scene: Scene) -> Expected:
    """A call from outside to a phone that rings; the customer gives up after 2 s."""
    agent = scene.agent()
    call = scene.customer().dial(agent.number)
    agent.next_call()
    scene.wait(2)
    call.hang_up()
    return scene.expected(scene.told(call, called=agent.number, disposition="abandoned", hung_up_by="customer"))


@scenario(queues={})
def direct_busy(scene: Scene) -> Expected:
    """A call from outside to a phone, which refuses it after 1 s."""
    agent = scene.agent()
    call = scene.customer().dial(agent.number)
    line = agent.next_call()
    scene.wait(1)
    line.reject()
    return scene.expected(scene.told(call, called=agent.number, disposition="busy", hung_up_by="system"))


@scenario(queues={})
def direct_to_voicemail(scene: Scene) -> Expected:
    """A call from outside to a phone that rings out after 4 s; the customer speaks to the voicemail for 3 s and hangs up."""
    agent = scene.agent()
    call = scene.customer().dial(f"87{scene.tag}")
    left_at = agent.next_call().wait_ended()
    scene.wait(4)
    call.hang_up()
    told = scene.told(
        call,
        called=f"87{scene.tag}",
        disposition="voicemail",
        hung_up_by="customer",
        waited_until=left_at,
    )
    return scene.expected(told)


@scenario(queues={})
def outbound_answered(scene: Scene) -> Expected:
    """An agent calls a customer, who answers after 2 s and hangs up 3 s later."""
    agent, customer = scene.agent(), scene.callee()
    call = agent.dial(customer.number)
    line = customer.next_call()
    scene.wait(2)
    line.answer()
    scene.wait(3)
    line.hang_up()
    up, end = line.wait_answered(), call.wait_ended()
    told = scene.told(
        call,
        called=customer.number,
        direction="outbound",
        hung_up_by="customer",
        spans=[scene.span(agent, up, end)],
    )
    return scene.expected(told, activities=[talking(agent, up, end)])


@scenario(queues={})
def outbound_given_up(scene: Scene) -> Expected:
    """An agent calls a customer, whose phone rings; the agent gives up after 2 s."""
    agent, customer = scene.agent(), scene.callee()
    call = agent.dial(customer.number)
    customer.next_call()
    scene.wait(2)
    call.hang_up()
    told = scene.told(call, called=customer.number, direction="outbound", disposition="abandoned", hung_up_by="agent")
    return scene.expected(told)


@scenario(queues={})
def outbound_busy(scene: Scene) -> Expected:
    """An agent calls a customer, who is busy."""
    agent, customer = scene.agent(), scene.callee()
    call = agent.dial(customer.number)
    line = customer.next_call()
    scene.wait(1)
    line.reject()
    told = scene.told(call, called=customer.number, direction="outbound", disposition="busy", hung_up_by="system")
    return scene.expected(told)


@scenario(queues={})
def click_to_call(scene: Scene) -> Expected:
    """The manager rings the agent (Originate), who picks up after 1 s; then the customer's phone rings, answers after 2 s, hangs up 2 s later."""
    agent, customer = scene.agent(), scene.callee()
    at = scene.action(
        "Originate",
        Channel=f"PJSIP/{agent.number}",
        Context="from-internal",
        Exten=customer.number,
        Priority="1",
        CallerID=f'"{agent.name}" <{agent.number}>',
        Async="true",
    )
    call = agent.next_call()
    scene.wait(1)
    call.answer()
    line = customer.next_call()
    scene.wait(2)
    line.answer()
    scene.wait(2)
    line.hang_up()
    up = line.wait_answered()
    told = scene.told(
        call,
        called=customer.number,
        direction="outbound",
        started_at=at,
        hung_up_by="customer",
        spans=[scene.span(agent, up, call.wait_ended())],
    )
    return scene.expected(told)


@scenario(queues={})
def click_to_call_unanswered(scene: Scene) -> Expected:
    """The manager rings the agent (Originate), who refuses after 1 s: the customer is never called."""
    agent, customer = scene.agent(), scene.callee()
    at = scene.action(
        "Originate",
        Channel=f"PJSIP/{agent.number}",
        Context="from-internal",
        Exten=customer.number,
        Priority="1",
        CallerID=f'"{agent.name}" <{agent.number}>',
        Async="true",
    )
    call = agent.next_call()
    scene.wait(1)
    call.reject()
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
def internal(scene: Scene) -> Expected:
    """An agent calls another, who answers after 1 s and hangs up 2 s later."""
    first, second = scene.agent(1), scene.agent(2)
    call = first.dial(second.number)
    line = second.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    line.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=second.number,
        direction="internal",
        hung_up_by="agent",
        spans=[scene.span(second, up, end)],
        recorded=(),
    )
    return scene.expected(told)
