"""Transcripts made elsewhere: what is taken, and what a wrong one is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from avasanj.errors import InputError
from tests.conftest import ROOT
from transcription import elsewhere

GOOD: dict[str, Any] = {
    "language": "fa",
    "source": "typist",
    "turns": [
        {"party": "customer", "start_s": 3, "end_s": 4.5, "text": " سلام "},
        {"party": "agent", "start_s": 0.5, "end_s": 2, "text": "بفرمایید"},
    ],
}


def test_turns_are_taken_in_time() -> None:
    read = elsewhere.parse(GOOD, "x.json")
    assert [(t.party, t.start_s, t.text, t.confidence) for t in read.turns] == [
        ("agent", 0.5, "بفرمایید", None),
        ("customer", 3.0, "سلام", None),
    ]
    assert (read.language, read.source) == ("fa", "typist")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "samples").glob("[cr]*s/*.json")), ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_every_sample_reference_can_be_read(path: Path) -> None:
    assert elsewhere.read(path).turns


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"language": 7}, '"language" is 7'),
        ({"source": ""}, '"source" is'),
        ({"turns": None}, '"turns" is missing'),
        ({"turns": ["hello"]}, "turn 1: is not an object"),
        ({"turns": [{**GOOD["turns"][0], "party": "boss"}]}, "turn 1: \"party\" is 'boss'"),
        (
            {"turns": [GOOD["turns"][0], {**GOOD["turns"][0], "end_s": 1}]},
            "turn 2: ends at 1 s, before its start at 3 s",
        ),
        ({"turns": [{**GOOD["turns"][0], "start_s": "3"}]}, "turn 1: \"start_s\" is '3'"),
        ({"turns": [{**GOOD["turns"][0], "start_s": float("nan")}]}, 'turn 1: "start_s" is nan'),
        ({"turns": [{**GOOD["turns"][0], "start_s": True}]}, 'turn 1: "start_s" is True'),
        ({"turns": [{**GOOD["turns"][0], "text": " "}]}, "turn 1: \"text\" is ' '"),
        ({"turns": [{**GOOD["turns"][0], "text": "a\x00"}]}, "NUL"),
    ],
)
def test_a_wrong_transcript_names_the_place(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as error:
        elsewhere.parse({**GOOD, **change}, "x.json")
    assert told in str(error.value)
    assert "x.json" in str(error.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"language": "fa",\n oops}', "line 2"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[1]", "not one JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (b"", "not JSON: line 1"),
    ],
)
def test_a_file_that_is_no_transcript_says_why(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "call.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        elsewhere.read(path)
    assert told in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not at .*none\.json"):
        elsewhere.read(tmp_path / "none.json")


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8-sig")
    assert len(elsewhere.read(path).turns) == 2
