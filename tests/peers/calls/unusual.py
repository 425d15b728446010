"""What is done less often: consulting a queue, handing on to the outside, by keys, parked calls that come back."""

from __future__ import annotations

import time

from tests.peers.calls.scene import Scene, ringing, scenario, talking
from tests.streams.expected import Activity, Expected, Transfer


@scenario(queues={"a": (1,), "b": (2,)})
def attended_refer_to_queue(scene: Scene) -> Expected:
    """The agent holds and calls another queue, whose agent answers after 1 s; 2 s later the two are connected (REFER with Replaces); 2 s later the customer hangs up."""
    agent, second = scene.agent(1), scene.agent(2)
    call = scene.customer().dial(f"81{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(2)
    held_at = line.hold()
    consultation = agent.dial(f"82{scene.tag}")
    other = second.next_call()
    scene.wait(1)
    other.answer()
    consultation.wait_answered()
    scene.wait(2)
    at = line.refer_to(consultation)
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[
            scene.span(agent, line.wait_answered(), at, hold_s=at - held_at, member=True),
            scene.span(second, at, other.wait_ended(), member=True),
        ],
        transfers=[Transfer(kind="attended", source=agent.number, target=f"82{scene.tag}", at=at)],
        holds=1,
    )
    return scene.expected(told)


@scenario()
def blind_refer_outside(scene: Scene) -> Expected:
    """After 2 s the agent sends the customer to somebody outside (REFER), who answers after 1 s; 3 s later the customer hangs up. No agent's time."""
    agent, outsider = scene.agent(1), scene.callee()
    call = scene.customer().dial(f"81{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(2)
    at = line.refer(outsider.number)
    other = outsider.next_call()
    scene.wait(1)
    other.answer()
    scene.wait(3)
    call.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(agent, line.wait_answered(), at, member=True)],
        transfers=[Transfer(kind="blind", source=agent.number, target=outsider.number, at=at)],
    )
    return scene.expected(told)


@scenario()
def blind_by_keys(scene: Scene) -> Expected:
    """After 2 s the agent presses ## and a colleague's number; the colleague answers after 1 s; 2 s later the customer hangs up."""
    agent, second = scene.agent(1), scene.agent(2)
    call = scene.customer().dial(f"81{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(2)
    line.press("##")
    held_at = time.time()  # from here on the customer hears what one hears on hold
    scene.wait(1.5)
    line.press(second.number)
    other = second.next_call()
    at = other.ringing_at or time.time()
    scene.wait(1)
    other.answer()
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[
            scene.span(agent, line.wait_answered(), at, hold_s=at - held_at, member=True),
            scene.span(second, other.wait_answered(), other.wait_ended()),
        ],
        transfers=[Transfer(kind="blind", source=agent.number, target=second.number, at=at)],
        holds=1,
    )
    return scene.expected(told)


@scenario()
def one_agent_two_customers(scene: Scene) -> Expected:
    """A second customer waits while the only agent talks for 4 s with the first; then the agent takes the second and hangs up 2 s later."""
    agent, customer, patient = scene.agent(), scene.customer(1), scene.customer(2)
    first = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(1)
    second = patient.dial(f"81{scene.tag}")
    scene.wait(3)
    first.hang_up()
    line.wait_ended()
    again = agent.next_call()
    again.answer()
    scene.wait(2)
    again.hang_up()
    called, queue = f"81{scene.tag}", scene.queue
    spans = [scene.span(agent, part.wait_answered(), part.wait_ended(), member=True) for part in (line, again)]
    activities = [talking(agent, span.start_at, span.end_at) for span in spans]
    return scene.expected(
        scene.told(first, called=called, queue=queue, hung_up_by="customer", spans=spans[:1]),
        scene.told(second, called=called, queue=queue, hung_up_by="agent", spans=spans[1:]),
        activities=[*activities, ringing(agent, line), ringing(agent, again)],
    )


@scenario(queues={"a": ()})
def local_agent_logs_in(scene: Scene) -> Expected:
    """FreePBX-like: an agent logs in as a Local channel by a code, pauses and resumes by codes, takes a call of 2 s, and logs out by a code."""
    agent = scene.agent()

    def code(prefix: str) -> float:
        call = agent.dial(f"*{prefix}{scene.tag}")
        at = call.wait_answered()
        call.wait_ended()
        return at

    logged_in_at, paused_at = code("49"), code("44")
    scene.wait(1.5)
    resumed_at = code("43")
    call = scene.customer().dial(f"88{scene.tag}")
    line = agent.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    call.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    scene.wait(2)
    logged_out_at = code("42")
    told = scene.told(
        call,
        called=f"88{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(agent, up, end, member=True)],
    )
    activities = [
        Activity(agent=agent.number, state="logged_in", from_at=logged_in_at, to_at=logged_out_at),
        Activity(agent=agent.number, state="paused", from_at=paused_at, to_at=resumed_at, reason="coaching"),
        ringing(agent, line),
        talking(agent, up, end),
    ]
    return scene.expected(told, activities=activities)


@scenario()
def parked_comes_back(scene: Scene) -> Expected:
    """The agent parks the customer (REFER to 750), nobody takes them back; after 3 s the agent's phone rings and is answered; the customer hangs up 2 s later."""
    agent = scene.agent()
    call = scene.customer().dial(f"81{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(2)
    at = line.refer("750")
    again = agent.next_call()
    scene.wait(1)
    again.answer()
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[
            scene.span(agent, line.wait_answered(), at, member=True),
            scene.span(agent, again.wait_answered(), again.wait_ended()),
        ],
        transfers=[Transfer(kind="blind", source=agent.number, target="750", at=at)],
    )
    return scene.expected(told)


@scenario(queues={})
def outbound_transferred_attended(scene: Scene) -> Expected:
    """An agent calls a customer, holds after 2 s, consults a colleague for 2 s, connects the two (REFER with Replaces); 2 s later the colleague hangs up."""
    agent, second, customer = scene.agent(1), scene.agent(2), scene.callee()
    call = agent.dial(customer.number)
    line = customer.next_call()
    line.answer()
    scene.wait(2)
    held_at = call.hold()
    consultation = agent.dial(second.number)
    other = second.next_call()
    scene.wait(0.5)
    other.answer()
    consultation.wait_answered()
    scene.wait(2)
    at = call.refer_to(consultation)
    scene.wait(2)
    other.hang_up()
    told = scene.told(
        call,
        called=customer.number,
        direction="outbound",
        hung_up_by="agent",
        ended_at=line.wait_ended(),
        spans=[
            scene.span(agent, line.wait_answered(), at, hold_s=at - held_at),
            scene.span(second, at, other.wait_ended()),
        ],
        transfers=[Transfer(kind="attended", source=agent.number, target=second.number, at=at)],
        holds=1,
    )
    return scene.expected(told)


@scenario()
def attended_manager_cancelled(scene: Scene) -> Expected:
    """The manager begins a transfer (Atxfer) and takes it back 2 s later (CancelAtxfer), while the colleague's phone rings; 2 s later the agent hangs up."""
    agent, second = scene.agent(1), scene.agent(2)
    call = scene.customer().dial(f"81{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(1)
    channel = scene.queue_channels()[1]
    held_at = scene.action("Atxfer", Channel=channel, Context="from-internal", Exten=second.number)
    other = second.next_call()
    scene.wait(2)
    scene.action("CancelAtxfer", Channel=channel)
    back_at = other.wait_ended()
    scene.wait(2)
    line.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[scene.span(agent, line.wait_answered(), line.wait_ended(), hold_s=back_at - held_at, member=True)],
        holds=1,
    )
    return scene.expected(told)
