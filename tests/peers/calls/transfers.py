"""Calls that are handed on: blind, attended, to another queue; finished and given up."""

from __future__ import annotations

import time

from tests.peers.calls.scene import Scene, scenario, talking
from tests.peers.sip import Call, Phone
from tests.streams.expected import Expected, Span, Transfer


def _connected(scene: Scene) -> tuple[Call, Phone, Call]:
    """A customer's call to the queue, answered by the first agent after half a second."""
    agent, customer = scene.agent(1), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    scene.wait(0.5)
    line.answer()
    return call, agent, line


def _told(
    scene: Scene,
    call: Call,
    spans: list[Span],
    transfers: list[Transfer],
    *,
    hung_up_by: str = "customer",
    holds: int = 0,
) -> Expected:
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by=hung_up_by,
        spans=spans,
        transfers=transfers,
        holds=holds,
    )
    return scene.expected(told, activities=[])


@scenario()
def blind_refer(scene: Scene) -> Expected:
    """After 3 s the agent sends the customer to a colleague (REFER), who answers after 1 s; 2 s later the colleague hangs up."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(3)
    at = line.refer(second.number)
    other = second.next_call()
    scene.wait(1)
    other.answer()
    scene.wait(2)
    other.hang_up()
    spans = [
        scene.span(agent, line.wait_answered(), at, member=True),
        scene.span(second, other.wait_answered(), other.wait_ended()),
    ]
    transfers = [Transfer(kind="blind", source=agent.number, target=second.number, at=at)]
    return _told(scene, call, spans, transfers, hung_up_by="agent")


@scenario()
def blind_manager(scene: Scene) -> Expected:
    """After 2 s the manager sends the customer to a colleague (BlindTransfer), who answers after 1 s; 2 s later the customer hangs up."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(2)
    at = scene.action("BlindTransfer", Channel=scene.queue_channels()[1], Context="from-internal", Exten=second.number)
    other = second.next_call()
    scene.wait(1)
    other.answer()
    scene.wait(2)
    call.hang_up()
    spans = [
        scene.span(agent, line.wait_answered(), at, member=True),
        scene.span(second, other.wait_answered(), other.wait_ended()),
    ]
    transfers = [Transfer(kind="blind", source=agent.number, target=second.number, at=at)]
    return _told(scene, call, spans, transfers)


@scenario(queues={"a": (1,), "b": (2,)})
def transfer_to_other_queue(scene: Scene) -> Expected:
    """After 2 s the agent sends the customer to another queue (REFER); its agent answers after 2 s, and the customer hangs up 2 s later."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(2)
    at = line.refer(f"82{scene.tag}")
    other = second.next_call()
    scene.wait(2)
    other.answer()
    scene.wait(2)
    call.hang_up()
    spans = [
        scene.span(agent, line.wait_answered(), at, member=True),
        scene.span(second, other.wait_answered(), other.wait_ended(), member=True),
    ]
    transfers = [Transfer(kind="blind", source=agent.number, target=f"82{scene.tag}", at=at)]
    return _told(scene, call, spans, transfers)


@scenario()
def attended_refer(scene: Scene) -> Expected:
    """After 2 s the agent holds, consults a colleague for 2 s and connects the two (REFER with Replaces); 2 s later the customer hangs up."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(2)
    held_at = line.hold()
    consultation = agent.dial(second.number)
    other = second.next_call()
    scene.wait(1)
    other.answer()
    consultation.wait_answered()
    scene.wait(2)
    at = line.refer_to(consultation)
    scene.wait(2)
    call.hang_up()
    spans = [
        scene.span(agent, line.wait_answered(), at, hold_s=at - held_at, member=True),
        scene.span(second, at, other.wait_ended()),
    ]
    transfers = [Transfer(kind="attended", source=agent.number, target=second.number, at=at)]
    return _told(scene, call, spans, transfers, holds=1)


@scenario()
def attended_refer_given_up(scene: Scene) -> Expected:
    """The agent holds, consults a colleague for 2 s, leaves them, resumes; 2 s later the agent hangs up."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(1)
    held_at = line.hold()
    consultation = agent.dial(second.number)
    other = second.next_call()
    scene.wait(1)
    other.answer()
    consultation.wait_answered()
    scene.wait(2)
    consultation.hang_up()
    back_at = line.resume()
    scene.wait(2)
    line.hang_up()
    spans = [scene.span(agent, line.wait_answered(), line.wait_ended(), hold_s=back_at - held_at, member=True)]
    return _told(scene, call, spans, [], hung_up_by="agent", holds=1)


@scenario()
def attended_refer_unanswered(scene: Scene) -> Expected:
    """The agent holds and calls a colleague, who doesn't answer for 2 s; the agent gives that up and resumes. The customer hangs up 2 s later."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(1)
    held_at = line.hold("inactive")
    consultation = agent.dial(second.number)
    second.next_call()
    scene.wait(2)
    consultation.hang_up()
    back_at = line.resume()
    scene.wait(2)
    call.hang_up()
    spans = [scene.span(agent, line.wait_answered(), line.wait_ended(), hold_s=back_at - held_at, member=True)]
    return _told(scene, call, spans, [], holds=1)


@scenario()
def attended_manager(scene: Scene) -> Expected:
    """After 1 s the manager begins a transfer (Atxfer); the colleague answers after 1 s; 2 s later the agent leaves, 2 s later the customer."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(1)
    held_at = scene.action("Atxfer", Channel=scene.queue_channels()[1], Context="from-internal", Exten=second.number)
    other = second.next_call()
    scene.wait(1)
    other.answer()
    scene.wait(2)
    line.hang_up()
    at = line.wait_ended()
    scene.wait(2)
    call.hang_up()
    spans = [
        scene.span(agent, line.wait_answered(), at, hold_s=at - held_at, member=True),
        scene.span(second, at, other.wait_ended()),
    ]
    transfers = [Transfer(kind="attended", source=agent.number, target=second.number, at=at)]
    return _told(scene, call, spans, transfers, holds=1)


@scenario()
def attended_manager_refused(scene: Scene) -> Expected:
    """The manager begins a transfer (Atxfer); the colleague refuses after 2 s, and the agent is back. 3 s later the customer hangs up."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(1)
    held_at = scene.action("Atxfer", Channel=scene.queue_channels()[1], Context="from-internal", Exten=second.number)
    other = second.next_call()
    scene.wait(2)
    other.reject()
    back_at = other.wait_ended()
    scene.wait(3)
    call.hang_up()
    spans = [scene.span(agent, line.wait_answered(), line.wait_ended(), hold_s=back_at - held_at, member=True)]
    return _told(scene, call, spans, [], holds=1)


@scenario()
def attended_by_keys(scene: Scene) -> Expected:
    """The agent presses *2 and the colleague's number; the colleague answers after 1 s, the agent leaves 2 s later, the colleague after 2 more."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(2)
    line.press("*2")
    held_at = time.time()
    scene.wait(1.5)
    line.press(second.number)
    other = second.next_call()
    scene.wait(1)
    other.answer()
    scene.wait(2)
    line.hang_up()
    at = line.wait_ended()
    scene.wait(2)
    other.hang_up()
    spans = [
        scene.span(agent, line.wait_answered(), at, hold_s=at - held_at, member=True),
        scene.span(second, at, other.wait_ended()),
    ]
    transfers = [Transfer(kind="attended", source=agent.number, target=second.number, at=at)]
    return _told(scene, call, spans, transfers, hung_up_by="agent", holds=1)


@scenario()
def handed_on_twice(scene: Scene) -> Expected:
    """After 2 s blind to a second agent, after 2 more blind to a third; 2 s later the customer hangs up."""
    call, agent, line = _connected(scene)
    second, third = scene.agent(2), scene.agent(3)
    scene.wait(2)
    at = line.refer(second.number)
    other = second.next_call()
    other.answer()
    scene.wait(2)
    again_at = other.refer(third.number)
    last = third.next_call()
    last.answer()
    scene.wait(2)
    call.hang_up()
    spans = [
        scene.span(agent, line.wait_answered(), at, member=True),
        scene.span(second, other.wait_answered(), again_at),
        scene.span(third, last.wait_answered(), last.wait_ended()),
    ]
    transfers = [
        Transfer(kind="blind", source=agent.number, target=second.number, at=at),
        Transfer(kind="blind", source=second.number, target=third.number, at=again_at),
    ]
    return _told(scene, call, spans, transfers)


@scenario()
def holds_by_either_side(scene: Scene) -> Expected:
    """The agent holds for 2 s, the customer for 2 s, the agent again for 1 s (inactive), each 1 s apart; then the agent hangs up."""
    call, agent, line = _connected(scene)
    scene.wait(1)
    first = line.hold()
    scene.wait(2)
    first_end = line.resume()
    scene.wait(1)
    call.hold()
    scene.wait(2)
    call.resume()
    scene.wait(1)
    last = line.hold("inactive")
    scene.wait(1)
    last_end = line.resume()
    scene.wait(1)
    line.hang_up()
    hold_s = first_end - first + last_end - last
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[scene.span(agent, up, end, hold_s=hold_s, member=True)],
        holds=3,
    )
    return scene.expected(told, activities=[talking(agent, up, end)])
