"""What else phones and the PBX can do with a call: pickup, parking, a room for three."""

from __future__ import annotations

from tests.peers.calls.scene import Scene, scenario
from tests.streams.expected import Expected, Transfer


@scenario()
def pickup_from_queue(scene: Scene) -> Expected:
    """The queue rings an agent; after 2 s a colleague picks the call up (*8); 2 s later the customer hangs up."""
    agent, colleague, customer = scene.agent(1), scene.agent(2), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    agent.next_call()
    scene.wait(2)
    line = colleague.dial("*8")
    up = line.wait_answered()
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[scene.span(colleague, up, line.wait_ended())],
    )
    return scene.expected(told)


@scenario(queues={})
def pickup_of_direct(scene: Scene) -> Expected:
    """A phone rings; after 2 s a colleague picks the call up (** and its number); 2 s later the colleague hangs up."""
    agent, colleague, customer = scene.agent(1), scene.agent(2), scene.customer()
    call = customer.dial(agent.number)
    agent.next_call()
    scene.wait(2)
    line = colleague.dial(f"**{agent.number}")
    up = line.wait_answered()
    scene.wait(2)
    line.hang_up()
    told = scene.told(
        call,
        called=agent.number,
        hung_up_by="agent",
        spans=[scene.span(colleague, up, line.wait_ended())],
    )
    return scene.expected(told)


@scenario()
def parked_and_retrieved(scene: Scene) -> Expected:
    """After 2 s the agent parks the customer (REFER to 700); 3 s later a colleague takes them back; 2 s later the customer hangs up."""
    agent, colleague, customer = scene.agent(1), scene.agent(2), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(2)
    at = line.refer("700")
    place = scene.event("ParkedCall", ParkeeCallerIDNum=customer.number)["ParkingSpace"]
    scene.wait(3)
    other = colleague.dial(place)
    up = other.wait_answered()
    scene.wait(2)
    call.hang_up()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[
            scene.span(agent, line.wait_answered(), at, member=True),
            scene.span(colleague, up, other.wait_ended()),
        ],
        transfers=[Transfer(kind="blind", source=agent.number, target="700", at=at)],
    )
    return scene.expected(told)


@scenario()
def three_in_a_room(scene: Scene) -> Expected:
    """After 2 s the manager sends customer and agent into a room; 1 s later a colleague dials into it; 3 s later the customer hangs up."""
    agent, colleague, customer = scene.agent(1), scene.agent(2), scene.customer()
    call = customer.dial(f"81{scene.tag}")
    line = agent.next_call()
    line.answer()
    scene.wait(2)
    channel, extra = scene.queue_channels()
    room = f"9{scene.tag}"
    scene.action(
        "Redirect",
        Channel=channel,
        ExtraChannel=extra,
        Context="from-internal",
        ExtraContext="from-internal",
        Exten=room,
        ExtraExten=room,
        Priority="1",
        ExtraPriority="1",
    )
    scene.wait(1)
    other = colleague.dial(room)
    joined_at = other.wait_answered()
    scene.wait(3)
    call.hang_up()
    end = call.wait_ended()
    scene.wait(0.3)
    line.drop()
    other.drop()
    told = scene.told(
        call,
        called=f"81{scene.tag}",
        queue=scene.queue,
        hung_up_by="customer",
        spans=[
            scene.span(agent, line.wait_answered(), end, member=True),
            scene.span(colleague, joined_at, end),
        ],
    )
    return scene.expected(told)
