"""`avasanj models`: what is here, which one is in use, what was measured, and what is wrong."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from avasanj.cli import models as _registered  # noqa: F401 - it registers the commands
from avasanj.cli.app import app
from avasanj.settings import load_settings
from tests.transcription.model_files import whisper
from transcription import strength, sums


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models' folder of an installation that is set to a small Persian model of its own."""
    for name in [name for name in os.environ if name.startswith("AVASANJ_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVASANJ_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("AVASANJ_SPEECH_MODEL", "owner/small-fa")
    models = tmp_path / "models"
    for name in ("whisper-base", "owner--small-fa"):
        sums.write(whisper(models / name, parameters=90_000))
    (models / "multilingual-e5-small").mkdir()  # not a speech model
    (models / "multilingual-e5-small" / "model.safetensors").touch()
    strength.keep(models / "owner--small-fa", "fa", {"wer": 0.214, "cer": 0.06, "words": 3000})
    return models


def avasanj(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["models", *arguments])


def test_the_list_tells_size_use_and_what_was_measured(here: Path) -> None:
    base, small = sorted(json.loads(avasanj("list", "--json").stdout), key=lambda one: one["in_use"])
    assert (base["name"], base["kind"], base["in_use"]) == ("whisper-base", "whisper", False)
    assert base["languages"]["fa"] == {"too_weak": True, "measured": None}
    assert (small["name"], small["path"]) == ("owner--small-fa", str(here / "owner--small-fa"))
    assert (small["languages"]["fa"]["too_weak"], small["languages"]["fa"]["measured"]["wer"]) == (False, 0.214)
    shown = avasanj("list").stdout
    assert "21.4%" in shown
    assert "too weak" in shown


def test_a_model_in_use_that_is_not_there_is_listed_as_missing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVASANJ_SPEECH_MODEL", "large-v3")
    row = next(one for one in json.loads(avasanj("list", "--json").stdout) if one["in_use"])
    assert (row["name"], row["kind"], row["megabytes"]) == ("large-v3", "", 0)
    assert "missing" in avasanj("list").stdout


def test_check_names_the_file_and_fails(here: Path) -> None:
    assert (avasanj("check").exit_code, avasanj("check", "whisper-base").exit_code) == (0, 0)
    (here / "whisper-base" / "tokenizer.json").write_text('{"changed": 1}')
    done = avasanj("check")
    assert done.exit_code == 1
    assert "tokenizer.json is not the file that came" in done.stdout
    assert f"{here / 'owner--small-fa'}: whole" in done.stdout
    found = json.loads(avasanj("check", "owner/small-fa", "--json").stdout)
    assert found == {"ok": True, "models": {str(here / "owner--small-fa"): []}}


def test_a_name_is_a_folder_a_fetched_model_or_a_path(here: Path) -> None:
    settings = load_settings()
    assert settings.speech_model_path == here / "owner--small-fa"
    assert settings.model_path("whisper-base") == here / "whisper-base"
    assert settings.model_path("/srv/models/mine") == Path("/srv/models/mine")
    assert settings.model_path("other/model") == Path("other/model")
