"""A scorecard from its YAML file. Everything that is wrong is told at once, each with its line; docs/scorecards.md describes the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from yaml import SequenceNode

from scoring import card_faults as faults
from scoring.card_faults import CardError, Problem
from scoring.card_lint import lint, lint_rule
from scoring.card_nodes import Node, read
from scoring.scorecard import (
    LANGUAGES,
    NO,
    SPEAKERS,
    YES,
    Band,
    Condition,
    Heard,
    Kind,
    Likeness,
    Option,
    Quantity,
    Question,
    Rule,
    Scope,
    Scorecard,
    Section,
    Wording,
)

SHIPPED = ("service", "sales", "collections", "support", "promises")
DIRECTIONS = ("inbound", "outbound", "internal")
_CARD = ("key", "version", "title", "for", "pass_mark", "beside", "sections")
_QUESTION = (
    "key", "title", "weight", "type", "hint", "points", "options", "scale", "bands", "critical", "fatal", "when", "needs", "na_when",
    "only_when", "rule", "likeness", "fact", "measure", "model",
)  # fmt: skip
_RULE = ("any", "all", "near", "within_words", "none", "said_by", "first_s", "last_s", "before_hold_s", "middle")
_MOST = 1e6


@dataclass(frozen=True, kw_only=True)
class Read:
    """What came of a file: the scorecard, None where it is refused, and every problem in the order of the lines."""

    card: Scorecard | None
    problems: tuple[Problem, ...]
    unfinished: Scorecard | None = None  #: the same, and also one that can be read though the linter refuses it


def load(text: str, name: str) -> Scorecard:
    """A checked scorecard. Raises CardError naming the file, the line, the key and what was expected."""
    found = check(text)
    if found.card is None:
        raise CardError(name, found.problems)
    return found.card


def check(text: str) -> Read:
    """Reads and lints a file without raising."""
    top, notes = read(text)
    card = _card(top) if top and not notes.problems else None
    card = None if notes.problems else card
    if card:
        notes.problems.extend(lint(card, notes.lines))
    problems = tuple(sorted(notes.problems, key=lambda problem: (problem.warning, problem.line)))
    refused = any(not one.warning for one in problems)
    return Read(card=None if refused else card, problems=problems, unfinished=card)


def rule_of(text: str) -> tuple[Rule | None, tuple[Problem, ...]]:
    """A rule alone, as it stands under `rule:`; None with the problems where it can't be used."""
    top, notes = read(text)
    rule = _rule(top) if top else None
    if rule and not notes.problems:
        notes.problems.extend(lint_rule(rule))
    refused = [one for one in notes.problems if not one.warning]
    return (None if refused else rule), tuple(refused)


def kept(text: str) -> Scorecard:
    """A text that was checked when it was kept. Raises CardError for one that can't be read at all."""
    top, notes = read(text)
    card = _card(top) if top else None
    if card is None or notes.problems:
        raise CardError({"id": faults.KEPT}, notes.problems)
    return card


@cache
def shipped(name: str = "service") -> Scorecard:
    """A scorecard that comes with this version."""
    return load(shipped_text(name), f"{name}.yaml")


def shipped_text(name: str) -> str:
    return (resources.files("scoring") / "scorecards" / f"{name}.yaml").read_text(encoding="utf-8")


def _card(top: Node) -> Scorecard:
    found = top.keys(_CARD, ("key", "version", "title", "sections"))
    return Scorecard(
        key=found["key"].key() if "key" in found else "",
        version=int(found["version"].number(1, 9999)) if "version" in found else 1,
        title=_texts(found, "title"),
        scope=_scope(found["for"]) if "for" in found else Scope(),
        pass_mark=found["pass_mark"].number(0, 100) if "pass_mark" in found else None,
        beside=found["beside"].flag() if "beside" in found else False,
        sections=tuple(_section(one) for one in found["sections"].list()) if "sections" in found else (),
    )


def _scope(node: Node) -> Scope:
    found = node.keys(("queues", "not_queues", "directions", "languages"))
    return Scope(
        queues=found["queues"].words() if "queues" in found else (),
        not_queues=found["not_queues"].words() if "not_queues" in found else (),
        directions=_some_of(found, "directions", DIRECTIONS),
        languages=_some_of(found, "languages", LANGUAGES),
    )


def _some_of(found: Mapping[str, Node], name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one.one_of(known) for one in found[name].list()) if name in found else ()


def _section(node: Node) -> Section:
    node = node.called(f"section {_name(node)}")
    found = node.keys(("key", "title", "questions"), ("key", "title", "questions"))
    return Section(
        key=found["key"].key() if "key" in found else "",
        title=_texts(found, "title"),
        questions=tuple(_question(one) for one in found["questions"].list()) if "questions" in found else (),
    )


def _question(node: Node) -> Question:
    node = node.called(_name(node))
    found = node.keys(_QUESTION, ("key", "title"))
    low, high = _scale(found["scale"]) if "scale" in found else (1, 5)
    heard = found["only_when"].keys((*LANGUAGES, "said_by")) if "only_when" in found else None
    return Question(
        key=found["key"].key() if "key" in found else "",
        title=_texts(found, "title"),
        weight=found["weight"].number(0, 100) if "weight" in found else 0.0,
        kind=Kind(found["type"].one_of([*Kind])) if "type" in found else Kind.YES_NO,
        hint=_texts(found, "hint"),
        points=_points(found["points"]) if "points" in found else {YES: 1.0, NO: 0.0},
        options=tuple(_option(one) for one in found["options"].list()) if "options" in found else (),
        low=low,
        high=high,
        bands=tuple(_band(one) for one in found["bands"].list()) if "bands" in found else (),
        critical=found["critical"].flag() if "critical" in found else False,
        fatal=found["fatal"].flag() if "fatal" in found else False,
        when=_conditions(found["when"]) if "when" in found else (),
        needs=found["needs"].one_of(("hold",)) if "needs" in found else None,
        na_when=found["na_when"].wording() if "na_when" in found else Wording(),
        only_when=_heard(heard) if heard is not None else None,
        rule=_rule(found["rule"]) if "rule" in found else None,
        likeness=_likeness(found["likeness"]) if "likeness" in found else None,
        fact=_quantity(found["fact"]) if "fact" in found else None,
        measure=_quantity(found["measure"]) if "measure" in found else None,
        ask=_texts(found, "model") if "model" in found else None,
    )


def _name(node: Node) -> str:
    """The own key of a section or a question, by which problems call it."""
    pairs = node.raw.value if isinstance(node.raw.value, list) else []
    own = [pair[1].value for pair in pairs if isinstance(pair, tuple) and pair[0].value == "key"]
    return str(own[0]) if own and isinstance(own[0], str) else node.where


def _texts(found: Mapping[str, Node], name: str) -> dict[str, str]:
    return found[name].texts() if name in found else {}


def _scale(node: Node) -> tuple[int, int]:
    found = node.keys(("from", "to"), ("from", "to"))
    values = [int(found[name].number(-1000, 1000)) if name in found else n for n, name in enumerate(("from", "to"))]
    return values[0], values[1]


def _points(node: Node) -> dict[str, float]:
    return {name: one.number(0, _MOST) for name, one in node.keys((YES, NO), (YES, NO)).items()}


def _option(node: Node) -> Option:
    found = node.keys(("key", "title", "points", "rule"), ("key", "title"))
    return Option(
        key=found["key"].key() if "key" in found else "",
        title=_texts(found, "title"),
        points=found["points"].number(0, _MOST) if "points" in found else 0.0,
        rule=_rule(found["rule"]) if "rule" in found else None,
    )


def _band(node: Node) -> Band:
    found = node.keys(("up_to", "points"), ("points",))
    return Band(
        up_to=found["up_to"].number(-_MOST, _MOST) if "up_to" in found else None,
        points=found["points"].number(0, _MOST) if "points" in found else 0.0,
    )


def _conditions(node: Node) -> tuple[Condition, ...]:
    """One condition, or a list of which all must hold."""
    several = list(node.list()) if isinstance(node.raw, SequenceNode) else [node]
    made = []
    for one in several:
        found = one.keys(("question", "is", "at_least", "at_most"), ("question",))
        wanted = found.get("is")
        values = () if wanted is None else wanted.words() if isinstance(wanted.raw, SequenceNode) else (wanted.text(),)
        made.append(
            Condition(
                question=found["question"].text() if "question" in found else "",
                values=values,
                at_least=_limit(found, "at_least"),
                at_most=_limit(found, "at_most"),
            )
        )
    return tuple(made)


def _limit(found: Mapping[str, Node], name: str) -> float | None:
    return found[name].number(-_MOST, _MOST) if name in found else None


def _heard(found: Mapping[str, Node]) -> Heard:
    words = Wording(**{language: found[language].words() for language in LANGUAGES if language in found})
    return Heard(words=words, **({"said_by": found["said_by"].one_of(SPEAKERS)} if "said_by" in found else {}))


def _rule(node: Node) -> Rule:
    found = node.keys(_RULE)
    return Rule(
        any_of=found["any"].wording() if "any" in found else Wording(),
        all_of=tuple(one.wording() for one in found["all"].list()) if "all" in found else (),
        near=tuple(one.wording() for one in found["near"].list()) if "near" in found else (),
        within_words=int(found["within_words"].number(1, 200)) if "within_words" in found else Rule().within_words,
        none_of=found["none"].wording() if "none" in found else Wording(),
        said_by=found["said_by"].one_of(SPEAKERS) if "said_by" in found else Rule().said_by,
        first_s=_seconds(found, "first_s"),
        last_s=_seconds(found, "last_s"),
        before_hold_s=_seconds(found, "before_hold_s"),
        middle=found["middle"].flag() if "middle" in found else False,
    )


def _seconds(found: Mapping[str, Node], name: str) -> float | None:
    return found[name].number(1, 3600) if name in found else None


def _likeness(node: Node) -> Likeness:
    found = node.keys(("like", "unlike"), ("like", "unlike"))
    return Likeness(
        like=found["like"].wording() if "like" in found else Wording(),
        unlike=found["unlike"].wording() if "unlike" in found else Wording(),
    )


def _quantity(node: Node) -> Quantity:
    found = node.keys(("name", "at_least", "at_most"), ("name",))
    return Quantity(
        name=found["name"].text() if "name" in found else "",
        at_least=_limit(found, "at_least"),
        at_most=_limit(found, "at_most"),
    )
