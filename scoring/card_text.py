"""A scorecard written as YAML. What is read back from it is the same scorecard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from scoring.dialogue import AGENT
from scoring.scorecard import (
    ANYONE,
    LANGUAGES,
    NO,
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

_PLAIN = {YES: 1.0, NO: 0.0}


class _Dumper(yaml.SafeDumper):
    """Texts and lists of phrases each on a line of their own, as people write them."""


def _mapping(dumper: _Dumper, data: dict[str, Any]) -> yaml.Node:
    flat = all(not isinstance(value, dict | list) for value in data.values())
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=flat)


def _sequence(dumper: _Dumper, data: list[Any]) -> yaml.Node:
    flat = all(not isinstance(value, dict | list) for value in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flat)


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)


def written(card: Scorecard) -> str:
    """The whole card as one YAML document."""
    return yaml.dump(as_data(card), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=140)


def as_data(card: Scorecard) -> dict[str, Any]:
    """What stands in the file, as plain data; what is left to its default is left out."""
    data = _present(
        key=card.key,
        version=card.version,
        title=_texts(card.title),
        pass_mark=_number(card.pass_mark),
        beside=card.beside,
        sections=[_section(section) for section in card.sections],
    )
    data = {
        "key": data.pop("key"),
        "version": data.pop("version"),
        "title": data.pop("title"),
        **_scope(card.scope),
        **data,
    }
    data.setdefault("sections", [])
    return data


def _scope(scope: Scope) -> dict[str, Any]:
    found = _present(
        queues=[*scope.queues],
        not_queues=[*scope.not_queues],
        directions=[*scope.directions],
        languages=[*scope.languages],
    )
    return {"for": found} if found else {}


def _section(section: Section) -> dict[str, Any]:
    return {
        "key": section.key,
        "title": _texts(section.title),
        "questions": [_question(question) for question in section.questions],
    }


def _question(question: Question) -> dict[str, Any]:
    scale = question.kind == Kind.SCALE
    return {"key": question.key, "title": _texts(question.title), "weight": _number(question.weight)} | _present(
        type=question.kind.value if question.kind != Kind.YES_NO else None,
        hint=_texts(question.hint) or None,
        points={name: _number(value) for name, value in question.points.items()} if question.points != _PLAIN else None,
        options=[_option(option) for option in question.options],
        scale={"from": question.low, "to": question.high} if scale or (question.low, question.high) != (1, 5) else None,
        bands=[_band(band) for band in question.bands],
        critical=question.critical,
        fatal=question.fatal,
        when=[_condition(one) for one in question.when],
        needs=question.needs,
        na_when=_wording(question.na_when) or None,
        only_when=_heard(question.only_when) if question.only_when else None,
        rule=_rule(question.rule) if question.rule else None,
        likeness=_likeness(question.likeness) if question.likeness else None,
        fact=_quantity(question.fact) if question.fact else None,
        measure=_quantity(question.measure) if question.measure else None,
        model=_texts(question.ask) if question.ask else None,
    )


def _option(option: Option) -> dict[str, Any]:
    return {"key": option.key, "title": _texts(option.title), "points": _number(option.points)} | _present(
        rule=_rule(option.rule) if option.rule else None
    )


def _band(band: Band) -> dict[str, Any]:
    return _present(up_to=_number(band.up_to)) | {"points": _number(band.points)}


def _condition(condition: Condition) -> dict[str, Any]:
    return {"question": condition.question} | _present(
        at_least=_number(condition.at_least), at_most=_number(condition.at_most), **{"is": [*condition.values]}
    )


def _heard(heard: Heard) -> dict[str, Any]:
    return _present(said_by=heard.said_by if heard.said_by != ANYONE else None) | _wording(heard.words)


def _rule(rule: Rule) -> dict[str, Any]:
    return _present(
        said_by=rule.said_by if rule.said_by != AGENT else None,
        first_s=_number(rule.first_s),
        last_s=_number(rule.last_s),
        before_hold_s=_number(rule.before_hold_s),
        middle=rule.middle,
        any=_wording(rule.any_of) or None,
        all=[_wording(one) for one in rule.all_of],
        near=[_wording(one) for one in rule.near],
        within_words=rule.within_words if rule.within_words != Rule().within_words else None,
        none=_wording(rule.none_of) or None,
    )


def _likeness(likeness: Likeness) -> dict[str, Any]:
    return {"like": _wording(likeness.like), "unlike": _wording(likeness.unlike)}


def _quantity(quantity: Quantity) -> dict[str, Any]:
    return {"name": quantity.name} | _present(at_least=_number(quantity.at_least), at_most=_number(quantity.at_most))


def _texts(texts: Mapping[str, str]) -> dict[str, str]:
    """In one order, whatever it was: the same card is the same text."""
    return {language: texts[language] for language in LANGUAGES if language in texts}


def _wording(wording: Wording) -> dict[str, Any]:
    return _present(en=[*wording.en], fa=[*wording.fa])


def _present(**values: Any) -> dict[str, Any]:
    """What is there: nothing that is None, False or an empty list. A 0 is something."""
    return {name: value for name, value in values.items() if value is not None and value is not False and value != []}


def _number(value: float | None) -> float | int | None:
    return int(value) if value is not None and float(value).is_integer() else value
