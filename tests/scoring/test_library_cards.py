"""Each shipped scorecard on calls written for it: what was said and what was not, in both languages."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from scoring.card_file import SHIPPED, shipped
from scoring.facts import Known
from scoring.questions import Setting, answer_all
from scoring.rules import Stretch
from tests.scoring.dialogues import talk

CALLS = yaml.safe_load((Path(__file__).parent / "library_calls.yaml").read_text(encoding="utf-8"))
CASES = [
    pytest.param(name, call, id=f"{name}-{number}-{call['language']}")
    for name, calls in CALLS.items()
    for number, call in enumerate(calls)
]


class Unlike:
    """An encoder to which nothing is like anything: what is found, phrases have found."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.zeros((len(texts), 4), np.float32)


def stretch_of(call) -> Stretch:
    facts = call.get("facts", {})
    holds = ((5.0, 5.0 + facts["longest_hold_s"]),) if "longest_hold_s" in facts else ()
    slots = {"agent": (), "customer_name": (), "number": (), "said": ()}
    turns = tuple(talk(*((party, text) for party, text in call["turns"])))
    return Stretch(turns=turns, holds=holds, slots=slots, known=Known(values=facts))


@pytest.mark.parametrize(("name", "call"), CASES)
def test_every_question_is_answered_as_the_call_was_written(name, call):
    found = answer_all(shipped(name), stretch_of(call), Setting(encoder=Unlike(), language=call["language"]))
    answers = {answer.question.key: answer.value for answer in found}
    assert {key: answers[key] for key in call["expect"]} == call["expect"]


def test_each_question_has_a_call_with_a_yes_and_one_with_a_no_in_both_languages():
    for name in SHIPPED:
        if name == "service":  # the sample calls are written for it
            continue
        for question in shipped(name).questions:
            seen = {(call["language"], call["expect"].get(question.key)) for call in CALLS[name]}
            by_voice = question.measure and name == "support"  # no call written down has silences
            assert by_voice or {("en", "yes"), ("en", "no"), ("fa", "yes"), ("fa", "no")} <= seen, (name, question.key)
