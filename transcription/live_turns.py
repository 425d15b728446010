"""What was heard while a call ran: kept, shown, and taken over when the call is over."""

from __future__ import annotations

import datetime
import itertools
import math
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from avasanj.notify import announce
from telephony.tables import Call
from transcription.believing import Recognised
from transcription.clock import second_on_clock
from transcription.engine import SpeechEngine
from transcription.heard import Heard, Spoken, note
from transcription.legs import Leg
from transcription.tables import LiveTurn, Transcript
from transcription.windows import Utterance, Window
from transcription.words import Word

#: a stretch is taken over where what was heard live covers this much of it ...
_COVERED = 0.9
#: ... and so much of each of its parts, since a short "yes" beside a long sentence is not to be lost
_OF_EACH = 0.5
#: ... and goes no further beyond it: the live look and the later one may part speech differently
_BEYOND_S = 0.3
_KEPT = datetime.timedelta(days=7)
#: so much of two stretches may be the same, since the detector's edges are not sharper
_TOUCH_S = 0.1


def keep(session: Session, rows: Sequence[LiveTurn]) -> None:
    """Save and announce, unless the call has its transcript already. Saving again changes nothing.

    A stretch is kept once, however often the file is followed from its beginning; what was said while the recording was
    muted is not kept at all.
    """
    for call_id, mine in itertools.groupby(sorted(rows, key=lambda row: row.call_id), key=lambda row: row.call_id):
        _one_at_a_time(session, call_id)
        call = session.get(Call, call_id)
        done = select(Transcript.id).where(Transcript.call_id == call_id, Transcript.current).exists()
        if call is None or session.scalar(select(done)):
            continue
        for row in mine:
            if _is_muted(row, _mutes(call)) or _is_there(session, row):
                continue
            columns = [c.name for c in LiveTurn.__table__.columns if c.name not in ("id", "heard_at")]
            values = {name: getattr(row, name) for name in columns}
            session.execute(insert(LiveTurn).values(values).on_conflict_do_nothing())
            announce(session, "call", call_id)


def of_call(session: Session, call_id: uuid.UUID) -> list[LiveTurn]:
    """In the order in which they were said, without those of a mute that was told of after they had been heard."""
    call = session.get(Call, call_id)
    mutes = _mutes(call) if call is not None else []
    found = session.scalars(select(LiveTurn).where(LiveTurn.call_id == call_id).order_by(LiveTurn.at_s))
    return [turn for turn in found if not _is_muted(turn, mutes)]


def heard_until_s(session: Session, call_id: uuid.UUID, file: str, engine: SpeechEngine) -> float:
    """Up to which second of the file this engine's model has heard the call already; 0.0 for one that is new."""
    same = (LiveTurn.model_version == engine.version,)
    mine = select(func.max(LiveTurn.end_s)).where(LiveTurn.call_id == call_id, LiveTurn.file == file, *same)
    return session.scalar(mine) or 0.0


def forget(session: Session, call_id: uuid.UUID, *, file: str | None = None) -> None:
    """The call has its transcript; or what was heard of it, or of one file, is not so any more."""
    _one_at_a_time(session, call_id)
    mine = LiveTurn.call_id == call_id
    session.execute(delete(LiveTurn).where(mine if file is None else mine & (LiveTurn.file == file)))


def forget_old(session: Session) -> None:
    """Of calls that never got a transcript: what was heard live was meant for the time until then."""
    session.execute(delete(LiveTurn).where(LiveTurn.heard_at < utc_now() - _KEPT))


def forget_muted(session: Session, call_id: uuid.UUID) -> None:
    """Remove what was heard before the PBX told that the recording was muted."""
    _one_at_a_time(session, call_id)
    call = session.get_one(Call, call_id)
    for turn in session.scalars(select(LiveTurn).where(LiveTurn.call_id == call_id)):
        if _is_muted(turn, _mutes(call)):
            session.delete(turn)
            announce(session, "call", call_id)


def turns_of(
    call_id: uuid.UUID, leg: Leg, kept: str, window: Window, result: Recognised, engine: SpeechEngine
) -> list[LiveTurn]:
    """The window's stretches as rows, each on the file's own clock; a stretch without words is a row without text, so
    that it isn't heard again.
    """
    on_file = Leg(recording_id=leg.recording_id, party=leg.party, path=leg.path, channel=leg.channel, start_s=0.0)
    heard = Heard(spoken=[], dropped=[], problems={})
    note(on_file, window, result, heard)
    said = {spoken.start_s: spoken for spoken in heard.spoken}
    rows = []
    for place in window.placed:
        spoken = said.get(round(place.span.start_s, 3))
        if spoken is None and (result.invented or heard.dropped):
            continue  # the later transcript says what was dropped and why
        rows.append(
            LiveTurn(
                call_id=call_id,
                file=kept,
                party=leg.party.value,
                start_s=round(place.span.start_s, 3),
                end_s=round(place.span.end_s, 3),
                at_s=round(second_on_clock(place.span.start_s, start_s=leg.start_s, cuts=leg.cuts), 3),
                text=spoken.text if spoken else "",
                confidence=spoken.confidence if spoken else 1.0,
                words=[[w.text.strip(), w.start_s, w.end_s, w.probability] for w in spoken.words] if spoken else [],
                model=engine.name,
                model_version=engine.version,
            )
        )
    return rows


def _one_at_a_time(session: Session, call_id: uuid.UUID) -> None:
    """Until the transaction's end: a transcript that is saved meanwhile would leave a row behind that it did not see."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"live_turn:{call_id}"))))


def _is_there(session: Session, row: LiveTurn) -> bool:
    """Whether something is kept of the same stretch of the file."""
    meets = (LiveTurn.start_s < row.end_s - _TOUCH_S, LiveTurn.end_s > row.start_s + _TOUCH_S)
    same = select(LiveTurn.id).where(LiveTurn.call_id == row.call_id, LiveTurn.file == row.file, *meets)
    return bool(session.scalar(select(same.exists())))


def _mutes(call: Call) -> list[tuple[float, float]]:
    """Seconds from the call's start."""
    return [(a if a is not None else -math.inf, b if b is not None else math.inf) for a, b in call.mutes or ()]


def _is_muted(turn: LiveTurn, mutes: Sequence[tuple[float, float]]) -> bool:
    end_s = turn.at_s + turn.end_s - turn.start_s
    return any(min(end_s, to_s) - max(turn.at_s, from_s) > _TOUCH_S for from_s, to_s in mutes)


@dataclass
class Reuse:
    """Gives the later transcript what was heard live by the same model, and counts it."""

    by_file: Mapping[str, Sequence[LiveTurn]] = field(default_factory=dict)
    seconds: float = 0.0

    def __call__(self, leg: Leg, utterance: Utterance) -> Sequence[Spoken] | None:
        turns = [turn for turn in self.by_file.get(leg.kept or str(leg.path), ()) if turn.party == leg.party]
        found = covering(leg, utterance, turns)
        if found is not None:
            self.seconds += sum(span.end_s - span.start_s for span in utterance.spans)
        return found


def reuse(session: Session, call_id: uuid.UUID, engine: SpeechEngine) -> Reuse:
    """What this engine's model heard while the call ran; in which arithmetic, does not matter: it may change with loading."""
    by_file: dict[str, list[LiveTurn]] = defaultdict(list)
    for turn in of_call(session, call_id):
        if turn.model_version == engine.version:
            by_file[turn.file].append(turn)
    return Reuse(by_file=by_file)


def covering(leg: Leg, utterance: Utterance, turns: Sequence[LiveTurn]) -> Sequence[Spoken] | None:
    """The live turns that say just this utterance, on the playback's clock; None where they don't."""

    def at(file_s: float) -> float:
        return second_on_clock(file_s, start_s=leg.start_s, cuts=leg.cuts)

    first = leg.start_s + utterance.spans[0].start_s
    last = leg.start_s + utterance.spans[-1].end_s
    within = [(at(turn.start_s), at(turn.end_s), turn) for turn in turns]
    within = [one for one in within if one[0] < last and one[1] > first]
    if not within or within[0][0] < first - _BEYOND_S or within[-1][1] > last + _BEYOND_S:
        return None
    if any(later[0] < earlier[1] - _TOUCH_S for earlier, later in itertools.pairwise(within)):
        return None  # the same was heard twice
    lengths_s = [span.end_s - span.start_s for span in utterance.spans]
    covered_s = [
        sum(max(0.0, min(end, leg.start_s + s.end_s) - max(start, leg.start_s + s.start_s)) for start, end, _ in within)
        for s in utterance.spans
    ]
    a_part_is_missing = any(c < _OF_EACH * length_s for c, length_s in zip(covered_s, lengths_s, strict=True))
    if a_part_is_missing or sum(covered_s) < _COVERED * sum(lengths_s):
        return None
    return [_spoken(leg, start, end, turn) for start, end, turn in within if turn.text]


def _spoken(leg: Leg, start_s: float, end_s: float, turn: LiveTurn) -> Spoken:
    shift_s = start_s - turn.start_s
    return Spoken(
        party=leg.party,
        start_s=round(start_s, 3),
        end_s=round(end_s, 3),
        text=turn.text,
        confidence=turn.confidence,
        words=tuple(
            Word(text=f" {text}", start_s=round(a + shift_s, 2), end_s=round(b + shift_s, 2), probability=p)
            for text, a, b, p in turn.words
        ),
    )
