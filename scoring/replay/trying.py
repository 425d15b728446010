"""A form or other heads tried on one stored call, beside what stands. Pure: data to data, and nothing is kept here."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from avasanj.errors import PassingError
from avasanj.i18n import N_
from scoring import evaluation
from scoring.answers import because
from scoring.applies import Occasion, choose
from scoring.asking import Asks
from scoring.dialogue import MIXED
from scoring.marks import result, share
from scoring.mood import Encodes
from scoring.questions import Setting, hearing
from scoring.replay.before import Stood, StoodAnswer
from scoring.replay.reading import StoredCall
from scoring.reviews.over import PERSON, counts, stand
from scoring.scorecard import Answered, Question, Scorecard
from scoring.search_text import prepare_all
from scoring.spans import AgentPart, parts
from scoring.stage import kept_out

NOT_ASKED = N_("The language model was not asked in this replay")
BY_PERSON = N_("Answered by a person")
#: Why a part comes out otherwise though the form is the same, or without any answer being another.
NOTES = {
    "words": N_("The call's words were corrected or heard anew since it was scored"),
    "model": N_("A language model had answered, and was not asked again"),
    "program": N_("This version of Avasanj answers otherwise than the one that scored the call"),
    "weights": N_("The answers are the same; the questions weigh otherwise"),
}


@dataclass(frozen=True, eq=False)
class Form:
    """A form with what is looked up in it for every call."""

    card: Scorecard

    @cached_property
    def questions(self) -> dict[str, Question]:
        return {question.key: question for question in self.card.questions}

    @cached_property
    def versions(self) -> dict[str, str]:
        return {key: evaluation.version_of(question) for key, question in self.questions.items()}

    @cached_property
    def asks(self) -> bool:
        """Whether a language model could be asked."""
        return any(question.ask for question in self.questions.values())


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What is tried: a form in the place of its published version, and the one computed beside it, if any."""

    form: Form
    others: tuple[Scorecard, ...]  #: the other published forms, among which a call's is chosen
    beside: Form | None = None
    earlier: Mapping[int, Scorecard] = field(
        default_factory=dict
    )  #: all versions of the form, by which calls were scored before
    agents: tuple[str, ...] = ()  #: only their parts; empty: all


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One part of a call before and after."""

    part: AgentPart
    before: Stood | None
    after: Stood | None
    changes: tuple[Mapping[str, Any], ...]
    note: str | None


class Remembered:
    """A language model's answers of then: nobody is asked again, and its quotes are looked for in the words of today."""

    def __init__(self, answers: Mapping[str, StoodAnswer]) -> None:
        self.name = next((one.model for one in answers.values() if one.model), "")
        self._rows = [
            {"question": key, "answer": one.value, "quote": seen.get("words", "")}
            for key, one in answers.items()
            for seen in one.evidence[:1]
        ]

    def complete(self, task: str, text: str) -> str:
        del task, text
        if not self._rows:
            raise PassingError(NOT_ASKED)
        return json.dumps({"answers": self._rows})


def try_card(
    stored: StoredCall, tried: Tried, before: Mapping[int, Stood], encoder: Encodes, model: Asks | None = None
) -> list[Outcome]:
    """Each part of the call that the form is for, or was judged by it before. `before` is by the part's place."""
    prepare_all([turn.text for turn in stored.turns])  # in one go, for all questions of all forms
    heard = hearing(stored.turns, too_weak=stored.heard.too_weak)
    guessed = stored.heard.speakers_guessed
    turns = [dataclasses.replace(turn, party=MIXED) for turn in stored.turns] if guessed else stored.turns
    why_not = kept_out(stored.call, turns, heard, guessed=guessed)
    setting = Setting(encoder=encoder, heard=heard, language=stored.heard.language, model=model)
    found = []
    for part in parts(stored.call, turns, sound=stored.sound, earlier_calls=stored.earlier_calls):
        if tried.agents and not {part.name, part.interface} & {*tried.agents}:
            continue
        stood = before.get(part.position)
        if tried.beside is not None:
            stood = _judged(stored, part, tried.beside, tried, stood, setting, why_not)
        after = _judged(stored, part, tried.form, tried, before.get(part.position), setting, why_not)
        if stood is not None or after is not None:
            found.append(_outcome(stored, part, tried, stood, after))
    return found


def _judged(
    stored: StoredCall,
    part: AgentPart,
    form: Form,
    tried: Tried,
    stood: Stood | None,
    setting: Setting,
    why_not: Sequence[str],
) -> Stood | None:
    """What the form comes to, people's answers over the machine's; None where another form suits the part better."""
    occasion = Occasion(queue=part.queue, direction=stored.call.direction, language=stored.heard.language)
    card, versions = form.card, form.versions
    if not _is_for(card, tried.others, occasion):
        # where the version that stands would not be chosen today either, that is not the draft's doing
        old = tried.earlier.get(stood.version) if stood else None
        if old is None or _is_for(old, tried.others, occasion):
            return None
    known = stood.answers if stood else {}
    if setting.model is None and form.asks:
        kept = {
            key: one
            for key, one in known.items()
            if one.by_language_model and one.version == versions.get(key) and one.transcript == str(stored.heard.id)
        }
        setting = dataclasses.replace(setting, model=Remembered(kept))
    filled = evaluation.fill(part, card, setting, why_not)
    given = {
        key: theirs
        for key, (theirs, version) in (stood.given if stood else {}).items()
        if key in versions and versions[key] == version
    }
    if not given:
        return _stood(form, filled.answers, counted=not filled.kept_out)
    with_people = stand(card, {one.question.key: one for one in filled.answers}, given)
    counted = counts([{"id": reason} for reason in filled.kept_out], with_people)
    return _stood(form, [one.answer for one in with_people], counted=counted)


def _is_for(card: Scorecard, others: Sequence[Scorecard], occasion: Occasion) -> bool:
    return any(one is card for one in choose([*others, card], occasion))


def _stood(form: Form, answers: Sequence[Answered], *, counted: bool) -> Stood:
    came_to = result(form.card, answers)
    return Stood(
        version=form.card.version,
        score=came_to.score,
        passed=came_to.passed,
        failed=came_to.failed,
        counts=counted,
        answers={
            one.question.key: StoodAnswer(
                value=one.value,
                method=one.method,
                version=form.versions[one.question.key],
                transcript=None,
                model=one.model,
                reason=one.reason,
                evidence=one.evidence,
                machine=None,
            )
            for one in answers
        },
    )


def _outcome(stored: StoredCall, part: AgentPart, tried: Tried, before: Stood | None, after: Stood | None) -> Outcome:
    changes = tuple(_changes(tried, before, after)) if before and after else ()
    note = _note(stored, before, after, changes) if before and after else None
    return Outcome(part=part, before=before, after=after, changes=changes, note=note)


def _changes(tried: Tried, before: Stood, after: Stood) -> list[Mapping[str, Any]]:
    """The questions that are answered otherwise, in the form's order, then those that are gone."""
    questions = tried.form.questions
    found = []
    for key in [*questions, *(key for key in before.answers if key not in questions)]:
        old, new = before.answers.get(key), after.answers.get(key)
        if old is not None and new is not None and old.value == new.value:
            continue
        if old is None and new is None:
            continue
        found.append(_change(questions.get(key), key, old, new))
    return found


def _change(question: Question | None, key: str, old: StoodAnswer | None, new: StoodAnswer | None) -> Mapping[str, Any]:
    made: dict[str, Any] = {"q": key, "b": old.value if old else None, "a": new.value if new else None}
    if question is not None and old is not None and new is not None:
        one, other = share(question, old.value), share(question, new.value)
        if one is not None and other is not None:
            made["d"] = round((other - one) * question.weight, 3)
    if old is not None and new is not None:  # of a question that came or went, the reason is that it came or went
        made |= {"why": _reason(new), "was": _reason(old)}
        if new.evidence:
            seen = new.evidence[0]
            made["at"] = [seen["party"], seen["turn"], seen["start_s"], seen["end_s"], seen.get("words", "")]
    return made


def _reason(one: StoodAnswer) -> Mapping[str, Any] | None:
    """Why, as a message; a person's answer has none but that it is a person's."""
    return because(BY_PERSON) if one.method == PERSON else (one.reason or None)


def _note(stored: StoredCall, before: Stood, after: Stood, changes: Sequence[Mapping[str, Any]]) -> str | None:
    if not changes:
        return "weights" if before.score != after.score and before.version != after.version else None
    if before.made_at is None or before.version != after.version:
        return None
    if stored.heard.changed_at > before.made_at:
        return "words"
    by_model = any((old := before.answers.get(one["q"])) is not None and old.by_language_model for one in changes)
    return "model" if by_model else "program"
