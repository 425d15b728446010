"""Reading whole labelled calls, and what a faulty one is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from avasanj.errors import InputError
from scoring.labelled_calls import read_calls
from scoring.train import DATA


def row(**changes: Any) -> dict[str, Any]:
    turns = [
        {"party": "agent", "text": "Hello?"},
        {"party": "customer", "text": "My bill is wrong.", "label": "neg", "satisfaction": 2},
    ]
    plain = {"id": "en-call-1", "story": "s", "satisfaction": 2, "wait_s": 70, "hold_s": 0, "transfers": 1}
    return {**plain, "earlier_calls": 0, "turns": turns, **changes}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def test_a_call_is_read_with_its_turns_and_facts(tmp_path: Path):
    (call,) = read_calls([write(tmp_path / "calls.jsonl", row())])
    assert (call.language, call.dissatisfied) == ("en", True)
    assert (call.line.wait_s, call.line.transfers) == (70, 1)
    assert call.turn_labels == (None, ("neg", 2))
    assert [turn.party for turn in call.turns] == ["agent", "customer"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": "de-call-1"}, "an id begins with the language"),
        ({"satisfaction": 0}, "satisfaction must be a whole number from 1 to 5; it is 0"),
        ({"wait_s": -1}, "wait_s must be a whole number, 0 or more; it is -1"),
        ({"transfers": True}, "transfers must be a whole number"),
        ({"turns": []}, "turns must be a list"),
        ({"turns": [{"party": "boss", "text": "Hi"}]}, "turn 1: a turn needs a party"),
        ({"turns": [{"party": "customer", "text": "Hi", "label": "sad"}]}, "turn 1: label must be neg, neu, pos"),
        ({"turns": [{"party": "customer", "text": "Hi", "label": "neu"}]}, "turn 1: satisfaction must be"),
        ({"id": "en-call-1"}, "the id en-call-1 is used already"),
    ],
)
def test_a_faulty_call_is_refused_by_line(tmp_path: Path, change: dict[str, Any], told: str):
    file = write(tmp_path / "calls.jsonl", row(), row(id="en-call-2") | change)
    with pytest.raises(InputError, match=f"line 2.*{told}"):
        read_calls([file])


def test_the_shipped_calls_are_many_and_end_in_every_way():
    calls = read_calls(sorted(DATA.glob("calls-*.jsonl")))
    for language in ("en", "fa"):
        mine = [call for call in calls if call.language == language]
        assert len(mine) >= 120
        assert {call.satisfaction for call in mine} == {1, 2, 3, 4, 5}
        assert 0.3 < sum(call.dissatisfied for call in mine) / len(mine) < 0.6
        assert len({tuple(turn.text for turn in call.turns) for call in mine}) == len(mine)
