"""One scorecard over one agent's part of a call: each question answered with its evidence, its confidence and its reason.

The machine says no only where it could hear well; otherwise it is unsure and a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from avasanj.i18n import N_
from scoring import answers as say
from scoring.answers import answer, because, sure
from scoring.asking import Asks, ask_all
from scoring.dialogue import MIXED, Turn
from scoring.likeness import likest
from scoring.marks import asked
from scoring.mood import Encodes
from scoring.rules import Found, Stretch, heard, look, windows
from scoring.scorecard import ANYONE, NA, NO, UNSURE, YES, Answered, Heard, Kind, Quantity, Question, Scorecard

RULE_CONFIDENCE = 0.95
LIKE_CONFIDENCE = 0.8
ABSENCE_CONFIDENCE = 0.8
#: Mean token probability of a transcript below which words that were not found may have been said all the same.
HEARD_WELL = 0.55
HEARD, FORBIDDEN = N_("Heard: “%(words)s”"), N_("Heard words that are not allowed: “%(words)s”")
DISCOURTEOUS = N_("Heard: “%(words)s”, which is not courteous")
ALIKE = N_("Means the same as an example: “%(words)s”")
PERHAPS, MISSING = N_("Perhaps said: “%(words)s”; please listen"), N_("Nothing of the kind was heard")
NONE_HEARD = N_("No such word was heard")
UNHEARD = N_("Nothing of the kind was found, but the call was not heard well enough to be sure")
NO_HOLD, NOT_FITTING = N_("The customer was not put on hold"), N_("Does not apply here: “%(words)s”")
NO_OCCASION = N_("Nothing in the call made this necessary")
NO_WORDS = N_("The agent was not heard at all")
MIXED_VOICES = N_("Both voices are in one channel, so nobody knows who said: “%(words)s”")
OTHER_LANGUAGE = N_("This form has no phrases in the language of the call")
CONDITION_FAILED = N_("Not asked, because of the answer to an earlier question")
CONDITION_OPEN = N_("Hangs on an earlier question whose answer is not known yet")
FOR_A_PERSON = N_("A person answers this")
FACT, UNKNOWN_FACT = N_("It was %(value)s"), N_("The call's records don't tell this")
UNMEASURED = N_("This can't be measured in the call's recording")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What questions are answered with: the encoder, how well the call was heard (0 to 1), and a language model if there is one."""

    encoder: Encodes
    heard: float = 1.0
    language: str | None = None  #: of the transcript; None: one that the form knows
    model: Asks | None = None


def hearing(turns: Sequence[Turn], *, too_weak: bool) -> float:
    """How far the transcript can be trusted, 0 to 1: 1 for a good one or one made elsewhere."""
    known = [turn.confidence for turn in turns if turn.confidence is not None]
    mean = sum(known) / len(known) if known else 1.0
    level = 1.0 if mean >= HEARD_WELL else mean / HEARD_WELL
    return min(level, 0.5) if too_weak else level


def answer_all(card: Scorecard, stretch: Stretch, setting: Setting) -> list[Answered]:
    """Every question of the card, in order; those that hang on others by what those were answered."""
    said = ask_all(setting.model, card, stretch, setting.heard) if setting.model and stretch.agent_turns else {}
    done: dict[str, Answered] = {}
    for question in card.questions:
        done[question.key] = _unasked(question, done) or _one(card, question, stretch, setting, said)
    return list(done.values())


def _unasked(question: Question, done: Mapping[str, Answered]) -> Answered | None:
    """The answer of a question whose conditions don't hold, or can't be known yet; None where it is to be asked."""
    state = asked(question, done)
    if state is False:
        return answer(question, NA, 1.0, method="condition", reason=because(CONDITION_FAILED))
    return answer(question, UNSURE, 0.0, method="condition", reason=because(CONDITION_OPEN)) if state is None else None


def _one(
    card: Scorecard, question: Question, stretch: Stretch, setting: Setting, said: Mapping[str, Answered]
) -> Answered:
    if question.fact or question.measure:
        return _from_quantity(question, stretch)
    if question.needs == "hold" and not stretch.holds:
        return answer(question, NA, 1.0, method="ledger", reason=because(NO_HOLD))
    if not stretch.agent_turns:
        return answer(question, UNSURE, 0.0, reason=because(NO_WORDS))
    if _is_foreign(card, setting.language):
        return answer(question, UNSURE, 0.0, reason=because(OTHER_LANGUAGE))
    return _unfit(question, stretch, setting) or _said(question, stretch, setting, said.get(question.key))


def _unfit(question: Question, stretch: Stretch, setting: Setting) -> Answered | None:
    """N/A for a call that the question does not fit, by what was said in it."""
    if question.na_when and (unfit := heard(Heard(words=question.na_when, said_by=ANYONE), stretch)):
        return answer(question, NA, RULE_CONFIDENCE, unfit[:1], reason=because(NOT_FITTING, unfit[0][1]))
    return _no_occasion(question, setting) if question.only_when and not heard(question.only_when, stretch) else None


def _said(question: Question, stretch: Stretch, setting: Setting, theirs: Answered | None) -> Answered:
    """By phrases and likeness; a language model's answer (`theirs`) where these found nothing."""
    own = _from_words(question, stretch, setting)
    if theirs is None or (own.evidence and own.value != UNSURE):
        return own
    return theirs if theirs.value != UNSURE or own.method == "person" else own


def _is_foreign(card: Scorecard, language: str | None) -> bool:
    return language is not None and bool(card.scope.languages) and language not in card.scope.languages


def _no_occasion(question: Question, setting: Setting) -> Answered:
    """What would make it necessary was not heard: that is sure only where everything was heard."""
    confidence = ABSENCE_CONFIDENCE * setting.heard
    return answer(question, sure(NA, confidence), confidence, reason=because(NO_OCCASION))


def _from_words(question: Question, stretch: Stretch, setting: Setting) -> Answered:
    if any(option.rule for option in question.options):
        return _from_options(question, stretch, setting)
    if question.rule is None and question.likeness is None:
        return answer(question, UNSURE, 0.0, method="person", reason=because(FOR_A_PERSON))
    found = look(question.rule, stretch) if question.rule else Found()
    hit = found.no or found.yes
    if hit and hit[0][0].party == MIXED:
        return answer(question, UNSURE, 0.4, hit, reason=because(MIXED_VOICES, hit[0][1]))
    if hit:
        return _from_rule(question, found, setting)
    alike = _from_likeness(question, stretch, setting) if question.likeness else None
    only_forbids = question.rule and not question.rule.wanted
    return alike or _absent(question, *((YES, NONE_HEARD) if only_forbids else (NO, MISSING)), stretch, setting)


def _from_rule(question: Question, found: Found, setting: Setting) -> Answered:
    assert question.rule
    confidence = RULE_CONFIDENCE * (0.5 + setting.heard / 2)
    if found.no:
        why = DISCOURTEOUS if question.rule.wanted else FORBIDDEN
        return answer(question, sure(NO, confidence), confidence, found.no, reason=because(why, found.no[0][1]))
    return answer(question, sure(YES, confidence), confidence, found.yes, reason=because(HEARD, found.yes[0][1]))


def _from_options(question: Question, stretch: Stretch, setting: Setting) -> Answered:
    """The first option whose phrases were heard, or all of them where several may be chosen."""
    hits = {one.key: hit for one in question.options if one.rule and (hit := look(one.rule, stretch).yes)}
    if not hits:
        return answer(question, UNSURE, 0.5 * setting.heard, reason=because(MISSING if setting.heard >= 1 else UNHEARD))
    chosen = list(hits) if question.kind == Kind.CHOICES else [next(iter(hits))]
    seen = [hit for key in chosen for hit in hits[key]]
    if any(turn.party == MIXED for turn, _ in seen):
        return answer(question, UNSURE, 0.4, seen, reason=because(MIXED_VOICES, seen[0][1]))
    confidence = RULE_CONFIDENCE * (0.5 + setting.heard / 2)
    return answer(question, sure(",".join(chosen), confidence), confidence, seen, reason=because(HEARD, seen[0][1]))


def _from_likeness(question: Question, stretch: Stretch, setting: Setting) -> Answered | None:
    assert question.likeness
    groups = windows(question.rule, stretch) if question.rule else [stretch.agent_turns]
    found = [likest(question.likeness, group, setting.encoder) for group in groups]
    if not found or any(one is None or not (one.sure or one.doubtful) for one in found):
        return None
    weakest = min((one for one in found if one), key=lambda one: one.margin)
    seen = [(one.turn, one.sentence) for one in found if one]
    if weakest.sure and weakest.turn.party != MIXED:
        confidence = LIKE_CONFIDENCE * (0.5 + setting.heard / 2)
        reason = because(ALIKE, weakest.sentence)
        return answer(question, sure(YES, confidence), confidence, seen, "likeness", reason)
    return answer(question, UNSURE, 0.5, seen, "likeness", because(PERHAPS, weakest.sentence))


def _absent(question: Question, value: str, why: str, stretch: Stretch, setting: Setting) -> Answered:
    """Nothing was found: that is an answer only where everything was heard."""
    mixed = any(turn.party == MIXED for turn in stretch.agent_turns)
    confidence = ABSENCE_CONFIDENCE * setting.heard * (0.5 if mixed else 1.0)
    if sure(value, confidence) == UNSURE:
        return answer(question, UNSURE, confidence, reason=because(UNHEARD))
    return answer(question, value, confidence, reason=because(why))


def _from_quantity(question: Question, stretch: Stretch) -> Answered:
    """A number of the ledger or of the sound. One that is not known is no answer, and no person could give one."""
    quantity = question.fact or question.measure
    assert isinstance(quantity, Quantity)
    method = "ledger" if question.fact else "measure"
    value = stretch.known.values.get(quantity.name)
    if value is None:
        return answer(question, NA, 1.0, method=method, reason=because(UNKNOWN_FACT if question.fact else UNMEASURED))
    given = f"{value:g}" if question.kind == Kind.NUMBER else YES if quantity.within(value) else NO
    made = answer(question, given, 1.0, method=method, reason={"id": FACT, "values": {"value": round(value, 2)}})
    return say.placed(made, stretch.known.places.get(quantity.name, ()))
