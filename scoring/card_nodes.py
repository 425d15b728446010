"""YAML as nodes that know their line. Values stay the text that was written, so that `is: yes` is a word and no truth value."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import yaml

from scoring import card_faults as faults
from scoring.card_faults import Problem
from scoring.scorecard import LANGUAGES, Wording

MOST_CHARACTERS = 500_000
#: The deepest place of a form, a phrase in a group of an option's rule, lies 14 deep; a reader that calls itself must not be led further.
_DEEPEST = 40
#: Every place counted where it is repeated by an alias (*name): a few such lines could stand for millions of phrases.
_MOST_PLACES = 100_000
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Notes:
    """What was found while reading: the problems, and the line of each place by its keys."""

    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def refuse(self, line: int, where: str, fault: str, /, **values: object) -> None:
        self.problems.append(Problem(line=line, where=where, id=fault, values=values))


@dataclass(frozen=True)
class Node:
    """A place in the file: the YAML node, the keys that lead to it, and where problems are noted."""

    raw: yaml.Node
    where: str
    notes: Notes

    @property
    def line(self) -> int:
        return int(self.raw.start_mark.line) + 1

    def refuse(self, fault: str, /, **values: object) -> None:
        self.notes.refuse(self.line, self.where, fault, **values)

    def called(self, where: str) -> Node:
        """The same place under another name; the name's line is remembered."""
        self.notes.lines.setdefault(where, self.line)
        return Node(self.raw, where, self.notes)

    def keys(self, known: Sequence[str], needed: Sequence[str] = ()) -> dict[str, Node]:
        """What is under each key. Unknown, double and missing ones are noted."""
        if not isinstance(self.raw, yaml.MappingNode):
            self.refuse(faults.WANTS_KEYS, found=self.shown)
            return {}
        found: dict[str, Node] = {}
        for key, value in self.raw.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "…"
            line = int(key.start_mark.line) + 1
            place = f"{self.where}.{name}" if self.where else name
            if name in found:
                self.notes.refuse(line, place, faults.TWICE, name=name, line=found[name].line)
            elif name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                fault = faults.UNKNOWN_NEAR if near else faults.UNKNOWN
                self.notes.refuse(
                    line, place, fault, name=name, **({"near": near[0]} if near else {"known": ", ".join(known)})
                )
            else:
                self.notes.lines.setdefault(place, line)
                found[name] = Node(value, place, self.notes)
        for name in needed:
            if name not in found:
                self.refuse(faults.MISSING, name=name)
        return found

    def list(self) -> Iterator[Node]:
        if not isinstance(self.raw, yaml.SequenceNode):
            self.refuse(faults.WANTS_LIST, found=self.shown)
            return
        for one in self.raw.value:
            yield Node(one, self.where, self.notes)

    def text(self) -> str:
        if (
            isinstance(self.raw, yaml.ScalarNode)
            and self.raw.tag != "tag:yaml.org,2002:null"
            and str(self.raw.value).strip()
        ):
            return str(self.raw.value)
        self.refuse(faults.WANTS_TEXT, found=self.shown)
        return ""

    def key(self) -> str:
        text = self.text()
        if text and not _KEY.fullmatch(text):
            self.refuse(faults.WANTS_KEY, found=text)
        return text

    def number(self, least: float, most: float) -> float:
        try:
            value = float(str(self.raw.value)) if isinstance(self.raw, yaml.ScalarNode) else float("nan")
        except ValueError:
            value = float("nan")
        if least <= value <= most:
            return value
        self.refuse(faults.WANTS_NUMBER, least=f"{least:g}", most=f"{most:g}", found=self.shown)
        return least

    def flag(self) -> bool:
        said = str(self.raw.value).lower() if isinstance(self.raw, yaml.ScalarNode) else ""
        if said in _TRUE | _FALSE:
            return said in _TRUE
        self.refuse(faults.WANTS_ONE_OF, known="true, false", found=self.shown)
        return False

    def one_of(self, known: Sequence[str]) -> str:
        if isinstance(self.raw, yaml.ScalarNode) and self.raw.value in known:
            return str(self.raw.value)
        self.refuse(faults.WANTS_ONE_OF, known=", ".join(known), found=self.shown)
        return known[0]

    def texts(self) -> dict[str, str]:
        """A text in both languages."""
        found = {name: node.text() for name, node in self.keys(LANGUAGES).items()}
        if isinstance(self.raw, yaml.MappingNode):
            for language in LANGUAGES:
                if language not in found:
                    self.refuse(faults.LANGUAGE_MISSING, language=language)
        return found

    def words(self) -> tuple[str, ...]:
        return tuple(text for one in self.list() if (text := one.text()))

    def wording(self) -> Wording:
        return Wording(**{name: node.words() for name, node in self.keys(LANGUAGES).items()})

    @property
    def shown(self) -> str:
        """What stands here, in a few words."""
        if isinstance(self.raw, yaml.ScalarNode):
            return f"“{str(self.raw.value)[:60]}”" if self.raw.value else "–"
        return "- …" if isinstance(self.raw, yaml.SequenceNode) else "… : …"


def read(text: str) -> tuple[Node | None, Notes]:
    """The file's top. None where it is no YAML at all or empty, with the reason in the notes."""
    notes = Notes()
    if len(text) > MOST_CHARACTERS:
        notes.refuse(1, "", faults.TOO_LARGE, found=len(text), most=MOST_CHARACTERS)
        return None, notes
    try:
        if (deep := _too_deep(text)) is not None:
            notes.refuse(deep, "", faults.TOO_DEEP, most=_DEEPEST)
            return None, notes
        top = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        said = str(getattr(error, "problem", None) or "")
        fault = said if said in faults.YAML_FAULTS else faults.NOT_YAML_HERE
        notes.refuse(mark.line + 1 if mark else 1, "", faults.NOT_YAML, fault={"id": fault})
        return None, notes
    if top is None:
        notes.refuse(1, "", faults.EMPTY)
        return None, notes
    if _places(top, {}) > _MOST_PLACES:
        notes.refuse(1, "", faults.TOO_MANY_PLACES, most=_MOST_PLACES)
        return None, notes
    return Node(top, "", notes), notes


def _too_deep(text: str) -> int | None:
    """The first line that lies too deep. Looked for among the events: composing such a file ends the whole process, beyond any except."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return event.start_mark.line + 1 if event.start_mark else 1
    return None


def _places(node: yaml.Node, known: dict[int, float]) -> float:
    """How many places there are from here on; without end where one holds itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = math.inf
        parts = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_places(part, known) for part in parts)
    return known[id(node)]
