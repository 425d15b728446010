"""Agents: logging in and out, pauses, wrap-up, members that are Local channels."""

from __future__ import annotations

from tests.peers.calls.scene import Scene, ringing, scenario, talking
from tests.streams.expected import Activity, Expected, Transfer

REASON = "ناهار"


@scenario(queues={"a": ()}, wrap_s=3)
def agent_logs_in_pauses_and_leaves(scene: Scene) -> Expected:
    """An agent logs in by a feature code, pauses for 2 s with a reason, takes a call of 2 s, hangs up, and logs out 5 s later."""
    agent, customer = scene.agent(), scene.customer()
    login = agent.dial(f"*45{scene.tag}")
    logged_in_at = login.wait_answered()
    login.wait_ended()
    interface = f"PJSIP/{agent.number}"
    paused_at = scene.action("QueuePause", Interface=interface, Paused="true", Reason=REASON)
    scene.wait(2)
    resumed_at = scene.action("QueuePause", Interface=interface, Paused="false")
    scene.wait(0.5)
    call = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    line.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    scene.wait(5)
    logout = agent.dial(f"*46{scene.tag}")
    logged_out_at = logout.wait_answered()
    logout.wait_ended()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[scene.span(agent, up, end, member=True)],
    )
    activities = [
        Activity(agent=agent.number, state="logged_in", from_at=logged_in_at, to_at=logged_out_at),
        Activity(agent=agent.number, state="paused", from_at=paused_at, to_at=resumed_at, reason=REASON),
        ringing(agent, line),
        talking(agent, up, end),
        Activity(agent=agent.number, state="wrapping_up", from_at=end, to_at=end + scene.scenario.wrap_s),
    ]
    return scene.expected(told, activities=activities)


@scenario(queues={"a": ()})
def agent_added_by_the_manager(scene: Scene) -> Expected:
    """The manager adds an agent to the queue and takes them out 3 s later; no call."""
    agent = scene.agent()
    interface = f"PJSIP/{agent.number}"
    added_at = scene.action(
        "QueueAdd", Queue=scene.queue, Interface=interface, MemberName=agent.name or "", StateInterface=interface
    )
    scene.wait(3)
    removed_at = scene.action("QueueRemove", Queue=scene.queue, Interface=interface)
    activity = Activity(agent=agent.number, state="logged_in", from_at=added_at, to_at=removed_at)
    return scene.expected(activities=[activity])


@scenario(member="Local/{number}@from-queue/n")
def local_agent(scene: Scene) -> Expected:
    """FreePBX-like: the member is a Local channel, two subroutines deep; answered after 1 s, held for 2 s, the agent hangs up."""
    agent, customer = scene.agent(), scene.customer()
    call = customer.dial(f"88{scene.tag}")
    line = agent.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    held_at = line.hold()
    scene.wait(2)
    back_at = line.resume()
    scene.wait(1)
    line.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=f"88{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[scene.span(agent, up, end, hold_s=back_at - held_at, member=True)],
        holds=1,
    )
    return scene.expected(told, activities=[ringing(agent, line), talking(agent, up, end)])


@scenario(member="Local/{number}@from-queue/n")
def local_agent_transfers(scene: Scene) -> Expected:
    """FreePBX-like: after 2 s the agent behind a Local channel sends the customer to a colleague (REFER); the customer hangs up 2 s later."""
    agent, second, customer = scene.agent(1), scene.agent(2), scene.customer()
    call = customer.dial(f"88{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(2)
    at = line.refer(second.number)
    other = second.next_call()
    other.answer()
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"88{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[
            scene.span(agent, line.wait_answered(), at, member=True),
            scene.span(second, other.wait_answered(), other.wait_ended()),
        ],
        transfers=[Transfer(kind="blind", source=agent.number, target=second.number, at=at)],
    )
    return scene.expected(told)


@scenario(queues={"a": (1, 2)}, member="Local/{number}@from-queue-macro/n", ring_s=4)
def local_agent_by_macro(scene: Scene) -> Expected:
    """Issabel-like, by macros (subroutines on 22): the first agent's phone rings out, the second answers after 1 s; the customer hangs up."""
    first, second, customer = scene.agent(1), scene.agent(2), scene.customer()
    call = customer.dial(f"88{scene.tag}")
    lost = first.next_call()
    lost.wait_ended()
    line = second.next_call()
    scene.wait(1)
    line.answer()
    scene.wait(2)
    call.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=f"88{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(second, up, end, member=True)],
    )
    return scene.expected(told, activities=[ringing(first, lost), ringing(second, line)])


@scenario(member="Local/{number}@from-queue/n")
def local_agent_abandoned(scene: Scene) -> Expected:
    """FreePBX-like: the customer hangs up after 3 s, while the agent's phone rings behind the Local channel."""
    agent, customer = scene.agent(), scene.customer()
    call = customer.dial(f"88{scene.tag}")
    line = agent.next_call()
    scene.wait(3)
    call.hang_up()
    line.wait_ended()
    told = scene.told(call, called=f"88{scene.tag}", queue=scene.queue, disposition="abandoned", hung_up_by="customer")
    return scene.expected(told)
