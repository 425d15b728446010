"""Figures over labelled files, and what a faulty file is told."""

import json
from pathlib import Path

import numpy as np
import pytest

from avasanj.cli import measure
from avasanj.errors import InputError
from avasanj.settings import load_settings
from scoring.evaluate import evaluate_dialogues, evaluate_sentiment
from scoring.heads import ATTITUDES, Calibration, Heads, LinearHead
from scoring.history import COLUMNS
from scoring.mood import Encodes

PLAIN = Calibration(scale=1.0, shift=(0.0, 0.0, 0.0))


class Said:
    """Texts that are their own vectors: "0.7 0.2 0.1" is negative with .7, neutral with .2, positive with .1."""

    def encode(self, texts):
        return np.array([[np.log(float(one)) for one in text.split()] for text in texts], np.float32)


def heads_that_repeat() -> Heads:
    """Attitude: what the text says. Dissatisfied: the text's first number against its third."""
    same = np.hstack([np.eye(3), np.zeros((3, 3 + COLUMNS))]) / 5  # undoes heads.SPREAD
    attitude = LinearHead(classes=ATTITUDES, weights=same, bias=np.zeros(3), calibrations={"en": PLAIN, "fa": PLAIN})
    sad = LinearHead(classes=("no", "yes"), weights=same[[2, 0]], bias=np.zeros(2), calibrations={})
    return Heads(attitude=attitude, dissatisfied=sad, anger=sad, centre=np.zeros(6), provenance={})


def write(path: Path, *rows: object) -> Path:
    path.write_text(
        "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n", encoding="utf-8"
    )
    return path


def texts(path: Path, *rows: tuple[str, str]) -> Path:
    return write(path, *({"text": text, "label": label} for text, label in rows))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "texts.jsonl"


def test_three_attitudes_by_hand(file: Path):
    texts(
        file, ("0.8 0.1 0.1", "neg"), ("0.3 0.4 0.3", "neg"), ("0.2 0.7 0.1", "neu"), ("0.3 0.4 0.3", "pos"), ("0.1 0.1 0.8", "pos")
    )  # fmt: skip
    found = evaluate_sentiment(file, "en", Said(), heads=heads_that_repeat())
    # Each of the three: one hit; neg and pos miss one, both of which neu wrongly takes.
    assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 4 + 2 / 3) / 3, abs=1e-4)
    # Four pairs of neg and pos: three in order, one a tie.
    assert found["auc"] == pytest.approx(3.5 / 4)
    # .4 twice, both wrong; .7 right; .8 twice, right.
    assert found["ece"] == pytest.approx((2 * 0.4 + 1 * 0.3 + 2 * 0.2) / 5, abs=1e-4)
    assert found["n"] == 5


def test_a_file_of_two_attitudes_is_judged_between_the_two(file: Path):
    texts(file, ("0.3 0.6 0.1", "neg"), ("0.1 0.7 0.2", "pos"))
    found = evaluate_sentiment(file, "fa", Said(), heads=heads_that_repeat())
    assert found["macro_f1"] == 1.0
    assert found["ece"] == pytest.approx(((1 - 0.75) + (1 - 2 / 3)) / 2, abs=1e-4)


def test_one_label_against_the_rest(file: Path):
    texts(file, ("0.9 0.05 0.05", "sad"), ("0.4 0.3 0.3", "calm"), ("0.3 0.3 0.4", "sad"), ("0.2 0.2 0.6", "happy"))
    found = evaluate_sentiment(file, "fa", Said(), "sad", heads_that_repeat())
    assert found == {"macro_f1": None, "auc": 0.75, "ece": None, "n": 4}


def test_one_attitude_alone_has_no_auc(file: Path):
    texts(file, ("0.9 0.05 0.05", "neg"))
    assert evaluate_sentiment(file, "en", Said(), heads=heads_that_repeat())["auc"] is None


@pytest.mark.parametrize(
    ("second_line", "told"),
    [
        ("{", r"line 2: not JSON"),
        ("[1]", r"line 2: not a JSON object"),
        ('{"text": "0.1 0.1 0.8"}', r"line 2: the key label is missing"),
        ('{"text": 3, "label": "neg"}', r"line 2: text must be a text"),
        ('{"text": " ", "label": "neg"}', r"line 2: text must be a text"),
        ('{"text": "0.1 0.1 0.8", "label": "negative"}', r"line 2: the label 'negative'"),
    ],
)
def test_a_faulty_line_is_named(file: Path, second_line: str, told: str):
    write(file, {"text": "0.8 0.1 0.1", "label": "neg"}, second_line)
    with pytest.raises(InputError, match=told):
        evaluate_sentiment(file, "en", Said(), heads=heads_that_repeat())


def test_a_file_that_cannot_be_used_is_told_why(file: Path):
    with pytest.raises(InputError, match="can't be read"):
        evaluate_sentiment(file, "en", Said())
    file.write_text("\n\n", encoding="utf-8")
    with pytest.raises(InputError, match="is empty"):
        evaluate_sentiment(file, "en", Said())
    file.write_bytes("سلام".encode("utf-16"))
    with pytest.raises(InputError, match="not UTF-8"):
        evaluate_sentiment(file, "en", Said())
    texts(file, ("0.8 0.1 0.1", "neg"))
    with pytest.raises(InputError, match="no row labelled 'angry'; it has neg"):
        evaluate_sentiment(file, "en", Said(), "angry")
    with pytest.raises(InputError, match="no judgement for the language 'de'"):
        evaluate_sentiment(file, "de", Said())


def dialogue(overall: object, *turns: tuple[str, object]) -> dict[str, object]:
    made = [{"speaker": "customer", "text": text, "satisfaction": satisfaction} for text, satisfaction in turns]
    return {"turns": [{"speaker": "agent", "text": "0.1 0.8 0.1"}, *made], "overall": overall}


def test_dialogues_by_hand(file: Path):
    calm, sad = "0.2 0.6 0.2", "0.8 0.1 0.1"  # dissatisfied with .5 and 8/9
    write(file, dialogue([2, 3, 2], (sad, [2, 2, 3]), (calm, 1)), dialogue(4, (calm, [3]), (calm, None)))
    found = evaluate_dialogues(file, Said(), heads=heads_that_repeat())
    # Turns: 8/9 and .5 dissatisfied, .5 not; nobody judged the last one. One pair in order, one a tie.
    assert found["turn_auc"] == 0.75
    assert found["dialogue_auc"] == 1.0
    # .5 twice, once right; 8/9, right.
    assert found["ece"] == pytest.approx((2 * 0 + 1 / 9) / 3, abs=1e-4)
    assert found["n"] == 2


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"turns": 3}, "line 2: turns must be a list"),
        ({"turns": [{"text": "0.1 0.1 0.8"}]}, "line 2: turn 1 needs a speaker"),
        ({"turns": [{"speaker": "boss", "text": "0.1 0.1 0.8"}]}, "line 2: turn 1 needs a speaker"),
        (dialogue(4, ("0.1 0.1 0.8", "good")), "line 2: turn 2's satisfaction"),
        (dialogue(9, ("0.1 0.1 0.8", 4)), "line 2: overall"),
    ],
)
def test_a_faulty_dialogue_is_named(file: Path, row: object, told: str):
    write(file, dialogue(4, ("0.1 0.1 0.8", 4)), row)
    with pytest.raises(InputError, match=told):
        evaluate_dialogues(file, Said(), heads=heads_that_repeat())


@pytest.mark.model
def test_the_command_prints_one_json_document(
    file: Path, tmp_path: Path, encoder: Encodes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(measure, "settings_and_log", lambda: load_settings(data_dir=tmp_path))
    monkeypatch.setattr(measure, "encoder", lambda settings: encoder)
    texts(file, ("افتضاح بود، پشیمونم از خریدم.", "neg"), ("عالی بود، خیلی راضی‌ام، ممنون.", "pos"))
    measure.sentiment(data=file, language="fa", json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["auc"] == 1.0
    assert found["macro_f1"] == 1.0
    assert set(found) == {"macro_f1", "auc", "ece", "n"}
