"""What happens in the middle of a call: transfers that fail, people who leave while on hold, mutes, pauses."""

from __future__ import annotations

from tests.peers.calls.scene import Scene, scenario, talking
from tests.peers.sip import Call, Phone
from tests.streams.expected import Activity, Expected, Transfer

REASON = "آموزش"


def _connected(scene: Scene, line_prefix: str = "81") -> tuple[Call, Phone, Call]:
    """A customer's call to the queue, answered by the first agent after half a second."""
    agent = scene.agent(1)
    call = scene.customer().dial(f"{line_prefix}{scene.tag}")
    line = agent.next_call()
    scene.wait(0.5)
    line.answer()
    return call, agent, line


@scenario()
def blind_refer_unanswered(scene: Scene) -> Expected:
    """The agent sends the customer to a colleague, whose phone rings; the customer gives up after 3 s."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(2)
    at = line.refer(second.number)
    second.next_call()
    scene.wait(3)
    call.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(agent, line.wait_answered(), at, member=True)],
        transfers=[Transfer(kind="blind", source=agent.number, target=second.number, at=at)],
    )
    return scene.expected(told)


@scenario()
def blind_refer_refused(scene: Scene) -> Expected:
    """The agent sends the customer to a colleague, who refuses after 2 s: the PBX ends the call."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(2)
    at = line.refer(second.number)
    other = second.next_call()
    scene.wait(2)
    other.reject()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="system",
        spans=[scene.span(agent, line.wait_answered(), at, member=True)],
        transfers=[Transfer(kind="blind", source=agent.number, target=second.number, at=at)],
    )
    return scene.expected(told)


@scenario()
def customer_leaves_on_hold(scene: Scene) -> Expected:
    """The agent holds; the customer hangs up after 3 s of that."""
    call, agent, line = _connected(scene)
    scene.wait(2)
    held_at = line.hold()
    scene.wait(3)
    call.hang_up()
    end = line.wait_ended()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(agent, line.wait_answered(), end, hold_s=end - held_at, member=True)],
        holds=1,
    )
    return scene.expected(told)


@scenario()
def customer_leaves_during_consultation(scene: Scene) -> Expected:
    """The agent holds and consults a colleague; after 2 s of that the customer hangs up, and so does the agent half a second later."""
    call, agent, line = _connected(scene)
    second = scene.agent(2)
    scene.wait(2)
    held_at = line.hold()
    consultation = agent.dial(second.number)
    other = second.next_call()
    scene.wait(0.5)
    other.answer()
    consultation.wait_answered()
    scene.wait(2)
    call.hang_up()
    end = line.wait_ended()
    scene.wait(0.5)
    consultation.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(agent, line.wait_answered(), end, hold_s=end - held_at, member=True)],
        holds=1,
    )
    return scene.expected(told)


@scenario(member="Local/{number}@from-queue/n")
def local_agent_transfers_attended(scene: Scene) -> Expected:
    """FreePBX-like: the agent behind a Local channel holds, consults for 2 s and connects (REFER with Replaces); 2 s later the customer hangs up."""
    call, agent, line = _connected(scene, "88")
    second = scene.agent(2)
    scene.wait(2)
    held_at = line.hold()
    consultation = agent.dial(second.number)
    other = second.next_call()
    scene.wait(0.5)
    other.answer()
    consultation.wait_answered()
    scene.wait(2)
    at = line.refer_to(consultation)
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"88{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[
            scene.span(agent, line.wait_answered(), at, hold_s=at - held_at, member=True),
            scene.span(second, at, other.wait_ended()),
        ],
        transfers=[Transfer(kind="attended", source=agent.number, target=second.number, at=at)],
        holds=1,
    )
    return scene.expected(told)


@scenario(queues={})
def outbound_transferred(scene: Scene) -> Expected:
    """An agent calls a customer and after 2 s of talk sends them to a colleague (REFER), who answers after 1 s; 2 s later the customer hangs up."""
    agent, second, customer = scene.agent(1), scene.agent(2), scene.callee()
    call = agent.dial(customer.number)
    line = customer.next_call()
    line.answer()
    scene.wait(2)
    at = call.refer(second.number)
    other = second.next_call()
    scene.wait(1)
    other.answer()
    scene.wait(2)
    line.hang_up()
    told = scene.told(
        call,
        called=customer.number,
        direction="outbound",
        hung_up_by="customer",
        ended_at=other.wait_ended(),
        spans=[
            scene.span(agent, line.wait_answered(), at),
            scene.span(second, other.wait_answered(), other.wait_ended()),
        ],
        transfers=[Transfer(kind="blind", source=agent.number, target=second.number, at=at)],
    )
    return scene.expected(told)


@scenario()
def parked_and_taken_back(scene: Scene) -> Expected:
    """The agent parks the customer (REFER to 700) and takes them back 2 s later; 2 s after that the agent hangs up."""
    call, agent, line = _connected(scene)
    scene.wait(2)
    at = line.refer("700")
    place = scene.event("ParkedCall", ParkeeCallerIDNum=call.phone.number)["ParkingSpace"]
    scene.wait(2)
    again = agent.dial(place)
    up = again.wait_answered()
    scene.wait(2)
    again.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[
            scene.span(agent, line.wait_answered(), at, member=True),
            scene.span(agent, up, again.wait_ended()),
        ],
        transfers=[Transfer(kind="blind", source=agent.number, target="700", at=at)],
    )
    return scene.expected(told)


@scenario()
def agent_pauses_while_talking(scene: Scene) -> Expected:
    """A member of the queue talks for 4 s and is paused with a reason from second 1 to 3; then the customer hangs up."""
    call, agent, line = _connected(scene)
    interface = f"PJSIP/{agent.number}"
    scene.wait(1)
    paused_at = scene.action("QueuePause", Interface=interface, Paused="true", Reason=REASON)
    scene.wait(2)
    resumed_at = scene.action("QueuePause", Interface=interface, Paused="false")
    scene.wait(1)
    call.hang_up()
    up, end = line.wait_answered(), line.wait_ended()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(agent, up, end, member=True)],
    )
    paused = Activity(agent=agent.number, state="paused", from_at=paused_at, to_at=resumed_at, reason=REASON)
    return scene.expected(told, activities=[paused, talking(agent, up, end)])


@scenario()
def recording_muted(scene: Scene) -> Expected:
    """The manager mutes the recording from second 1 to 3 of a talk of 5 s.."""
    call, agent, line = _connected(scene)
    channel = scene.queue_channels()[0]
    scene.wait(1)
    muted_at = scene.action("MixMonitorMute", Channel=channel, Direction="both", State="1")
    scene.wait(2)
    unmuted_at = scene.action("MixMonitorMute", Channel=channel, Direction="both", State="0")
    scene.wait(2)
    line.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="agent",
        spans=[scene.span(agent, line.wait_answered(), line.wait_ended(), member=True)],
        mutes=[(muted_at, unmuted_at)],
    )
    return scene.expected(told)


@scenario()
def room_by_refer(scene: Scene) -> Expected:
    """The agent sends the customer into a room (REFER) and dials into it 1 s later, a colleague 1 s after that; 2 s later the customer hangs up."""
    call, agent, line = _connected(scene)
    colleague, room = scene.agent(2), f"9{scene.tag}"
    scene.wait(2)
    at = line.refer(room)
    again = agent.dial(room)
    joined_at = again.wait_answered()
    scene.wait(1)
    other = colleague.dial(room)
    other_at = other.wait_answered()
    scene.wait(2)
    call.hang_up()
    end = call.wait_ended()
    scene.wait(0.3)
    again.drop()
    other.drop()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[
            scene.span(agent, line.wait_answered(), at, member=True),
            scene.span(agent, joined_at, end),
            scene.span(colleague, other_at, end),
        ],
        transfers=[Transfer(kind="blind", source=agent.number, target=room, at=at)],
    )
    return scene.expected(told)
