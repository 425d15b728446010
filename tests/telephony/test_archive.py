"""Archives of recordings: pairs, stereo, mono, with and without a CSV, with rows that are wrong."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.settings import Settings
from telephony.archive import import_folder
from telephony.store import load_ended
from telephony.tables import Call
from tests.telephony.following import calls, work_started

TRANSCRIPT = {
    "language": "fa",
    "source": "دستی",
    "turns": [{"party": "agent", "start_s": 0.1, "end_s": 0.9, "text": "سلام"}],
}


def sound(path: Path, *, hz: float = 300.0, seconds: float = 1.0, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave_ = 0.3 * np.sin(2 * np.pi * hz * np.arange(int(seconds * 8000)) / 8000)
    samples = wave_ if channels == 1 else np.stack([wave_ * (n + 1) / channels for n in range(channels)], axis=1)
    if path.suffix == ".opus":
        soundfile.write(path, samples, 8000, format="OGG", subtype="OPUS")
    else:
        soundfile.write(path, samples, 8000)
    return path


def with_csv(folder: Path, *lines: str) -> Path:
    (folder / "calls.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_folder_without_csv_is_understood_by_its_names(settings: Settings, database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    sound(folder / "one-agent.wav", hz=300)
    sound(folder / "one-customer.mp3", hz=400)
    sound(folder / "deep/two.flac", hz=500, channels=2)
    sound(folder / "three.opus", hz=600)
    (folder / "one.json").write_text(json.dumps(TRANSCRIPT), encoding="utf-8")
    (folder / "readme.txt").write_text("no sound")
    report = import_folder(settings, database, folder)
    assert (report.imported, report.skipped_known, report.problems) == (3, 0, [])
    found = {tuple(sorted((r.party, r.channel) for r in call.recordings)): call for call in calls(database)}
    assert set(found) == {
        (("agent", None), ("customer", None)),
        (("agent", 1), ("customer", 0)),
        (("mixed", None),),
    }
    pair = found[(("agent", None), ("customer", None))]
    assert pair.language == "fa"
    assert all(json.loads(Path(r.transcript_path or "").read_text())["source"] == "دستی" for r in pair.recordings)
    assert len(work_started(database)) == 3


def test_csv_tells_the_facts(settings: Settings, database: Database, tmp_path: Path) -> None:
    folder = with_csv(
        tmp_path,
        "agent_file,customer_file,started_at,direction,caller,called,agent,queue,transcript,language",
        'a.wav,c.wav,1405-09-01 ۱۴:۰۵,outbound,1001,۰۹۱۲ ۱۱۱ ۲۲۳۳,"سارا احمدی",support,t.json,fa',
    )
    sound(folder / "a.wav", seconds=2.0)
    sound(folder / "c.wav", hz=500, seconds=3.0)
    (folder / "t.json").write_text(json.dumps(TRANSCRIPT), encoding="utf-8")
    assert import_folder(settings, database, folder).problems == []
    (call,) = calls(database)
    with database.read() as session:
        call = load_ended(session, call.id)
    assert call.started_at.isoformat() == "2026-11-22T10:35:00+00:00"
    assert (call.direction, call.queue, call.customer_e164, call.language) == (
        "outbound",
        "support",
        "+989121112233",
        "fa",
    )
    assert [(span.agent_name, span.interface) for span in call.spans] == [("سارا احمدی", "سارا احمدی")]
    assert (call.talk_s, call.disposition, call.source, call.state) == (3.0, "answered", "imported", "ended")


@pytest.mark.parametrize(
    "written",
    ["09121112233", "+989121112233", "00989121112233", "989121112233", "0912 111 2233", "0912-111-2233", "(0912) 1112233", "۰۹۱۲۱۱۱۲۲۳۳",
     "٠٩١٢١١١٢٢٣٣", "9121112233", '""""Mina"""" <09121112233>'],
)  # fmt: skip
def test_number_in_any_writing_is_the_same_customer(
    settings: Settings, database: Database, tmp_path: Path, written: str
) -> None:
    folder = with_csv(tmp_path, "file,caller", f'a.wav,"{written.replace(chr(34) * 4, chr(34) * 2)}"')
    sound(folder / "a.wav")
    assert import_folder(settings, database, folder).problems == []
    assert calls(database)[0].customer_e164 == "+989121112233"


def test_persian_name_and_no_number(settings: Settings, database: Database, tmp_path: Path) -> None:
    folder = with_csv(tmp_path, "file;caller", "a.wav;رضا‌ی محمدی", "b.wav;")
    sound(folder / "a.wav")
    sound(folder / "b.wav", hz=900)
    assert import_folder(settings, database, folder).problems == []
    assert {(call.caller_name, call.caller_raw, call.customer_e164) for call in calls(database)} == {
        ("رضا‌ی محمدی", None, None),
        (None, None, None),
    }


def test_wav_that_breaks_off_is_taken_in_for_what_it_holds(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    whole = sound(tmp_path / "archive/a.wav").read_bytes()
    (tmp_path / "archive/a.wav").write_bytes(whole[: 44 + 8000])
    assert import_folder(settings, database, tmp_path / "archive").problems == []
    (call,) = calls(database)
    assert [recording.duration_s for recording in call.recordings] == [pytest.approx(0.5, abs=0.01)]


def test_bad_rows_are_named_by_their_line_and_the_rest_goes_on(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "archive"
    sound(folder / "good.wav")
    sound(folder / "last.wav", hz=777)
    (folder / "text.wav").write_text("not a sound at all " * 50)
    with wave.open(str(folder / "empty.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
    cut = sound(folder / "cut.wav").read_bytes()
    (folder / "cut.wav").write_bytes(cut[:20])
    sound(folder / "three.wav", channels=3)
    sound(tmp_path / "outside.wav")
    (folder / "bad.json").write_text("{")
    with_csv(
        folder,
        "file,started_at,direction,transcript",
        "good.wav,2026-11-22 14:05,,",
        "missing.wav,,,",
        "text.wav,,,",
        "empty.wav,,,",
        "cut.wav,,,",
        "three.wav,,,",
        "../outside.wav,,,",
        "good.wav,yesterday,,",
        "good.wav,,sideways,",
        "good.wav,,,bad.json",
        "good.wav,,,gone.json",
        ",2026-11-22,,",
        "a,b,c,d,e",
        "",
        "last.wav,2026/11/22 14:05,inbound,",
    )
    report = import_folder(settings, database, folder)
    assert report.imported == 2
    assert len(calls(database)) == 2
    assert [problem.split(":")[0] for problem in report.problems] == [f"calls.csv, line {n}" for n in range(3, 15)]
    for problem, words in zip(
        report.problems,
        ("is not at", "not audio", "holds no sound", "cut off", "3 channels", "lies outside", "started_at is 'yesterday'", "direction is 'sideways'",
         "not JSON", "can't be read", "no recording", "5 cells"),
        strict=True,
    ):  # fmt: skip
        assert words in problem


def test_two_rows_for_one_recording_are_named_and_the_first_counts(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    sound(tmp_path / "a.wav")
    folder = with_csv(tmp_path, "file,caller", "a.wav,09120000012", "a.wav,09120000027")
    report = import_folder(settings, database, folder)
    assert report.imported == 1
    assert [call.caller_raw for call in calls(database)] == ["09120000012"]
    assert "calls.csv, line 3: the same recording as in calls.csv, line 2" in report.problems[0]


def test_nul_in_a_row_costs_that_row_alone(settings: Settings, database: Database, tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    sound(tmp_path / "b.wav", hz=500)
    folder = with_csv(tmp_path, "file,agent", "a.wav,Sa\0ra", "b.wav,Sara")
    report = import_folder(settings, database, folder)
    assert report.imported == 1
    assert "line 2" in report.problems[0]


def test_second_import_changes_nothing(settings: Settings, database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    sound(folder / "a.wav")
    sound(folder / "b.wav", hz=500)
    assert import_folder(settings, database, folder).imported == 2
    (folder / "a.wav").rename(folder / "renamed.wav")
    report = import_folder(settings, database, folder)
    assert (report.imported, report.skipped_known) == (0, 2)
    assert len(calls(database)) == len(work_started(database)) == 2


def test_files_are_kept_where_nobody_else_may_enter_and_the_persons_own_stay_as_they_were(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    path = sound(tmp_path / "archive" / "a.wav")
    path.chmod(0o644)
    import_folder(settings, database, tmp_path / "archive")
    (call,) = calls(database)
    kept = Path(call.recordings[0].path)
    assert kept.parent == settings.data_dir / "archive" / str(call.id)
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o644
    path.unlink()
    assert kept.is_file()


def test_samples_are_marked(settings: Settings, database: Database, tmp_path: Path) -> None:
    sound(tmp_path / "archive" / "a.wav")
    import_folder(settings, database, tmp_path / "archive", sample=True)
    assert [call.source for call in calls(database)] == ["sample"]


def test_folder_that_is_none_or_empty_is_refused_with_a_remedy(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        import_folder(settings, database, tmp_path / "no")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no recordings"):
        import_folder(settings, database, tmp_path / "empty")
    with_csv(tmp_path / "empty", "name,number", "x,y")
    with pytest.raises(InputError, match="line 1: no column file"):
        import_folder(settings, database, tmp_path / "empty")


def test_progress_is_told(settings: Settings, database: Database, tmp_path: Path) -> None:
    sound(tmp_path / "archive" / "a.wav")
    sound(tmp_path / "archive" / "b.wav", hz=500)
    steps: list[tuple[int, int]] = []
    import_folder(settings, database, tmp_path / "archive", progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]


def test_call_that_is_not_there_is_an_error(database: Database) -> None:
    with database.read() as session, pytest.raises(Exception, match="There is no call"):
        load_ended(session, "00000000-0000-0000-0000-000000000000")
    assert Call.__tablename__ == "call"
