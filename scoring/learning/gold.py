"""Labels that the center's people give to customers' turns and to whole calls. What they say is what the heads learn from.

A person's newest label of a turn or call counts. Text, the turns before it and what the ledger said are kept with the label: a call
that is heard again may get other turns under the same positions.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, selectinload

from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.login import audit
from scoring import dialogue
from scoring.heads import ATTITUDES
from scoring.history import LOOKED_BACK
from scoring.learning.tables import GoldCall, GoldTurn
from telephony.tables import Call
from transcription.tables import Transcript, Turn

ANGER_AT = ("agent", "company", "other")
#: Turns kept with a label: as many as `scoring.history` looks back over, of both parties, and the one that was answered.
KEPT_BEFORE = 2 * (LOOKED_BACK + 1)
#: Calls of the same customer this long before count as "called before", as when the call was scored.
REPEAT = datetime.timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What people said of one call, the newest first. `stale` of a turn: its words have changed since."""

    turns: Sequence[GoldTurn]
    calls: Sequence[GoldCall]
    stale: frozenset[int]  #: ids of labels whose text is no longer what stands at their position

    def of_turn(self, position: int, by: uuid.UUID | None = None) -> GoldTurn | None:
        """The newest label of the words that stand there now; of one person, with `by`."""
        fitting = (one for one in self.turns if one.position == position and one.id not in self.stale)
        return next((one for one in fitting if by is None or one.made_by == by), None)

    def of_call(self, by: uuid.UUID | None = None) -> GoldCall | None:
        """The newest label of the whole call; of one person, with `by`."""
        return next((one for one in self.calls if by is None or one.made_by == by), None)


def label_turn(
    session: Session,
    call_id: uuid.UUID,
    position: int,
    by: uuid.UUID,
    *,
    label: str | None = None,
    satisfaction: int | None = None,
) -> GoldTurn | None:
    """Keep what `by` says of the customer's turn at `position`; with neither label nor satisfaction, take it back (None).

    Raises InputError for a turn that isn't there or is the agent's, and for values that the guide doesn't know.
    """
    if label is not None and label not in ATTITUDES:
        raise InputError(
            N_("An attitude is one of %(known)s; it is %(given)s."), known=", ".join(ATTITUDES), given=repr(label)
        )
    _check_satisfaction(satisfaction)
    transcript = _transcript(session, call_id)
    at = next((n for n, turn in enumerate(transcript.turns) if turn.position == position), None)
    if at is None or not transcript.turns[at].said.strip():
        raise InputError(N_("The call has no words at turn %(turn)s. Load the page again."), turn=position + 1)
    if transcript.turns[at].party == dialogue.AGENT:
        raise InputError(N_("Turn %(turn)s is the agent's. Label a turn of the customer's."), turn=position + 1)
    session.execute(
        delete(GoldTurn).where(GoldTurn.call_id == call_id, GoldTurn.position == position, GoldTurn.made_by == by)
    )
    if label is None and satisfaction is None:
        audit(session, by, "gold.turn_taken_back", call_id, turn=position)
        return None
    earlier = transcript.turns[:at]
    made = GoldTurn(
        call_id=call_id, position=position, label=label, satisfaction=satisfaction, text=transcript.turns[at].said,
        agent=next((turn.said for turn in reversed(earlier) if turn.party == dialogue.AGENT), ""),
        before=[{"party": turn.party, "text": turn.said} for turn in earlier[-KEPT_BEFORE:]],
        language=transcript.language, queue=session.scalar(select(Call.queue).where(Call.id == call_id)), made_by=by, made_at=utc_now(),
    )  # fmt: skip
    session.add(made)
    audit(session, by, "gold.turn", call_id, turn=position, label=label, satisfaction=satisfaction)
    session.flush()
    return made


def label_call(
    session: Session,
    call_id: uuid.UUID,
    by: uuid.UUID,
    *,
    satisfaction: int | None,
    anger_at: str | None = None,
) -> GoldCall | None:
    """Keep how content `by` says the customer was as the call ended; without a satisfaction, take it back (None).

    Raises InputError for a call without a transcript, and for values that the guide doesn't know.
    """
    _check_satisfaction(satisfaction)
    if anger_at is not None and anger_at not in ANGER_AT:
        raise InputError(
            N_("Anger is at one of %(known)s; it is %(given)s."), known=", ".join(ANGER_AT), given=repr(anger_at)
        )
    transcript = _transcript(session, call_id)
    session.execute(delete(GoldCall).where(GoldCall.call_id == call_id, GoldCall.made_by == by))
    if satisfaction is None:
        audit(session, by, "gold.call_taken_back", call_id)
        return None
    call = session.get_one(Call, call_id)
    made = GoldCall(
        call_id=call_id, satisfaction=satisfaction, anger_at=anger_at, turns=[_kept(turn) for turn in transcript.turns],
        line={
            "wait_s": call.wait_s or 0.0, "hold_s": call.hold_s or 0.0, "transfers": call.transfers,
            "earlier_calls": _earlier_calls(session, call),
        },
        language=transcript.language, queue=call.queue, made_by=by, made_at=utc_now(),
    )  # fmt: skip
    session.add(made)
    audit(session, by, "gold.call", call_id, satisfaction=satisfaction, anger_at=anger_at)
    session.flush()
    return made


def labels_of(session: Session, call_id: uuid.UUID) -> Labels:
    """What people said of the call, the newest first."""
    turns = session.scalars(
        select(GoldTurn).where(GoldTurn.call_id == call_id).order_by(GoldTurn.made_at.desc(), GoldTurn.id.desc())
    ).all()
    calls = session.scalars(
        select(GoldCall).where(GoldCall.call_id == call_id).order_by(GoldCall.made_at.desc(), GoldCall.id.desc())
    ).all()
    now: dict[int, str] = {}
    if turns:
        query = select(Transcript).where(Transcript.call_id == call_id, Transcript.current)
        if (transcript := session.scalar(query.options(selectinload(Transcript.turns)))) is not None:
            now = {turn.position: turn.said for turn in transcript.turns}
    return Labels(
        turns=turns, calls=calls, stale=frozenset(one.id for one in turns if now.get(one.position) != one.text)
    )


def _check_satisfaction(value: int | None) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
        raise InputError(N_("Satisfaction is a whole number from 1 to 5; it is %(given)s."), given=repr(value))


def _transcript(session: Session, call_id: uuid.UUID) -> Transcript:
    query = select(Transcript).where(Transcript.call_id == call_id, Transcript.current)
    found = session.scalar(query.options(selectinload(Transcript.turns)))
    if found is None or not any(turn.said.strip() for turn in found.turns):
        raise InputError(N_("The call has no transcript yet, so there are no words to label."))
    return found


def _kept(turn: Turn) -> dict[str, object]:
    return {"party": turn.party, "start_s": turn.start_s, "end_s": turn.end_s, "text": turn.said}


def _earlier_calls(session: Session, call: Call) -> int:
    if call.direction != "inbound" or not call.customer_e164:
        return 0
    before = (
        Call.customer_e164 == call.customer_e164,
        Call.started_at < call.started_at,
        Call.started_at >= call.started_at - REPEAT,
        Call.direction == "inbound",
    )
    return session.scalar(select(func.count()).select_from(Call).where(*before)) or 0
