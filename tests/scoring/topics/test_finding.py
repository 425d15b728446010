"""What calls are about: by phrases, by likeness, and the one thing that the customer called for."""

from pathlib import Path

import pytest
import yaml

from scoring.mood import Encodes
from scoring.topics import lists, topic_file
from scoring.topics.finding import Found, find, hear, near
from scoring.topics.lists import with_examples, with_topic
from scoring.topics.topic import Topic, Topics
from tests.scoring.dialogues import talk

CALLS = yaml.safe_load((Path(__file__).parent / "calls.yaml").read_text(encoding="utf-8"))


def found(lines: list[str], topics: Topics | None = None, *, outbound: bool = False) -> list[Found]:
    turns = talk(*[(line[0], line[3:]) for line in lines])
    topics = topics or lists.shipped()
    return find(turns, topics, hear(turns, topics, outbound=outbound), {})


def driver(lines: list[str], **how: bool) -> str | None:
    return next((one.topic for one in found(lines, **how) if one.driver), None)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_drivers_of_the_calls_that_were_held_back(language):
    """By phrases alone: likeness is measured in docs/topics.md."""
    rows = CALLS[language][1::2]
    told = [(row["d"], driver(row["s"]) or "-") for row in rows]
    claimed = [(wanted, got) for wanted, got in told if got != "-"]
    assert sum(wanted == got for wanted, got in claimed) >= 0.9 * len(claimed)
    assert sum(wanted == got for wanted, got in told) >= 0.8 * len(told)


def test_a_topic_shows_its_words_and_turn():
    (one, *_) = found(["a: Hello.", "c: My electricity bill has doubled."])
    assert (one.topic, one.method, one.driver) == ("billing", "rule", True)
    assert one.evidence[0]["turn"] == 1
    assert "bill" in one.evidence[0]["words"]


def test_what_is_denied_is_no_reason_to_cancel():
    assert "cancellation" not in {
        one.topic for one in found(["a: Hello.", "c: I don't want to cancel, I have a question."])
    }


def test_what_is_said_late_is_a_topic_and_not_the_reason():
    lines = ["a: Hello.", "c: My parcel has not come.", *["a: One moment.", "c: Okay then, I'll wait."] * 3]
    lines += ["a: Anything else?", "c: Yes, I want to cancel my subscription."]
    topics = {one.topic: one.driver for one in found(lines)}
    assert topics == {"delivery": True, "cancellation": False}


def test_in_an_outbound_call_the_agent_says_why():
    lines = ["c: Yes?", "a: Hello, I'm calling about the refund for your boots, it was approved.", "c: Oh, good."]
    assert driver(lines) is None
    assert driver(lines, outbound=True) == "refund"


def test_a_call_without_words_is_about_nothing():
    assert found([]) == []
    assert found(["a: Hello?"]) == []


@pytest.mark.model
def test_likeness_finds_what_no_phrase_foresees(encoder: Encodes):
    topic = with_examples(
        Topic(key="roaming", title={"en": "Roaming", "fa": "رومینگ"}),
        {"en": ["Will my phone work when I travel abroad?", "I have no data in a foreign country."]},
    )
    topics = Topics(version=2, topics=with_topic(lists.shipped(), topic))
    turns = talk(("a", "Hello."), ("c", "I'm travelling abroad next week, will my phone work there?"))
    heard = hear(turns, topics)
    assert heard.reason is not None
    nearness = near(topics, encoder.encode([heard.reason.text])[0], encoder)
    (one,) = find(turns, topics, heard, nearness)
    assert (one.topic, one.method, one.driver) == ("roaming", "likeness", True)


def test_the_shipped_list_reads_back_as_it_was_written():
    topics = topic_file.load(topic_file.shipped_text(), "topics.yaml")
    assert len(topics) == 20
    assert topic_file.load(topic_file.written(topics), "written") == topics


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("topics:\n  - key: a\n    title: {en: A, fa: آ}\n", 2, "phrases or examples"),
        ("topics:\n  - key: a\n    title: {en: A}\n    like: {en: [x y z]}\n", 3, "fa"),
        ("topics:\n  - key: a\n    title: {en: A, fa: آ}\n    phrases:\n      en: ['(a']\n", 5, "can't be read"),
        ("topics:\n  - key: A b\n    title: {en: A, fa: آ}\n    like: {en: [x]}\n", 2, "small letters"),
        ("topics: []\n", 1, "no topic"),
    ],
)
def test_a_faulty_list_is_refused_with_its_line(source, line, words):
    read = topic_file.check(source)
    assert read.topics is None
    assert (read.problems[0].line, words in read.problems[0].text) == (line, True), read.problems
