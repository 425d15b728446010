"""Files of every form as talks; figures of what was trained on them, and the table of a whole folder."""

import json
from pathlib import Path

import pytest

from avasanj.cli import learning, measure
from avasanj.errors import InputError
from avasanj.settings import load_settings
from scoring import train
from scoring.learning.formats import read_talks
from scoring.learning.talks import Talk
from tests.scoring.learning.center import WideWords, talks


def write(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def text_rows(given: list[Talk]) -> list[object]:
    return [{"text": talk.turns[-1].text, "label": next(iter(talk.marks.values())).label} for talk in given]


def dialogue_rows(given: list[Talk]) -> list[object]:
    """Each of three customer turns; the whole is as content as its last turn."""
    rows = []
    for n in range(0, len(given) - 2, 3):
        turns, level = [], 3
        for talk in given[n : n + 3]:
            level = next(iter(talk.marks.values())).satisfaction
            turns.append({"speaker": "agent", "text": "how may i help", "satisfaction": None})
            turns.append({"speaker": "customer", "text": talk.turns[-1].text, "satisfaction": [level, level, 3]})
        rows.append({"id": f"d{n}", "turns": turns, "overall": level})
    return rows


def test_the_projects_own_files_are_read_whole():
    turns = read_talks(train.DATA / "turns-fa.jsonl")
    assert {talk.language for talk in turns} == {"fa"}
    assert any(mark.angry for talk in turns for mark in talk.marks.values())
    calls = read_talks(train.DATA / "calls-en.jsonl")
    assert all(talk.satisfaction and len(talk.chosen) == len(talk.marks) for talk in calls)
    assert len({talk.group for talk in calls}) <= len(calls)


def test_texts_and_dialogues_need_a_language_and_take_it(tmp_path: Path):
    path = write(tmp_path / "some.jsonl", [{"text": "افتضاح", "label": "neg"}, {"text": "عالی", "label": "pos"}])
    with pytest.raises(InputError, match="does not say its language"):
        read_talks(path)
    assert [talk.language for talk in read_talks(path, "fa")] == ["fa", "fa"]
    (talk,) = read_talks(write(path, dialogue_rows(talks(3))), "en")
    assert len(talk.chosen) == 3
    assert talk.satisfaction == talk.marks[5].satisfaction * 1.5 - 1.5


def test_labels_of_feelings_are_about_anger(tmp_path: Path):
    path = write(tmp_path / "some.jsonl", [{"text": "a", "label": "angry"}, {"text": "b", "label": "sad"}])
    assert [talk.marks[0].angry for talk in read_talks(path, "fa")] == [True, False]
    write(path, [{"text": "a", "label": "glad"}, {"text": "b", "label": "sad"}])
    with pytest.raises(
        InputError, match=r"line 1: the label 'glad' is none of neg, neu, pos, and no row is about anger"
    ):
        read_talks(path, "fa")


@pytest.fixture
def at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for one in (measure, learning):
        monkeypatch.setattr(one, "settings_and_log", lambda: load_settings(data_dir=tmp_path))
        monkeypatch.setattr(one, "encoder", lambda settings: WideWords())
    return tmp_path


def test_a_folder_becomes_one_table(at_hand: Path, capsys: pytest.CaptureFixture[str]):
    write(at_hand / "en-texts.jsonl", text_rows(talks(90)))
    write(at_hand / "README.jsonl", [{"no": "set"}])
    measure.accuracy(data=at_hand, markdown=True)
    heading, _, row = capsys.readouterr().out.splitlines()
    assert heading.startswith("| set | told apart | n | AUC, trained on it | AUC, TF-IDF alone |")
    assert row.startswith("| en-texts | negative from positive | 90 | ")
    assert heading.count("|") == row.count("|")
    (at_hand / "empty").mkdir()
    with pytest.raises(InputError, match="holds no labelled file"):
        measure.accuracy(data=at_hand / "empty")


def test_dialogues_are_cross_validated_turn_by_turn_and_whole(at_hand: Path, capsys: pytest.CaptureFixture[str]):
    path = write(at_hand / "some.jsonl", dialogue_rows(talks(180, shares=(0.5, 0.2, 0.3))))
    measure.dialogues(data=path, cross_validate=True, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["turn_auc"] > found["shipped"]["turn_auc"]
    assert found["turn_auc"] > 0.9
    assert found["dialogue_auc"] > 0.7
    assert found["n"] == 60
    assert found["tfidf"]["turn_macro_f1"] > 0.8
