"""The journal: what was written is read again, whatever was cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.journal import Journal
from telephony.ledger import Position
from telephony.replay import replay
from tests.telephony.conftest import OWN_STREAMS

DAY_S = 86_400.0


def names(journal: Journal, since: Position | None = None) -> list[str]:
    return [message.name for _, message in journal.read(since) if message.kind == "event"]


def frame(number: int) -> bytes:
    return b"Event: E%d\r\n\r\n" % number


def test_what_was_appended_is_read_in_order_across_segments(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "pbx", segment_bytes=200)
    places = [journal.append(frame(number), at=1000.0 + number) for number in range(20)]
    journal.close()
    again = Journal(tmp_path / "pbx")
    assert names(again) == [f"E{number}" for number in range(20)]
    assert len(list(again.folder.glob("*.ami"))) > 3
    for number, place in enumerate(places):
        assert names(again, place)[0] == f"E{number}"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "pbx")
    journal.append(frame(1), at=1.0)
    assert journal.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in journal.folder.glob("*.ami")} == {0o600}


@given(cut=st.integers(0, 400))
def test_segment_that_a_crash_cut_off_gives_what_was_whole(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    journal = Journal(tmp_path_factory.mktemp("j") / "pbx")
    for number in range(5):
        journal.append(frame(number), at=1.0)
    journal.close()
    (segment,) = journal.folder.glob("*.ami")
    segment.write_bytes(segment.read_bytes()[:cut])
    journal.append(frame(99), at=2.0)
    found = names(Journal(journal.folder))
    assert found == [f"E{number}" for number in range(len(found) - 1)] + ["E99"]


def test_only_old_segments_behind_the_checkpoint_are_removed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "pbx", segment_bytes=1)
    places = [journal.append(frame(number), at=number * DAY_S) for number in range(4)]
    now = max(path.stat().st_mtime for path in journal.folder.glob("*.ami")) + 31 * DAY_S
    assert journal.prune(keep_days=30, now=now) == 0, "nothing is known to be in the database yet"
    journal.set_checkpoint(places[2])
    assert journal.checkpoint() == places[2]
    assert journal.prune(keep_days=40, now=now) == 0
    assert journal.prune(keep_days=30, now=now) == 2
    assert names(journal) == ["E2", "E3"]


def test_replay_reads_a_journal_like_a_capture(tmp_path: Path) -> None:
    stream = (OWN_STREAMS / "22-blind_sip.txt").read_bytes()
    journal = Journal(tmp_path / "pbx", segment_bytes=30_000)
    for part in stream.split(b"\r\n\r\n")[:-1]:
        journal.append(part + b"\r\n\r\n", at=5.0)
    journal.close()
    assert replay(journal.folder) == replay(OWN_STREAMS / "22-blind_sip.txt")
