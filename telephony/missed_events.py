"""What of an ended call must have been missed though its connection was never away, marked by gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telephony import contradictions, sentences, unseen
from telephony.history import CallHistory
from telephony.tables import ActivityState

if TYPE_CHECKING:
    from telephony.callbook import CallBook


def mark(book: CallBook, call: CallHistory) -> None:
    """Note what does not fit together, and talks of which nothing tells: that they were is known, how long they were is not."""
    for started_at, ended_at in list(contradictions.found(call)):
        if not call.is_in_gap(started_at, ended_at):
            book.gap(call, started_at, ended_at)
            book.note(call, sentences.CONTRADICTED, ended_at)
    for talk in list(unseen.talks(call, book.numbering)):
        book.gap(call, talk.started_at, talk.ended_at)
        call.unseen_at = talk.started_at if call.unseen_at is None else min(call.unseen_at, talk.started_at)
        if not call.spans:
            call.proven_agent = call.proven_agent or talk.agent.interface
        if book.numbering.is_inside(talk.agent):
            book.agents.did_unseen(ActivityState.TALKING, talk.agent, call.linked_id, talk.started_at, talk.ended_at)
        book.note(call, sentences.UNSEEN_TALK, talk.started_at, agent=talk.agent.interface)
