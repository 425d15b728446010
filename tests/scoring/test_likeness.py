"""Likeness on sentences that it was not tuned on, in both languages, none of which a phrase rule finds."""

from pathlib import Path

import pytest
import yaml

from scoring import card_file
from scoring.likeness import Alike, likest, split
from scoring.mood import Encodes
from scoring.phrases import Phrases
from scoring.scorecard import Likeness, Question, Wording
from tests.scoring.dialogues import talk
from tests.scoring.words import Words

SENTENCES = yaml.safe_load((Path(__file__).parent / "likeness.yaml").read_text(encoding="utf-8"))
QUESTIONS = {question.key: question for question in card_file.shipped().questions if question.likeness}


def held_out(question: Question, language: str, kind: str) -> list[str]:
    assert question.rule
    phrases = Phrases(question.rule.any_of.all, {"agent": (), "customer_name": (), "number": (), "said": ()})
    return [one for one in SENTENCES[question.key][language][kind][1::2] if not phrases.find(one)]


def judged(question: Question, sentence: str, encoder: Encodes) -> Alike:
    assert question.likeness
    found = likest(question.likeness, talk(("a", sentence)), encoder)
    assert found
    return found


@pytest.fixture(scope="module")
def verdicts(encoder: Encodes) -> dict[tuple[str, str], list[tuple[str, Alike]]]:
    """(language, kind) -> question and judgement of each held-out sentence."""
    return {
        (language, kind): [
            (question.key, judged(question, sentence, encoder))
            for question in QUESTIONS.values()
            for sentence in held_out(question, language, kind)
        ]
        for language in ("en", "fa")
        for kind in ("like", "unlike")
    }


def test_every_question_with_examples_has_sentences_of_both_kinds_and_languages():
    assert set(SENTENCES) == set(QUESTIONS)
    for question in QUESTIONS.values():
        assert question.likeness
        for language in ("en", "fa"):
            for kind in ("like", "unlike"):
                assert len(held_out(question, language, kind)) >= 4
                assert not {*SENTENCES[question.key][language][kind]} & {
                    *question.likeness.like.all,
                    *question.likeness.unlike.all,
                }


@pytest.mark.model
def test_a_sentence_that_does_not_mean_it_is_hardly_ever_taken_for_it(verdicts):
    for language in ("en", "fa"):
        wrong = [one.sentence for _, one in verdicts[language, "unlike"] if one.sure]
        assert len(wrong) <= 1, wrong


@pytest.mark.model
def test_many_but_not_all_of_those_that_mean_it_are_found(verdicts):
    """Measured: English 6 of 15 sure and 2 doubtful, Persian 4 of 15 sure and 3 doubtful. What is missed reads as "not heard"."""
    for language in ("en", "fa"):
        found = verdicts[language, "like"]
        assert sum(one.sure for _, one in found) >= 3
        assert sum(one.sure or one.doubtful for _, one in found) >= 6


@pytest.mark.model
def test_what_means_it_lies_nearer_than_what_does_not(verdicts):
    for language in ("en", "fa"):
        for key in QUESTIONS:
            like = [one.margin for name, one in verdicts[language, "like"] if name == key]
            unlike = [one.margin for name, one in verdicts[language, "unlike"] if name == key]
            assert sum(like) / len(like) > sum(unlike) / len(unlike), (language, key)


TOY = Likeness(like=Wording(en=("please hold the line",)), unlike=Wording(en=("what is your name",)))


def test_the_likest_of_several_sentences_is_told_with_its_turn():
    turns = talk(("a", "What is your address? Please hold the line!"), ("a", "That is all good."))
    found = likest(TOY, turns, Words())
    assert found
    assert found.sentence == "Please hold the line!"
    assert found.turn is turns[0]


def test_nothing_is_found_where_nobody_says_three_words():
    assert likest(TOY, talk(("a", "Yes."), ("a", "One moment.")), Words()) is None
    assert likest(TOY, [], Words()) is None


def test_the_examples_are_encoded_once_for_all_calls():
    class Counting(Words):
        asked: list[str]

        def encode(self, texts):
            self.asked.extend(texts)
            return super().encode(texts)

    counting = Counting()
    counting.asked = []
    for sentence in ("now wait a while", "now stay a while"):
        likest(TOY, talk(("a", sentence)), counting)
    assert counting.asked.count("please hold the line") == 1


def test_sentences_are_cut_at_marks_of_both_languages_but_not_after_titles():
    assert split("Good morning Mr. Hayes to you. Wait here please!") == [
        "Good morning Mr. Hayes to you.",
        "Wait here please!",
    ]
    assert split("اسمتون رو می‌فرمایید؟ بله. خب الان بررسی می‌کنم.") == ["اسمتون رو می‌فرمایید؟", "خب الان بررسی می‌کنم."]
