"""Every text of figures, calibration and coaching exists in Persian, with its values."""

import ast
from pathlib import Path

import pytest

import scoring
from avasanj.i18n import catalogue, reason
from scoring.reviews import calibration, coaching

ROOT = Path(scoring.__file__).parent
FILES = [*(ROOT / "statistics").glob("*.py"), *(ROOT / "reviews").glob("c*i*.py")]


def texts() -> set[str]:
    calls = (node for file in FILES for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    marked = (one for one in calls if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "N_")
    return {ast.literal_eval(one.args[0]) for one in marked}


def test_every_text_is_translated():
    found = texts()
    assert {*calibration.TEXTS, *coaching.TEXTS} <= found
    persian = catalogue("fa")
    assert not [text for text in found if persian.get(text) is None]


def test_a_target_that_cannot_be_is_named_in_persian():
    said = reason({"id": coaching.BAD_TARGET, "values": {"value": "80"}}, "fa")
    assert "۸۰" in said
    assert "%" not in said


@pytest.mark.parametrize("text", [calibration.TOO_FEW, coaching.TOO_MANY_MOMENTS])
def test_numbers_are_filled_in(text: str):
    said = reason({"id": text, "values": {"least": 2, "most": 30}}, "fa")
    assert "%(" not in said
