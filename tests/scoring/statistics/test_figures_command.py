"""`avasanj figures` as a person types it, on the six hundred calls."""

import json

import pytest
from typer.testing import CliRunner

from avasanj.cli import figures  # noqa: F401 - it registers the commands
from avasanj.cli.app import app
from avasanj.database import Database
from avasanj.errors import InputError

SPAN = ("--since", "2026-10-01", "--until", "2026-10-31")


@pytest.fixture(autouse=True)
def _over(filled: Database, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVASANJ_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("AVASANJ_DATABASE_URL", filled.url.replace("postgresql+psycopg", "postgresql"))


def run(*words: str) -> str:
    found = CliRunner().invoke(app, ["figures", *words], env={"COLUMNS": "200"})
    if found.exception:
        raise found.exception
    return found.output


def rows(*words: str) -> list[dict]:
    return json.loads(run(*words, "--json"))


def test_scores_are_parted_ranked_and_compared():
    agents = rows("scores", *SPAN)
    assert len(agents) == 6
    assert all(one["rank"] and one["score"]["interval"][0] < one["score"]["mean"] for one in agents)
    assert {one["scorecard"] for one in agents} == {"service"}
    weeks = rows("scores", "--by", "queue,week", *SPAN, "--scorecard", "service")
    assert len({one["period"] for one in weeks}) >= 4
    assert sum(one["score"]["n"] for one in weeks) == 588
    [own] = rows("scores", *SPAN, "--agent", "agent2")
    assert own["score"]["n"] == 96
    assert "calls to go" in run("scores", "--since", "2026-10-01", "--until", "2026-10-02")
    changed = rows("scores", "--change", "--by", "team", "--since", "2026-10-10", "--until", "2026-10-14")
    assert {one["score_change"]["shown"] for one in changed} == {False}
    assert "not shown" in run("scores", "--change", "--since", "1405-07-18", "--until", "1405-07-22")


def test_questions_stand_in_the_order_of_the_form():
    found = rows("scores", "--questions", *SPAN)
    assert [one["question"] for one in found] == [f"q{n}" for n in range(8)]
    assert "q7" in run("scores", "--questions", "--by", "team", *SPAN)
    ranked = rows("scores", "--questions", "--by", "agent", *SPAN)
    assert len(ranked) == 48
    assert all(one["rank"] for one in ranked)


def test_nothing_to_tell_is_told_as_nothing():
    assert rows("agreement") == []
    assert rows("agreement", "--question", "q1") == []
    assert json.loads(run("calibration", "--json"))["sessions"] == []
    assert rows("coaching", "--due") == []
    assert run("coaching").strip()
    assert "nothing in which they are behind" in run("coaching", "--ideas", "--agent", "agent1", *SPAN)


def test_wrong_words_are_one_sentence():
    for words, said in (
        (("scores", "--by", "colour"), "colour"),
        (("scores", "--agent", "nobody"), "nobody"),
        (("scores", "--team", "none"), "none"),
        (("scores", "--since", "yesterday"), "1405-09-01"),
        (("scores", "--since", "2026-10-02", "--until", "2026-10-01"), "lies after"),
        (("scores", "--change", "--questions"), "leave out"),
        (("coaching", "--ideas"), "name one"),
    ):
        with pytest.raises(InputError, match=said):
            run(*words)
