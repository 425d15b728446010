"""Who answers a question: rules by what was said, by whom and when; facts; measures; options; conditions."""

import time

import pytest

from scoring import questions as q
from scoring.facts import Known, known
from scoring.questions import Setting, answer_all, hearing
from scoring.rules import Stretch, look
from scoring.scorecard import (
    NA,
    NO,
    UNSURE,
    YES,
    Band,
    Condition,
    Heard,
    Kind,
    Option,
    Quantity,
    Question,
    Rule,
    Scope,
    Wording,
)  # fmt: skip
from tests.scoring.cards import TITLE, card, question
from tests.scoring.dialogues import talk
from tests.scoring.test_library_cards import Unlike

CALL = talk(
    ("a", "Good morning, how can I help?"),
    ("c", "I was charged twice and want a refund."),
    ("a", "I will send the refund to your card."),
    ("c", "When?"),
    ("a", "Within five days. Goodbye."),
)
WELL = Setting(encoder=Unlike())


def words(*phrases: str) -> Wording:
    return Wording(en=tuple(phrases))


def stretch(turns=CALL, **facts) -> Stretch:
    return Stretch(turns=tuple(turns), **facts)


def one(asked: Question, at: Stretch | None = None, setting: Setting = WELL, **facts):
    return answer_all(card(asked, **facts), at or stretch(), setting)[0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule(any_of=words("refund", "voucher")), YES),
        (Rule(any_of=words("voucher")), NO),
        (Rule(all_of=(words("refund"), words("goodbye"))), YES),
        (Rule(all_of=(words("refund"), words("voucher"))), NO),
        (Rule(any_of=words("good morning"), all_of=(words("goodbye"),)), YES),
        (Rule(near=(words("refund"), words("within five days"))), YES),
        (Rule(near=(words("refund"), words("within five days")), within_words=2), NO),
        (Rule(near=(words("good morning"), words("goodbye"))), NO),
        (Rule(near=(words("good morning"), words("goodbye")), within_words=30), YES),
        (Rule(any_of=words("charged twice")), NO),
        (Rule(any_of=words("charged twice"), said_by="customer"), YES),
        (Rule(any_of=words("charged twice"), said_by="anyone"), YES),
        (Rule(any_of=words("good morning"), first_s=5), YES),
        (Rule(any_of=words("goodbye"), first_s=5), NO),
        (Rule(any_of=words("goodbye"), last_s=5), YES),
        (Rule(any_of=words("good morning"), last_s=5), NO),
        (Rule(none_of=words("shut up")), YES),
        (Rule(none_of=words("send")), NO),
        (Rule(any_of=words("refund"), none_of=words("goodbye")), NO),
    ],
)
def test_a_rule_looks_for_what_it_was_told_where_it_was_told(rule, expected):
    found = one(question(rule=rule))
    assert found.value == expected
    assert bool(found.evidence) == bool(look(rule, stretch()).yes or look(rule, stretch()).no)


def test_evidence_says_who_when_and_which_words():
    [evidence] = one(question(rule=Rule(any_of=words("i will send")))).evidence
    assert evidence == {
        "party": "agent", "start_s": 10.0, "end_s": 14.0, "text": "I will send the refund to your card.", "turn": 2, "words": "i will send",
    }  # fmt: skip


def test_before_each_hold_something_must_be_said():
    asked = question(rule=Rule(any_of=words("hold"), before_hold_s=6), needs="hold")
    turns = talk(("a", "Please hold."), ("a", "Back again."), ("a", "Hmm."), ("a", "Here I am."))
    assert one(asked, stretch(turns, holds=((5.0, 6.0),))).value == YES
    assert one(asked, stretch(turns, holds=((5.0, 6.0), (15.0, 16.0)))).value == NO
    assert one(asked, stretch(turns)).value == NA


def test_a_question_for_certain_calls_is_asked_in_those_only():
    rule = Rule(any_of=words("refund"))
    complaint = Heard(words=words("charged twice"), said_by="customer")
    assert one(question(rule=rule, only_when=complaint)).value == YES
    assert one(question(rule=rule, only_when=Heard(words=words("charged twice"), said_by="agent"))).value == NA
    denied = talk(("c", "I was not charged twice."), ("a", "Fine."))
    assert one(question(rule=rule, only_when=complaint), stretch(denied)).value == NA
    assert one(question(rule=rule, na_when=words("refund"))).value == NA
    badly = Setting(encoder=Unlike(), heard=0.4)
    assert one(question(rule=rule, only_when=Heard(words=words("lawyer"))), setting=badly).value == UNSURE


KNOWN = Known(
    values={"wait_s": 45.0, "longest_silence_s": 12.0}, places={"longest_silence_s": ((3.0, 15.0), (20.0, 22.0))}
)


@pytest.mark.parametrize(
    ("facts", "expected", "method"),
    [
        ({"fact": Quantity(name="wait_s", at_most=60)}, YES, "ledger"),
        ({"fact": Quantity(name="wait_s", at_most=30)}, NO, "ledger"),
        ({"fact": Quantity(name="transfers", at_most=1)}, NA, "ledger"),
        ({"measure": Quantity(name="longest_silence_s", at_most=10)}, NO, "measure"),
        ({"measure": Quantity(name="agent_talk_share", at_most=0.7)}, NA, "measure"),
        ({"fact": Quantity(name="wait_s"), "kind": Kind.NUMBER, "bands": (Band(up_to=60, points=1),)}, "45", "ledger"),
    ],
)
def test_the_ledger_and_the_sound_answer_by_their_numbers(facts, expected, method):
    found = one(question(**facts), stretch(known=KNOWN))
    assert (found.value, found.method, found.confidence) == (expected, method, 1.0)
    if method == "measure" and expected == NO:
        assert [(item["start_s"], item["end_s"]) for item in found.evidence] == [(3.0, 15.0), (20.0, 22.0)]


def test_a_choice_is_made_by_the_options_own_phrases():
    options = tuple(
        Option(key=key, title=TITLE, points=worth, rule=Rule(any_of=words(phrase)))
        for key, worth, phrase in (("refund", 2, "refund"), ("bye", 1, "goodbye"), ("voucher", 1, "voucher"))
    )
    assert one(question(kind=Kind.CHOICE, options=options)).value == "refund"
    assert one(question(kind=Kind.CHOICES, options=options)).value == "refund,bye"
    assert one(question(kind=Kind.CHOICE, options=options[2:])).value == UNSURE


def test_a_question_that_hangs_on_another_waits_for_it():
    first = question("first", rule=Rule(any_of=words("refund")))
    second = question("second", rule=Rule(any_of=words("within")), when=(Condition(question="first", values=(YES,)),))
    assert [found.value for found in answer_all(card(first, second), stretch(), WELL)] == [YES, YES]
    never = question("first", rule=Rule(any_of=words("voucher")))
    assert [found.value for found in answer_all(card(never, second), stretch(), WELL)] == [NO, NA]
    person = question("first")
    assert [found.value for found in answer_all(card(person, second), stretch(), WELL)] == [UNSURE, UNSURE]


def test_what_no_machine_can_answer_waits_for_a_person():
    found = one(question(kind=Kind.TEXT, weight=0))
    assert (found.value, found.reason["id"]) == (UNSURE, q.FOR_A_PERSON)


@pytest.mark.parametrize(
    "rule", [Rule(any_of=words("refund")), Rule(any_of=words("voucher")), Rule(none_of=words("refund"))]
)
def test_nobody_is_judged_by_a_recording_of_both_voices_in_one(rule):
    mixed = talk(*(("m", turn.text) for turn in CALL))
    assert one(question(rule=rule), stretch(mixed)).value == UNSURE


def test_a_form_without_phrases_in_the_calls_language_says_so_and_keeps_the_facts():
    asked = (
        question("said", rule=Rule(any_of=words("refund"))),
        question("fact", fact=Quantity(name="wait_s", at_most=60)),
    )
    form = card(*asked, scope=Scope(languages=("fa",)))
    said, fact = answer_all(form, stretch(known=KNOWN), Setting(encoder=Unlike(), language="en"))
    assert (said.value, said.reason["id"]) == (UNSURE, q.OTHER_LANGUAGE)
    assert fact.value == YES


def test_an_agent_who_was_not_heard_is_left_to_a_person():
    found = one(question(rule=Rule(none_of=words("shut up"))), stretch(talk(("c", "Hello?"))))
    assert (found.value, found.reason["id"]) == (UNSURE, q.NO_WORDS)


def test_badly_heard_words_that_were_not_found_may_have_been_said():
    turns = [*CALL[:1]]
    assert hearing(turns, too_weak=True) == 0.5
    assert (
        one(question(rule=Rule(any_of=words("voucher"))), setting=Setting(encoder=Unlike(), heard=0.5)).value == UNSURE
    )


DETAILS = {
    "talk": [0.0, 100.0],
    "parties": {
        "agent": {"talk_share": 0.6, "words_per_minute": 140.0, "response_s": None},
        "customer": {"talk_share": 0.4},
    },
    "silences": [[10.0, 20.0], [60.0, 64.0]],
    "talk_overs": [[5.0, 6.5, "agent"], [70.0, 71.0, "agent"], [80.0, 81.0, "customer"]],
}


def test_measures_are_those_of_the_agents_own_part():
    whole = known({}, (), DETAILS, (0.0, float("inf")), alone=True)
    assert whole.values["silence_s"] == 14
    assert whole.values["silence_share"] == 0.14
    assert whole.values["agent_talk_overs"] == 2
    assert whole.values["agent_words_per_minute"] == 140
    assert "agent_response_s" not in whole.values
    second = known({}, (), DETAILS, (50.0, 100.0), alone=False)
    assert second.values["longest_silence_s"] == 4
    assert second.values["agent_talk_over_s"] == 1
    assert second.places["agent_talk_overs"] == ((70.0, 71.0),)
    assert not {"agent_talk_share", "agent_words_per_minute"} & {*second.values}


def test_what_only_one_party_was_recorded_of_is_not_measured():
    alone = {**DETAILS, "parties": {"agent": DETAILS["parties"]["agent"]}}
    assert "silence_s" not in known({"wait_s": None}, (), alone, (0.0, 9.0), alone=True).values


def test_a_call_of_three_hours_is_answered_in_a_moment():
    turns = [turn for _ in range(900) for turn in CALL[:4]]
    rules = [Rule(any_of=words(f"word{n} here", "thing*")) for n in range(60)]
    form = card(*(question(f"q{n}", rule=rule) for n, rule in enumerate(rules)))
    began = time.perf_counter()
    assert {found.value for found in answer_all(form, stretch(turns), WELL)} == {NO}
    assert time.perf_counter() - began < 20
