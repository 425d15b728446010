"""`avasanj scorecards` as a person types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from avasanj.cli import scorecards  # noqa: F401 - it registers the commands
from avasanj.cli.app import app
from avasanj.errors import InputError
from avasanj.settings import Settings
from scoring.card_file import shipped_text


def run(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["scorecards", *words])
    if isinstance(found.exception, InputError):
        raise found.exception
    return found.exit_code, found.output


@pytest.fixture
def center(settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVASANJ_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("AVASANJ_DATABASE_URL", database_url.replace("postgresql+psycopg", "postgresql"))


def test_a_scorecard_goes_in_is_published_and_comes_out_as_it_was(center: None, tmp_path: Path):
    file, out = tmp_path / "mine.yaml", tmp_path / "out.yaml"
    file.write_text(shipped_text("sales").replace("version: 1", "version: 2"), encoding="utf-8")
    assert "sales version 2: added, draft" in run("import", str(file))[1]
    assert "sales version 2 is published" in run("publish", "sales")[1]
    assert run("export", "sales", str(out))[0] == 0
    assert out.read_bytes() == file.read_bytes()
    assert run("export", "sales")[1] == file.read_text(encoding="utf-8")
    rows = {(row["key"], row["version"]): row["state"] for row in json.loads(run("list", "--json")[1])}
    assert rows["sales", 2] == "published"
    assert rows["sales", 1] == "draft"
    assert "is retired" in run("retire", "sales")[1]


def test_of_several_files_with_one_fault_none_is_taken(center: None, tmp_path: Path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(shipped_text("sales").replace("version: 1", "version: 2"), encoding="utf-8")
    bad.write_text(
        shipped_text("support").replace("version: 1", "version: 2").replace("weight: 20", "weight: 21"),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"bad\.yaml, line \d+, sections: The weights add up to 101"):
        run("import", str(good), str(bad))
    assert {row["version"] for row in json.loads(run("list", "--json")[1])} == {1}


def test_a_file_is_checked_without_anything_running(tmp_path: Path):
    file = tmp_path / "card.yaml"
    file.write_text(shipped_text("sales").replace("weight: 20", "wieght: 20"), encoding="utf-8")
    code, output = run("check", str(file), "--json")
    [problem] = [one for one in json.loads(output)[str(file)]["problems"] if "do you mean" in one["problem"]]
    assert code == 1
    assert problem["where"] == "asks_needs.wieght"
    assert file.read_text(encoding="utf-8").splitlines()[problem["line"] - 1].strip() == "wieght: 20"
    file.write_text(shipped_text("sales"), encoding="utf-8")
    assert run("check", str(file))[0] == 0


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, content: bytes | None):
    file = tmp_path / "card.yaml"
    if content:
        file.write_bytes(content)
    with pytest.raises(InputError, match=r"card\.yaml"):
        run("check", str(file))
