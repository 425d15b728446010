"""Everything that the page of one call shows."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from avasanj.i18n import RTL
from avasanj.people import StuckWork, User
from crm_sync.tables import Customer, FollowUp, TimelineEntry
from dashboard.access import Person, owned, visible_calls, visible_evaluations
from dashboard.queries.call_customer import CustomerFacts, candidates_of, facts_of
from dashboard.queries.calls import stage
from dashboard.queries.course import Muting, Step, muting, steps
from dashboard.queries.forms import Form, forms_of
from dashboard.queries.script import Break, ShownTurn, in_order, shown
from dashboard.queries.topics import AboutCall
from dashboard.queries.topics import of_call as about_call
from scoring.learning import gold
from scoring.surveys.tables import Survey
from scoring.tables import Evaluation, Mood
from telephony.tables import Call
from transcription import live_turns, versions
from transcription.corrections import history
from transcription.exports import dropped
from transcription.tables import LiveTurn, Measures, Playback, Rehearing, Transcript, Turn

Stretch = tuple[float, float]

#: twice as loud to the ear is 10 dB; a third of an octave is heard by everyone
_LOUDER_DB, _HIGHER_ST = 6.0, 4.0


@dataclass(frozen=True, kw_only=True)
class CallDetail:
    """One call with all that is known of it."""

    call: Call
    facts: CustomerFacts | None
    candidates: list[Customer]
    playback: Playback | None
    transcript: Transcript | None
    shown: list[ShownTurn]  #: its turns as the page has them
    versions: list[Transcript]  #: all transcripts of the call, without their turns, newest first
    rehearings: list[Rehearing]  #: transcripts that were asked for and are not there, newest first
    live: list[LiveTurn]  #: what was heard while the call ran, until it has its transcript
    measures: Measures | None
    mood: Mood | None
    about: AboutCall
    survey: Survey | None  #: what the customer answered when asked
    forms: list[Form]  #: the evaluations that the person who asks may see, with what they may do with them
    labels: gold.Labels | None  #: what people said of the customer's mood; None for agents
    evaluated: bool  #: whether there are any, for whomever
    follow_ups: list[FollowUp]
    mine: set[uuid.UUID]  #: of these, the ones that are the asking person's
    owners: dict[uuid.UUID, str]
    stuck: list[StuckWork]
    muting: Muting | None
    repeats: Call | None  #: the customer's call before, if this one repeats it and the person may see it
    repeated_by: Call | None  #: the one after, likewise

    @property
    def evaluations(self) -> list[Evaluation]:
        return [form.evaluation for form in self.forms]

    @property
    def agents(self) -> list[str]:
        named = (span.agent_name or span.interface for span in self.call.spans)
        return list(dict.fromkeys(name for name in named if name))

    @property
    def problems(self) -> list[str]:
        """What is wrong with the recordings, in words."""
        own = [recording.problem for recording in self.call.recordings if recording.problem]
        own += [self.call.recordings_problem] if self.call.recordings_problem else []
        warning = self.playback.warning.splitlines() if self.playback and self.playback.warning else []
        return list(dict.fromkeys(own + warning))

    @property
    def stage(self) -> str | None:
        usable = any(recording.problem is None for recording in self.call.recordings)
        judged = self.mood is not None or self.evaluated
        return stage(
            self.call,
            usable=usable,
            recorded=bool(self.call.recordings),
            transcript=self.transcript is not None,
            judged=judged,
            stuck=bool(self.stuck),
        )

    @property
    def negatives(self) -> dict[int, float]:
        """Probability of displeasure by the turn's position, where the customer spoke."""
        return {int(point["turn"]): float(point["negative"]) for point in (self.mood.curve if self.mood else [])}

    @property
    def to_check(self) -> int:
        return sum(answer.value == "unsure" for evaluation in self.evaluations for answer in evaluation.answers)

    @property
    def score(self) -> float | None:
        scores = [evaluation.score for evaluation in self.evaluations if evaluation.score is not None]
        return min(scores) if scores else None

    @property
    def evidence_turns(self) -> set[int]:
        """Positions of the turns that speak for dissatisfaction or for an answer."""
        spoken = [item for evaluation in self.evaluations for answer in evaluation.answers for item in answer.evidence]
        return {
            int(item["turn"])
            for item in [*(self.mood.evidence if self.mood else []), *spoken]
            if item.get("turn") is not None
        }

    @property
    def zero_s(self) -> float:
        """The playback's second 0, which is the earliest recording's, in seconds from the call's start."""
        offsets = [recording.offset_s for recording in self.call.recordings if recording.offset_s is not None]
        return min(offsets, default=0.0)

    @property
    def hold_pairs(self) -> list[Stretch]:
        start = self.call.started_at
        return self.on_player(
            (
                (hold.started_at - start).total_seconds(),
                (hold.ended_at - start).total_seconds() if hold.ended_at else None,
            )
            for hold in self.call.hold_spans
        )

    @property
    def gap_pairs(self) -> list[Stretch]:
        return self.on_player((start, end) for start, end in self.call.gaps)

    @property
    def mute_pairs(self) -> list[Stretch]:
        return self.on_player((start, end) for start, end in self.call.mutes)

    def on_player(self, stretches: Iterable[tuple[float | None, float | None]]) -> list[Stretch]:
        """Stretches in seconds from the call's start on the playback's clock, as far as they lie within it."""
        if self.playback is None:
            return []
        found, length_s = [], self.playback.duration_s
        for start, end in stretches:
            start_s = 0.0 if start is None else max(0.0, start - self.zero_s)
            end_s = length_s if end is None else min(length_s, end - self.zero_s)
            if start_s < end_s:
                found.append((round(start_s, 2), round(end_s, 2)))
        return found

    @property
    def steps(self) -> list[Step]:
        return steps(self.call)

    @property
    def longest_silence(self) -> float | None:
        """Where it begins; None where there is none of a second or more."""
        silences = self.measures.details["silences"] if self.measures else []
        return float(max(silences, key=lambda one: one[1] - one[0])[0]) if silences else None

    @property
    def raised(self) -> list[dict[str, Any]]:
        """Where the customer was clearly louder or higher than at the call's start."""
        voice = self.measures.details["voice"] if self.measures else []
        return [one for one in voice if one["level_db"] >= _LOUDER_DB or (one["pitch_st"] or 0) >= _HIGHER_ST]

    @property
    def script(self) -> list[ShownTurn | Break]:
        """The turns with the breaks between them, in order."""
        return in_order(self.shown, self.breaks)

    @property
    def breaks(self) -> list[Break]:
        """The stretches of the call that have no words, and why."""
        found = [Break(kind="gap", start_s=start, end_s=end) for start, end in self.gap_pairs]
        found += [Break(kind="mute", start_s=start, end_s=end) for start, end in self.mute_pairs]
        if self.transcript:
            found += [
                Break(kind=n.kind, start_s=n.start_s, end_s=n.end_s, party=n.party, reason=n.reason)
                for n in dropped(self.transcript)
            ]
        return found + self._cut_offs

    @property
    def _cut_offs(self) -> list[Break]:
        """Where a recording that breaks off could be heard no more."""
        if self.playback is None:
            return []
        end_s = self.playback.duration_s
        return [
            Break(kind="cut_off", start_s=round(min(at_s, end_s), 2), end_s=end_s, party=party)
            for party, at_s in self.playback.breaks_off.items()
        ]

    @property
    def words_dir(self) -> str:
        """Direction of the words that were said; a word of another script does not turn its sentence."""
        language = self.transcript.language if self.transcript else self.call.language
        return "auto" if language in (None, "auto") else "rtl" if language in RTL else "ltr"

    @property
    def turns(self) -> list[Turn]:
        return self.transcript.turns if self.transcript else []


def detail(session: Session, who: Person, call_id: uuid.UUID) -> CallDetail | None:
    """The call, or None where there is none or this person may not see it."""
    parts = (Call.spans, Call.recordings, Call.hold_spans, Call.handovers, Call.visits)
    loads = [selectinload(part) for part in parts]
    call = session.scalars(select(Call).where(Call.id == call_id, visible_calls(who)).options(*loads)).first()
    if call is None:
        return None
    entry = session.get(TimelineEntry, call_id)
    follow_ups = list(session.scalars(select(FollowUp).where(FollowUp.call_id == call_id).order_by(FollowUp.due_at)))
    of_call = Evaluation.call_id == call_id
    evaluations = select(Evaluation).where(of_call, visible_evaluations(who)).order_by(Evaluation.span_position)
    transcript = (
        select(Transcript)
        .where(Transcript.call_id == call_id, Transcript.current)
        .options(selectinload(Transcript.turns))
    )
    said = session.scalars(transcript).first()
    corrected = [turn.id for turn in said.turns if turn.corrected is not None] if said else []
    made = history(session, corrected) if corrected else {}
    by = names(session, {one.made_by for all_of_one in made.values() for one in all_of_one})
    stuck = select(StuckWork).where(StuckWork.subject_id == str(call_id), StuckWork.requeued_at.is_(None))
    return CallDetail(
        call=call,
        facts=facts_of(session, entry, call) if entry else None,
        candidates=candidates_of(session, entry) if entry else [],
        playback=session.get(Playback, call_id),
        transcript=said,
        shown=shown(said, who.site.settings.unsure_below, made, by),
        versions=versions.of_call(session, call_id),
        rehearings=versions.open_rehearings(session, call_id),
        live=[turn for turn in live_turns.of_call(session, call_id) if turn.text],
        measures=session.get(Measures, call_id),
        mood=session.get(Mood, call_id),
        about=about_call(session, who, call_id),
        survey=session.get(Survey, call_id),
        evaluated=bool(session.scalar(select(select(Evaluation.id).where(of_call).exists()))),
        forms=forms_of(session, who, session.scalars(evaluations.options(selectinload(Evaluation.answers))).all()),
        labels=gold.labels_of(session, call_id) if who.supervises else None,
        follow_ups=follow_ups,
        mine=set(session.scalars(select(FollowUp.id).where(FollowUp.call_id == call_id, owned(who)))),
        owners=names(session, {f.owner_id for f in follow_ups} | {f.closed_by for f in follow_ups}),
        stuck=list(session.scalars(stuck)),
        muting=muting(session, call),
        repeats=_seen(session, who, Call.id == call.repeat_of) if call.repeat_of else None,
        repeated_by=_seen(session, who, Call.repeat_of == call.id),
    )


def _seen(session: Session, who: Person, wanted: ColumnElement[bool]) -> Call | None:
    """The earliest such call that this person may see."""
    return session.scalars(select(Call).where(wanted, visible_calls(who)).order_by(Call.started_at).limit(1)).first()


def may_see(session: Session, who: Person, call_id: uuid.UUID) -> bool:
    return bool(session.scalar(select(select(Call.id).where(Call.id == call_id, visible_calls(who)).exists())))


def playback_path(session: Session, who: Person, call_id: uuid.UUID) -> str | None:
    """The playback file's path below the media folder, or None without one or without the right to hear it."""
    return session.scalar(
        select(Playback.path).join(Call, Call.id == Playback.call_id).where(Call.id == call_id, visible_calls(who))
    )


def names(session: Session, ids: set[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Names of users by id."""
    rows: Any = session.execute(select(User.id, User.name).where(User.id.in_({found for found in ids if found})))
    return {found.id: found.name for found in rows}


def position_of(session: Session, who: Person, call_id: uuid.UUID, turn_id: int) -> int | None:
    """Where a turn of the call's current transcript stands; None for one that is not there or not theirs to see."""
    query = select(Turn.position).join(Transcript).join(Call, Call.id == Transcript.call_id)
    return session.scalar(
        query.where(Turn.id == turn_id, Transcript.current, Call.id == call_id, visible_calls(who)).limit(1)
    )
