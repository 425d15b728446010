"""The list of topics as YAML: read with every fault told with its line, and written so that it reads back the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import yaml

from avasanj.errors import InputError
from avasanj.i18n import N_
from scoring import card_faults as faults
from scoring.card_faults import Problem
from scoring.card_nodes import Node, Notes, read
from scoring.dialogue import CUSTOMER
from scoring.phrases import Phrases
from scoring.scorecard import LANGUAGES, SPEAKERS, Wording
from scoring.topics.topic import Topic, Topics

NO_TOPICS = N_("There is no topic.")
UNFINDABLE = N_("A topic needs phrases or examples (like), or no call could be about it.")
TOO_MANY = N_("There are %(found)s topics; a list has at most %(most)s.")
REFUSED_OF_MORE = N_("%(file)s, %(fault)s (and %(more)s more; `avasanj topics check` names them) Nothing was imported.")
KEPT = N_("version %(version)s of the topics")
FAULTS = (NO_TOPICS, UNFINDABLE, TOO_MANY)
MOST_TOPICS = 200
_TOPIC = ("key", "title", "said_by", "unless_denied", "driver", "general", "phrases", "unless", "like")
_HEAD = "# What calls are about. docs/topics.md describes the form.\n"


class TopicFileError(InputError):
    """A list that can't be used; `problems` says everything that was found."""

    def __init__(self, name: str | dict[str, Any], problems: Sequence[Problem]) -> None:
        values = {"file": name, "fault": problems[0].stored}
        if len(problems) > 1:
            super().__init__(REFUSED_OF_MORE, **values, more=len(problems) - 1)
        else:
            super().__init__(faults.REFUSED, **values)
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class Read:
    """What came of a file: the topics, None where it is refused, and every problem in the order of the lines."""

    topics: tuple[Topic, ...] | None
    problems: tuple[Problem, ...]


def check(source: str) -> Read:
    """Reads a list without raising."""
    top, notes = read(source)
    made = _topics(top) if top else ()
    problems = tuple(sorted(notes.problems, key=lambda one: one.line))
    return Read(topics=None if problems else made, problems=problems)


def load(source: str, name: str | dict[str, Any]) -> tuple[Topic, ...]:
    """Raises TopicFileError naming the line, the key and what was expected."""
    found = check(source)
    if found.topics is None:
        raise TopicFileError(name, found.problems)
    return found.topics


@lru_cache(maxsize=16)
def kept(version: int, source: str) -> Topics:
    """A version that was taken in, parsed once per process."""
    return Topics(version=version, topics=load(source, {"id": KEPT, "values": {"version": version}}))


@cache
def shipped_text() -> str:
    return (resources.files("scoring") / "data" / "topics.yaml").read_text(encoding="utf-8")


def written(topics: Sequence[Topic]) -> str:
    """The list as one YAML document."""
    data = {"topics": [_data(topic) for topic in topics]}
    return _HEAD + yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=140)


def _topics(top: Node) -> tuple[Topic, ...]:
    parts = top.keys(("topics",), ("topics",))
    made, seen = [], dict[str, int]()
    for node in parts["topics"].list() if "topics" in parts else ():
        topic = _topic(node)
        if topic.key and topic.key in seen:
            node.called(topic.key).refuse(faults.SAME_KEY, name=topic.key, line=seen[topic.key])
        seen.setdefault(topic.key, node.line)
        made.append(topic)
    if not made and not top.notes.problems:
        top.refuse(NO_TOPICS)
    if len(made) > MOST_TOPICS:
        top.refuse(TOO_MANY, found=len(made), most=MOST_TOPICS)
    return tuple(made)


def _topic(node: Node) -> Topic:
    parts = node.keys(_TOPIC, ("key", "title"))
    phrases, unless = (_phrases(parts.get(name)) for name in ("phrases", "unless"))
    like = parts["like"].wording() if "like" in parts else Wording()
    if not phrases and not like:
        node.refuse(UNFINDABLE)
    return Topic(
        key=parts["key"].key() if "key" in parts else "",
        title=parts["title"].texts() if "title" in parts else {},
        phrases=phrases,
        unless=unless,
        like=like,
        said_by=parts["said_by"].one_of(SPEAKERS) if "said_by" in parts else CUSTOMER,
        unless_denied=parts["unless_denied"].flag() if "unless_denied" in parts else False,
        driver=parts["driver"].flag() if "driver" in parts else True,
        general=parts["general"].flag() if "general" in parts else False,
    )


def _phrases(node: Node | None) -> Wording:
    if node is None:
        return Wording()
    wording = node.wording()
    for below in _below(node):
        for one in below.list():
            _try(one, node.notes)
    return wording


def _below(node: Node) -> list[Node]:
    return [
        Node(value, f"{node.where}.{key.value}", node.notes)
        for key, value in (node.raw.value if isinstance(node.raw, yaml.MappingNode) else ())
        if isinstance(value, yaml.SequenceNode) and key.value in LANGUAGES
    ]


def _try(node: Node, notes: Notes) -> None:
    if isinstance(node.raw, yaml.ScalarNode) and str(node.raw.value).strip():
        try:
            Phrases((str(node.raw.value),)).check()
        except InputError as error:
            notes.refuse(node.line, node.where, error.text, **error.values)


def _data(topic: Topic) -> dict[str, Any]:
    data: dict[str, Any] = {"key": topic.key, "title": dict(topic.title)}
    if topic.said_by != CUSTOMER:
        data["said_by"] = topic.said_by
    if topic.unless_denied:
        data["unless_denied"] = True
    if not topic.driver:
        data["driver"] = False
    if topic.general:
        data["general"] = True
    wordings = {"phrases": topic.phrases, "unless": topic.unless, "like": topic.like}
    return data | {name: found for name, wording in wordings.items() if (found := _wording(wording))}


def _wording(wording: Wording) -> dict[str, list[str]]:
    return {language: [*found] for language in LANGUAGES if (found := getattr(wording, language))}
