"""Training: it learns, gives the same each time, and refuses bad data by its line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avasanj.cli import learning
from avasanj.errors import InputError
from avasanj.settings import load_settings
from scoring import heads, train
from scoring.labelled_turns import LabelledTurn, check_enough, read_turns
from tests.scoring.words import Words

POOLS = {
    "neg": ("awful late broken again angry nobody", 2),
    "neu": ("bill number address change invoice monday", 3),
    "pos": ("lovely thanks great relieved perfect happy", 4),
}


def rows(each: int = 30) -> list[dict[str, object]]:
    """Turns of three words from a label's pool and one from anywhere, so that they can be learnt but not without a fault."""
    random, found = np.random.default_rng(5), []
    everything = [word for words, _ in POOLS.values() for word in words.split()]
    for language in ("en", "fa"):
        for label, (words, satisfaction) in POOLS.items():
            for n in range(each):
                text = " ".join([*random.choice(words.split(), 3), *random.choice(everything, 2)])
                agent = "how may i help" if n % 3 else ""
                id_ = f"{language}-{label}-{n}"
                found.append({"id": id_, "agent": agent, "text": text, "label": label, "satisfaction": satisfaction})
    return found


def write(path: Path, data: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in data), encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "turns.jsonl", rows())


def test_training_learns_and_tells_how_well_on_turns_held_out(file: Path):
    made = train.train(read_turns([file]), Words())
    for language in ("en", "fa"):
        figures = made.provenance["held_out"]["attitude"][language]
        assert figures["n"] == 90
        assert 0.75 < figures["macro_f1"] <= 1
        assert 0.85 < figures["auc"] <= 1
    happy, angry = Words().encode(["thanks great lovely", "awful late nobody"])
    features = made.features(np.array([happy, angry]), np.zeros((2, happy.size), np.float32))
    assert made.attitude.probabilities(features, "en").argmax(axis=1).tolist() == [2, 0]
    glad, sad = made.dissatisfied.probabilities(features, "fa")[:, 1]
    assert glad < 0.5 < sad


def test_held_out_figures_are_not_those_of_what_was_learnt_by_heart():
    data = rows()
    labels = np.random.default_rng(1).permutation([row["label"] for row in data])
    turns = [
        LabelledTurn(
            id=str(row["id"]), language=str(row["id"])[:2], agent="", text=f"{row['text']} w{n}", label=str(label),
            satisfaction=POOLS[str(label)][1],
        )
        for n, (row, label) in enumerate(zip(data, labels, strict=True))
    ]  # fmt: skip
    turns = [*turns[:-1], LabelledTurn(**{**vars(turns[-1]), "agent": "how may i help"})]
    figures = train.train(turns, Words()).provenance["held_out"]["attitude"]
    assert max(figures["en"]["macro_f1"], figures["fa"]["macro_f1"]) < 0.5


def test_the_same_turns_give_the_same_heads(file: Path):
    turns = read_turns([file])
    assert heads.dumps(train.train(turns, Words())) == heads.dumps(train.train(turns, Words()))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"label": "negative"}, "label must be neg, neu, pos; it is 'negative'"),
        ({"satisfaction": 6}, "satisfaction must be a whole number from 1 to 5; it is 6"),
        ({"satisfaction": "2"}, "satisfaction must be a whole number"),
        ({"satisfaction": True}, "satisfaction must be a whole number"),
        ({"text": ""}, "text must be a text"),
        ({"agent": None}, "agent must be a text"),
        ({"id": "de-0001"}, "an id begins with the language"),
        ({"id": "en-neg-0"}, r"the id en-neg-0 is used already \(.*line 1\)"),
    ],
)
def test_a_bad_row_is_refused_by_file_and_line(file: Path, change: dict[str, object], told: str):
    data = rows()
    data[2] |= change
    with pytest.raises(InputError, match=rf"turns.jsonl, line 3: {told}"):
        read_turns([write(file, data)])


def test_a_row_without_a_key_is_refused_by_file_and_line(file: Path):
    data = rows()
    del data[4]["agent"]
    with pytest.raises(InputError, match=r"turns.jsonl, line 5: the key agent is missing"):
        read_turns([write(file, data)])


def test_too_few_turns_are_refused_by_what_lacks(file: Path):
    data = [row for row in rows() if not (str(row["id"]).startswith("fa-pos") and str(row["id"])[7:] > "2")]
    with pytest.raises(InputError, match=r"in fa labelled pos, it takes 20"):
        train.train(read_turns([write(file, data)]), Words())


def test_the_shipped_turns_are_good_and_enough():
    turns = read_turns(sorted(train.DATA.glob("turns-*.jsonl")))
    check_enough(turns)
    assert {turn.language for turn in turns} == {"en", "fa"}


def test_the_command_writes_heads_that_can_be_read_and_prints_their_figures(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(learning, "settings_and_log", lambda: load_settings(data_dir=tmp_path))
    monkeypatch.setattr(train, "Encoder", lambda *_: Words())
    out = tmp_path / "made.json"
    learning.train(out, data=[file], json=True)
    printed = json.loads(capsys.readouterr().out)
    made = heads.loads(out.read_text(encoding="utf-8"))
    assert printed["held_out"] == made.provenance["held_out"]
    assert printed["heads"] == str(out)
    assert made.provenance["trained_on"] == "turns.jsonl"
    learning.train(out, data=[file])
    assert "macro-F1" in capsys.readouterr().out
    with pytest.raises(InputError, match="is not a folder"):
        learning.train(tmp_path / "nowhere" / "made.json", data=[file])


@pytest.mark.parametrize("command", [["train", "heads.json"], ["evaluate", "sentiment", "--language", "en", "--json"]])
def test_a_command_without_the_model_says_so_in_one_sentence(file: Path, tmp_path: Path, command: list[str]):
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"text": "late again", "label": "neg"}\n', encoding="utf-8")
    data = ["--data", str(file if command[0] == "train" else texts)]
    ran = subprocess.run(  # noqa: PLW1510 - it is to fail
        [sys.executable, "-m", "avasanj", *command, *data], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "AVASANJ_DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith("avasanj: The text model in ")
    assert ran.stderr.endswith("Run `avasanj models fetch`.\n")
    assert not (tmp_path / "heads.json").exists()
