"""Scorecards and answers as tests need them."""

from __future__ import annotations

from hypothesis import strategies as st

from scoring.dialogue import AGENT
from scoring.scorecard import (
    ANYONE,
    NO,
    YES,
    Answered,
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
)  # fmt: skip

TITLE = {"en": "Q", "fa": "س"}


def question(key: str = "q", **facts) -> Question:
    return Question(key=key, title=TITLE, **{"weight": 10.0, **facts})


def answered(value: str, weight: float = 10.0, *, by: str = "rule", of: Question | None = None, **facts) -> Answered:
    return Answered(question=of or question(weight=weight, **facts), value=value, confidence=1.0, method=by)


def card(*questions: Question, **facts) -> Scorecard:
    section = Section(key="all", title=TITLE, questions=questions)
    return Scorecard(key="tiny", version=1, title=TITLE, sections=(section,), **facts)


_WORD = st.text("abcdefghijklmnop سلامکنید", min_size=1, max_size=12).map(str.strip).filter(bool)
_YAML_LIKE = st.sampled_from(
    ["yes", "no", "null", "1", "1e3", "~", "a: b", "- c", "{agent}", "'x'", '"', "#d", "[کردن]", "@e", "true", "۱۲"]
)
_TEXT = _WORD | _YAML_LIKE
_NUMBER = st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 2))
_TITLES = st.fixed_dictionaries({"en": _TEXT, "fa": _TEXT})
_WORDING = st.builds(Wording, en=st.lists(_TEXT, max_size=3).map(tuple), fa=st.lists(_TEXT, max_size=3).map(tuple))
_KEY = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
_LIMITS = {"at_least": st.none() | _NUMBER, "at_most": st.none() | _NUMBER}
_QUANTITY = st.builds(Quantity, name=_KEY, **_LIMITS)
_RULE = st.builds(
    Rule,
    any_of=_WORDING,
    all_of=st.lists(_WORDING, max_size=2).map(tuple),
    near=st.lists(_WORDING, max_size=2).map(tuple),
    within_words=st.integers(1, 200),
    none_of=_WORDING,
    said_by=st.sampled_from([AGENT, "customer", ANYONE]),
    first_s=st.none() | st.floats(1, 3600, allow_nan=False),
    last_s=st.none() | st.integers(1, 3600).map(float),
    middle=st.booleans(),
)
_QUESTION = st.builds(
    Question,
    key=_KEY,
    title=_TITLES,
    weight=_NUMBER,
    kind=st.sampled_from([*Kind]),
    hint=st.just({}) | _TITLES,
    points=st.fixed_dictionaries({YES: _NUMBER, NO: _NUMBER}),
    options=st.lists(
        st.builds(Option, key=_KEY, title=_TITLES, points=_NUMBER, rule=st.none() | _RULE), max_size=2
    ).map(tuple),
    low=st.integers(-5, 5),
    high=st.integers(6, 10),
    bands=st.lists(st.builds(Band, up_to=st.none() | _NUMBER, points=_NUMBER), max_size=2).map(tuple),
    critical=st.booleans(),
    fatal=st.booleans(),
    when=st.lists(
        st.builds(Condition, question=_KEY, values=st.lists(_TEXT, max_size=2).map(tuple), **_LIMITS), max_size=2
    ).map(tuple),
    needs=st.none() | st.just("hold"),
    na_when=_WORDING,
    only_when=st.none() | st.builds(Heard, words=_WORDING, said_by=st.sampled_from(["agent", ANYONE])),
    rule=st.none() | _RULE,
    likeness=st.none() | st.builds(Likeness, like=_WORDING, unlike=_WORDING),
    fact=st.none() | _QUANTITY,
    measure=st.none() | _QUANTITY,
    ask=st.none() | _TITLES,
)
_NAMES = st.lists(_TEXT, max_size=2).map(tuple)
CARDS = st.builds(
    Scorecard,
    key=_KEY,
    version=st.integers(1, 9999),
    title=_TITLES,
    sections=st.lists(
        st.builds(Section, key=_KEY, title=_TITLES, questions=st.lists(_QUESTION, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    scope=st.builds(
        Scope,
        queues=_NAMES,
        not_queues=_NAMES,
        directions=st.sampled_from([(), ("inbound",), ("inbound", "internal")]),
        languages=st.sampled_from([(), ("fa",), ("en", "fa")]),
    ),
    pass_mark=st.none() | _NUMBER,
    beside=st.booleans(),
)
