"""What the events of queues mean: callers who wait, members who are called and answer, what members do."""

from __future__ import annotations

from collections.abc import Callable

from telephony import sentences
from telephony.callbook import CallBook
from telephony.channels import Channel
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.parts import QueueEnd, Visit


class QueueEvents:
    """Handlers of queue events. Times in seconds since 1970."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def handlers(self) -> dict[str, Callable[[Message, float], None]]:
        member = self._book.agents.member
        return {
            "QueueCallerJoin": self._join,
            "QueueCallerLeave": self._leave,
            "QueueCallerAbandon": self._abandon,
            "AgentCalled": self._agent_called,
            "AgentConnect": self._agent_connect,
            "AgentComplete": self._agent_complete,
            "QueueMemberAdded": member,
            "QueueMemberStatus": member,
            "QueueMemberPause": member,
            "QueueMemberPaused": member,
            "QueueMemberPenalty": member,
            "QueueMemberRinginuse": member,
            "QueueMemberRemoved": self._book.agents.removed,
        }

    def _join(self, message: Message, at: float) -> None:
        if (channel := self._book.channel(message, at=at)) is None:
            return
        call, queue = self._book.call_of[channel.uniqueid], message.get("Queue")
        for visit in call.visits:
            if visit.uniqueid == channel.uniqueid and visit.queue == queue and visit.left_at is None:
                visit.join_unseen = False
                return
        call.visits.append(Visit(uniqueid=channel.uniqueid, queue=queue, joined_at=at))
        call.queue_status = ""
        self._book.note(call, sentences.JOINED_QUEUE, at, queue=queue)

    def _leave(self, message: Message, at: float) -> None:
        if (visit := self._visit(message, at)) is not None and visit.left_at is None:
            visit.left_at = max(at, visit.joined_at)
            self._book.note(self._book.call_of[visit.uniqueid], sentences.LEFT_QUEUE, at, queue=visit.queue)

    def _abandon(self, message: Message, at: float) -> None:
        if (visit := self._visit(message, at)) is not None and not visit.connected:
            visit.left_at, visit.abandoned = max(at, visit.joined_at), True
            self._book.note(self._book.call_of[visit.uniqueid], sentences.GAVE_UP_QUEUE, at, queue=visit.queue)

    def _visit(self, message: Message, at: float) -> Visit | None:
        """The caller's last visit to the queue that the message names."""
        channel = self._book.channel(message, at=at)
        if channel is None:
            return None
        queue, call = message.get("Queue"), self._book.call_of[channel.uniqueid]
        here = [visit for visit in call.visits if visit.queue == queue and visit.uniqueid == channel.uniqueid]
        return here[-1] if here else self._join_unseen(call, channel, queue, at)

    def _join_unseen(self, call: CallHistory, channel: Channel, queue: str, at: float) -> Visit | None:
        """The caller is in a queue that they were not seen to enter: since the dialplan took them there."""
        if channel.queue_at is None or call.last_queue != queue:
            if not call.is_in_gap(call.started_at, at):
                self._book.gap(call, call.started_at, at)
            call.last_queue = call.last_queue or queue
            return None
        visit = Visit(uniqueid=channel.uniqueid, queue=queue, joined_at=channel.queue_at, join_unseen=True)
        call.visits.append(visit)
        return visit

    def _agent_called(self, message: Message, at: float) -> None:
        self._visit(message, at)
        agent = self._book.channel(message, "Dest", at=at)
        taken_over = agent is not None and not agent.dialled and message.name == "AgentConnect"  # by a pickup
        if agent is not None and message.get("Interface") and not taken_over:
            agent.dialled = True
            agent.member_interface, agent.member_name = message.get("Interface"), message.get("MemberName")
            if agent.is_local and message.name == "AgentConnect":
                self._name_phone_behind(agent)

    def _name_phone_behind(self, local: Channel) -> None:
        """The phone that a Local member's second end called is the member's, also where AgentCalled was lost."""
        far = self._book.board.other_end(local.uniqueid)
        call = self._book.call_of[local.uniqueid]
        for dial in call.dials if far is not None else ():
            phone = call.channels.get(dial.target)
            answered = dial.status == "ANSWER" and far is not None and dial.caller == far.uniqueid
            if answered and phone is not None and phone.member_interface is None:
                phone.member_interface, phone.member_name = local.member_interface, local.member_name

    def _agent_connect(self, message: Message, at: float) -> None:
        self._agent_called(message, at)
        if (visit := self._visit(message, at)) is not None:
            visit.connected, visit.abandoned = True, False
            visit.left_at = max(at, visit.joined_at) if visit.left_at is None else visit.left_at
            self._book.touched[self._book.call_of[visit.uniqueid].linked_id] = None

    def _agent_complete(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        call, member = self._book.call_of[channel.uniqueid], message.get("Interface")
        # Dest* is left out when the agent's Hangup came first
        agent = message.get("DestUniqueid") or next(
            (span.channel.uniqueid for span in reversed(call.spans) if span.channel.member_interface == member), ""
        )
        reason = message.get("Reason")
        if (visit := self._visit(message, at)) is not None:
            visit.connected, visit.abandoned = True, False
        call.queue_ends.append(QueueEnd(uniqueid=agent, reason=reason, at=at))
        self._book.note(call, sentences.AGENT_COMPLETE, at, agent=member, reason=reason)
