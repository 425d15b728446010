"""Whom anger is meant for: the shipped head against what was held out, and on calls nobody labelled."""

from __future__ import annotations

import pytest

from scoring import anger, anger_fit
from scoring.anger import TARGETS, targets
from scoring.dialogue import Turn
from scoring.dissatisfaction import Moment
from scoring.mood import Encodes


def talk(*lines: tuple[str, str]) -> list[Turn]:
    return [
        Turn(position=n, party=party, start_s=5.0 * n, end_s=5.0 * n + 4, text=text)
        for n, (party, text) in enumerate(lines)
    ]


def unhappy(turns: list[Turn], negative: float = 0.9) -> list[Moment]:
    rest = (1 - negative) / 2
    return [
        Moment(turn=turn, negative=negative, neutral=rest, positive=rest, dissatisfied=negative)
        for turn in turns
        if turn.party == "customer"
    ]


def test_the_shipped_head_was_fitted_on_the_rows_that_are_there() -> None:
    provenance = anger.shipped()["provenance"]
    assert provenance["data_sha256"] == anger_fit.sha256()
    counts = {
        language: sum(turn.language == language and not turn.feeling for turn in anger_fit.read())
        for language in ("en", "fa")
    }
    for language, figures in provenance["held_out"].items():
        assert figures["n"] == counts[language]
        assert figures["ece"] <= 0.06
        assert min(figures[f"auc_{name}"] for name in TARGETS) >= 0.85
        assert figures["macro_f1"] >= 0.65


@pytest.mark.model
@pytest.mark.parametrize(
    ("language", "agent", "said", "expected"),
    [
        ("en", "Could you repeat that?", "You never listen, do you? You are the rudest person I ever spoke to.", "agent"),
        ("en", "It takes ten days.", "Ten days! Your company takes the money the same minute and then hides.", "company"),
        ("en", "How are you?", "Terrible, my neighbour's dog kept me up all night and I'm furious with him.", "other"),
        ("fa", "چی فرمودید؟", "شما اصلاً گوش نمی‌دی چی می‌گم، خیلی بی‌ادبی", "agent"),
        ("fa", "ده روز طول می‌کشه.", "ده روز؟ شرکتتون پول مردمو می‌گیره بعد هیچ خدماتی نمیده", "company"),
        ("fa", "بفرمایید.", "از دست همسایه‌مون کلافه شدم، تا صبح نذاشت بخوابیم، ببخشید", "other"),
    ],
)  # fmt: skip
def test_it_tells_whom_a_customer_means(language: str, agent: str, said: str, expected: str, encoder: Encodes) -> None:
    turns = talk(("agent", agent), ("customer", said))
    assert [one.at for one in targets(unhappy(turns), turns, language, encoder)] == [expected]


@pytest.mark.model
def test_only_unhappy_turns_are_asked_and_the_surest_come_first(encoder: Encodes) -> None:
    turns = talk(
        ("agent", "Hello."),
        ("customer", "You are so rude to me, what is your name."),
        ("agent", "Sorry."),
        ("customer", "Your company is a disgrace, nothing ever works and nobody fixes it."),
    )
    assert targets(unhappy(turns, negative=0.4), turns, "en", encoder) == []
    found = targets(unhappy(turns), turns, "en", encoder)
    assert [one.chance for one in found] == sorted((one.chance for one in found), reverse=True)
    assert {one.turn.position for one in found} == {1, 3}
    assert found[0].stored().keys() >= {"at", "chance", "turn", "start_s", "end_s", "text"}
