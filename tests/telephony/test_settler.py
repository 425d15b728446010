"""Calls whose recordings can't be had yet: they wait, say so, and go on by themselves."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from avasanj.database import Database
from avasanj.settings import Settings
from telephony import problems, store
from telephony.bookkeeper import Bookkeeper
from telephony.ids import call_id
from telephony.ledger import NamedRecording
from telephony.settler import Settler
from telephony.storage import Away, Folder, storages
from telephony.tables import Call, Party
from tests.telephony.following import calls, eventually, work_started
from tests.telephony.test_recordings import PBX_FOLDER, call_with, sound

LEG = NamedRecording(party=Party.CUSTOMER, path=f"{PBX_FOLDER}/1-r.wav", offset_s=0.0)


@contextmanager
def keeping(settings: Settings, database: Database) -> Iterator[Bookkeeper]:
    keeper = Bookkeeper(settings, database, pbx="pbx")
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.close(wait_s=5)


def seen_before(settings: Settings) -> None:
    for place in storages(settings):
        place.check()


def test_call_waits_while_its_folder_is_away_says_so_and_goes_on_when_it_is_back(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    """Longer than a missing file is waited for, and over a restart of the listener."""
    settings = settings.model_copy(update={"recording_wait_s": 0.6})
    root = settings.recordings_dir[0]
    sound(root / "1-r.wav")
    seen_before(settings)
    root.rename(tmp_path / "away")
    with keeping(settings, database) as keeper:
        keeper.submit([call_with(LEG)])
        call = eventually(lambda: next((c for c in calls(database) if c.recordings_problem), None), what="the reason")
        assert call.recordings_problem == problems.text(problems.FOLDER_AWAY, folder=root, fault="it is not there")
        time.sleep(1.5)
        assert work_started(database) == []
    with keeping(settings, database) as keeper:
        keeper.submit([call_with(LEG)])  # as from the journal
        time.sleep(0.8)
        assert work_started(database) == []
        (tmp_path / "away").rename(root)
        eventually(lambda: work_started(database), what="the call's going on")
    (call,) = calls(database)
    assert call.recordings_problem is None
    assert [(r.party, r.problem, r.path) for r in call.recordings] == [("customer", None, str(root / "1-r.wav"))]


def test_folder_that_never_was_is_a_wrong_setting_and_nothing_to_wait_for(
    settings: Settings, database: Database
) -> None:
    nowhere = settings.model_copy(update={"recordings_dir": [Path("/nowhere/monitor")], "recording_wait_s": 0.5})
    with keeping(nowhere, database) as keeper:
        keeper.submit([call_with(LEG)])
        eventually(lambda: work_started(database), what="the call's going on")
    (call,) = calls(database)
    assert [r.problem for r in call.recordings] == [problems.text(problems.MISSING, file="1-r.wav", seconds="0.5")]


def test_mount_that_is_gone_is_away_although_its_empty_folder_is_there(tmp_path: Path) -> None:
    point, memory = tmp_path / "mount", tmp_path / "seen.json"
    point.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "none", str(point)], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        (point / "monitor").mkdir()
        for root in (point, point / "monitor"):
            Folder(root, memory=memory).check()
    finally:
        subprocess.run(["umount", str(point)], check=True)
    for root in (point, point / "monitor"):
        with pytest.raises(Away, match="can't be reached"):
            Folder(root, memory=memory).check()
    Folder(point, memory=tmp_path / "other.json").check()


def test_folder_that_may_not_be_read_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Away, match="Not a directory"):
        Folder(tmp_path / "file").check()


class Hanging(Folder):
    """A mount whose server does not answer: every question hangs."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.answers = threading.Event()

    def check(self) -> None:
        self.answers.wait(20)
        super().check()


def test_storage_that_hangs_holds_up_neither_the_ledger_nor_the_answer_why(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telephony.settler._HANGS_S", 0.5)
    root = settings.recordings_dir[0]
    sound(root / "1-r.wav")
    place = Hanging(root)
    settler = Settler(settings, pbx="pbx", places=[place])
    settler.start()
    settler.add(call_with(LEG))
    away = eventually(lambda: settler.news().get("1.1"), what="the reason")
    assert away == problems.text(problems.FOLDER_AWAY, folder=root, fault="no answer")
    settler.told("1.1", away)
    assert settler.news() == {}, "told once"
    place.answers.set()
    ((call, recordings),) = eventually(settler.settled, what="the recordings")
    assert (call.linked_id, [r.problem for r in recordings]) == ("1.1", [None])
    assert settler.news() == {"1.1": None}
    settler.done("1.1")
    assert settler.settled() == []
    settler.close()


def test_settling_again_changes_nothing(settings: Settings, database: Database) -> None:
    sound(settings.recordings_dir[0] / "1-r.wav")
    with keeping(settings, database) as keeper:
        keeper.submit([call_with(LEG)])
        eventually(lambda: work_started(database), what="the call's going on")
    (before,) = calls(database)
    settler = Settler(settings, pbx="pbx")
    settler.start()
    settler.add(call_with(LEG))
    ((_, recordings),) = eventually(settler.settled, what="the recordings")
    settler.close()
    with database.transaction() as session:
        store.settle(session, call_id("pbx", "1.1"), recordings)
    (after,) = calls(database)
    assert [(r.id, r.path, r.sha256) for r in after.recordings] == [(r.id, r.path, r.sha256) for r in before.recordings]
    assert isinstance(after, Call)
