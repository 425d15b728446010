"""Measuring a speech model on recordings whose words are known: rows, figures, and the command itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from avasanj.errors import InputError
from telephony.tables import Party
from tests.conftest import ROOT
from tests.transcription import sounds
from transcription import strength
from transcription.evaluate import Outcome, Row, figures, read_rows, worst
from transcription.word_errors import compare


def data(path: Path, *lines: object) -> Path:
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines),
        encoding="utf-8",
    )
    return path


def outcome(line: int, text: str, heard: str, *, problem: str = "", invented: int = 0) -> Outcome:
    compared = compare(text, heard if text else "", "fa")
    row = Row(line=line, path=Path(f"{line}.wav"), text=text)
    return Outcome(row=row, heard=heard, compared=compared, invented=invented, dropped=0, problem=problem)


def test_files_are_beside_the_data_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("in/a.wav", "b.wav"):
        (tmp_path / name).touch()
    elsewhere = {"file": str(tmp_path / "b.wav"), "text": ""}
    path = data(tmp_path / "in" / "d.jsonl", {"file": "a.wav", "text": "سلام"}, "", elsewhere)
    assert [(row.line, row.path.name, row.text) for row in read_rows(path)] == [(1, "a.wav", "سلام"), (3, "b.wav", "")]


def test_each_bad_row_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    lines = [
        '{"file": "a.wav"',
        [],
        {"text": "x"},
        {"file": "a.wav"},
        {"file": "a.wav", "text": None},
        {"file": "no.wav", "text": ""},
    ]
    with pytest.raises(InputError) as error:
        read_rows(data(tmp_path / "d.jsonl", {"file": "a.wav", "text": ""}, *lines))
    for number, says in ((2, "not JSON"), (3, '"file"'), (4, '"file"'), (5, '"text"'), (6, '"text"'), (7, "no.wav")):
        assert says in str(error.value).split(f"line {number}:")[1].split("line ")[0]
    with pytest.raises(InputError, match="and 12 more lines"):
        read_rows(data(tmp_path / "d.jsonl", *(["x"] * 20)))


def test_a_file_without_rows_or_of_other_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no rows"):
        read_rows(data(tmp_path / "d.jsonl", ""))
    (tmp_path / "d.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not text in UTF-8"):
        read_rows(tmp_path / "d.jsonl")


def test_rates_are_over_speech_and_what_is_made_of_nothing_is_counted_apart() -> None:
    found = figures(
        [
            outcome(1, "سلام وقت بخیر", "سلام وقت به خیر است"),
            outcome(2, "ممنون از شما", "از او"),
            outcome(3, "", "از از از", invented=3),
            outcome(4, "خداحافظ", "", problem="is empty"),
        ]
    )
    assert (found["n"], found["words"], found["without_speech"], found["invented_words"]) == (3, 7, 1, 3)
    assert (found["substitutions"], found["deletions"], found["insertions"]) == (1, 1, 1)
    assert found["wer"] == round(3 / 7, 4)
    assert 0 < found["cer"] < 0.5
    assert found["problems"] == [{"line": 4, "file": "4.wav", "problem": "is empty"}]
    nothing = figures([outcome(1, "", "")])
    assert (nothing["wer"], nothing["cer"], nothing["invented_words"]) == (None, None, 0)


def test_the_worst_rows_come_first_and_right_ones_not_at_all() -> None:
    rows = [
        outcome(1, "یک", "یک"),
        outcome(2, "دو سه چهار", "دو"),
        outcome(3, "", "a b c d", invented=4),
        outcome(4, "پنج", "شش"),
    ]
    assert [one.row.line for one in worst(rows, 10)] == [3, 2, 4]
    assert [one.row.line for one in worst(rows, 1)] == [3]


def run(tmp_path: Path, models_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, over a data folder with whisper-base in it."""
    home = tmp_path / "data"
    (home / "models" / "whisper-base").mkdir(parents=True, exist_ok=True)
    for path in (models_dir / "whisper-base").iterdir():
        link = home / "models" / "whisper-base" / path.name
        if path.name != strength.MEASURED and not link.exists():
            link.symlink_to(path)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AVASANJ_")}
    return subprocess.run(
        [sys.executable, "-m", "avasanj", *arguments],
        env=environment | {"AVASANJ_DATA_DIR": str(home), "AVASANJ_THREADS": "1", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.mark.model
@pytest.mark.slow
def test_the_command_measures_the_settings_model_and_keeps_it_beside_the_model(
    tmp_path: Path, models_dir: Path
) -> None:
    (tmp_path / "calls").mkdir()
    for name, sound in (("a.wav", sounds.ring_back(12)), ("b.wav", sounds.music(12)), ("damaged.wav", None)):
        if sound is None:
            (tmp_path / "calls" / name).write_bytes(b"RIFF" + b"no sound at all" * 20)
        else:
            sounds.write_wav(tmp_path / "calls" / name, sound)
    speech = [
        {"file": str(sounds.sample(name, Party.CUSTOMER)), "text": said(name)} for name in sounds.english_samples()[:1]
    ]
    quiet = [{"file": name, "text": ""} for name in ("a.wav", "b.wav", "damaged.wav")]
    path = data(tmp_path / "calls" / "d.jsonl", *speech, *quiet)
    done = run(tmp_path, models_dir, "evaluate", "speech", "--data", str(path), "--language", "en", "--json", "--keep")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found)[:7] == ["wer", "cer", "substitutions", "deletions", "insertions", "invented_words", "n"]
    assert found["wer"] < 0.1
    assert found["cer"] < 0.08
    assert (found["invented_words"], found["n"], found["without_speech"]) == (0, 3, 2)
    assert [one["line"] for one in found["problems"]] == [4]
    assert "line 4: " in done.stderr
    kept = json.loads((tmp_path / "data" / "models" / "whisper-base" / strength.MEASURED).read_text())
    assert (kept["en"]["wer"], kept["en"]["words"]) == (found["wer"], found["words"])


def test_what_a_person_reads_names_the_worst_rows(capsys: pytest.CaptureFixture[str]) -> None:
    from avasanj.cli.models import _show

    rows = [outcome(1, "دو سه چهار", "دو"), outcome(2, "", "a", invented=1)]
    _show(figures(rows) | {"model": "m int8", "model_version": "12ab"}, worst(rows, 10))
    shown = capsys.readouterr().out
    assert "wer             66.7%" in shown
    assert "line 1, 2 wrong, 1.wav\n  said   دو سه چهار\n  heard  دو\n" in shown
    assert "(no speech)" in shown


def said(name: str) -> str:
    return " ".join(turn.text for turn in sounds.reference(name) if turn.party == Party.CUSTOMER)


@pytest.mark.model
def test_a_wrong_row_or_model_ends_the_command_with_one_sentence(tmp_path: Path, models_dir: Path) -> None:
    sounds.write_wav(tmp_path / "a.wav", sounds.silence(1))
    path = data(tmp_path / "d.jsonl", {"file": "a.wav", "text": ""}, "no")
    done = run(tmp_path, models_dir, "evaluate", "speech", "--data", str(path), "--language", "fa", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "line 2: is not JSON" in done.stderr
    data(path, {"file": "a.wav", "text": ""})
    done = run(tmp_path, models_dir, "evaluate", "speech", "--data", str(path), "--language", "fa", "--model", "none")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "There is no speech model in" in done.stderr
