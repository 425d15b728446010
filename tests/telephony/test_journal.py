"""The journal: what was written is read again, whatever was cut off."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import segments
from telephony.frames import Message
from telephony.journal import Journal, mark, messages
from telephony.ledger import Position
from telephony.replay import replay
from telephony.segments import Block, Damage, blocks
from tests.telephony.conftest import OWN_STREAMS

DAY_S = 86_400.0


def names(journal: Journal, since: Position | None = None) -> list[str]:
    return [message.name for _, message in journal.read(since) if message.kind == "event"]


def frame(number: int) -> bytes:
    return b"Event: E%d\r\n\r\n" % number


def test_what_was_appended_is_read_in_order_across_segments(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "pbx", segment_bytes=200)
    places = [
        journal.append(mark("received", 1000.0 + number) + frame(number), at=1000.0 + number) for number in range(20)
    ]
    journal.close()
    again = Journal(tmp_path / "pbx")
    assert names(again) == [f"E{number}" for number in range(20)]
    assert len(list(again.folder.glob("*.avj"))) > 3
    for number, place in enumerate(places):
        assert names(again, place)[0] == f"E{number}"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "pbx")
    journal.append(frame(1), at=1.0)
    assert journal.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in journal.folder.glob("*.avj")} == {0o600}


@given(cut=st.integers(0, 400))
def test_segment_that_a_crash_cut_off_gives_what_was_whole(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    journal = Journal(tmp_path_factory.mktemp("j") / "pbx")
    for number in range(5):
        journal.append(frame(number), at=1.0)
    journal.close()
    (segment,) = journal.folder.glob("*.avj")
    segment.write_bytes(segment.read_bytes()[:cut])
    journal.append(frame(99), at=2.0)
    found = names(Journal(journal.folder))
    assert found == [f"E{number}" for number in range(len(found) - 1)] + ["E99"]


def test_only_old_segments_behind_the_checkpoint_are_removed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "pbx", segment_bytes=1)
    places = [journal.append(frame(number), at=number * DAY_S) for number in range(4)]
    now = max(path.stat().st_mtime for path in journal.folder.glob("*.avj")) + 31 * DAY_S
    assert journal.prune(keep_days=30, now=now) == 0, "nothing is known to be in the database yet"
    journal.set_checkpoint(places[2])
    assert journal.checkpoint() == (places[2], frozenset())
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


def written(folder: Path, events: int = 6) -> tuple[Journal, Path]:
    """A journal of one segment with one event in each block, received one second after the other."""
    journal = Journal(folder)
    for number in range(events):
        journal.append(mark("received", 1000.0 + number) + frame(number), at=1000.0 + number)
    journal.close()
    (segment,) = journal.folder.glob("*.avj")
    return journal, segment


def told(folder: Path) -> tuple[list[str], list[Damage], list[Message]]:
    """Events, damages and holes as a reader meets them."""
    damages: list[Damage] = []
    found = [message for _, message in messages(folder, on_damage=damages.append)]
    return (
        [message.name for message in found if message.kind == "event"],
        damages,
        [message for message in found if message.name == "hole"],
    )


def test_segment_cut_at_any_byte_gives_every_event_before_the_cut_and_says_that_it_is_torn(tmp_path: Path) -> None:
    _, segment = written(tmp_path / "pbx")
    whole = segment.read_bytes()
    with segment.open("rb") as file:
        ends = [block.offset for block in blocks(file, segment.name) if isinstance(block, Block)] + [len(whole)]
    for cut in range(len(segments.MAGIC), len(whole)):
        segment.write_bytes(whole[:cut])
        events, damages, holes = told(tmp_path / "pbx")
        assert events == [f"E{number}" for number in range(sum(end <= cut for end in ends[1:]))], cut
        assert [damage.torn for damage in damages] == ([] if cut in ends else [True]), cut
        assert not holes, "what was torn off was never used"


def test_journal_goes_on_after_a_cut_at_any_byte(tmp_path: Path) -> None:
    _, segment = written(tmp_path / "pbx", 2)
    whole = segment.read_bytes()
    for cut in range(len(whole)):
        for path in (tmp_path / "pbx").iterdir():
            path.unlink()
        segment.write_bytes(whole[:cut])
        journal = Journal(tmp_path / "pbx")
        journal.append(frame(99), at=2000.0)
        journal.close()
        events, _, holes = told(tmp_path / "pbx")
        assert events == [*[f"E{number}" for number in range(len(events) - 1)], "E99"]
        assert not holes


def test_bit_flipped_anywhere_is_noticed_costs_one_block_and_leaves_a_hole(tmp_path: Path) -> None:
    _, segment = written(tmp_path / "pbx")
    whole = segment.read_bytes()
    with segment.open("rb") as file:
        starts = [block.offset for block in blocks(file, segment.name) if isinstance(block, Block)]
    for place in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << (place % 8)
        segment.write_bytes(spoilt)
        events, damages, holes = told(tmp_path / "pbx")
        (damage,) = damages
        assert not damage.torn
        assert damage.segment == segment.name
        assert damage.offset <= place < damage.offset + damage.bytes
        lost = sum(start <= place for start in starts) - 1
        assert events == [f"E{number}" for number in range(6) if number != lost], place
        (hole,) = holes
        if lost >= 0:
            assert hole.get("From") == ("" if lost == 0 else f"{999.0 + lost:.6f}")
            assert hole.get("To") == ("" if lost == 5 else f"{1001.0 + lost:.6f}")


def test_segment_that_was_taken_away_leaves_a_hole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "pbx", segment_bytes=1)
    for number in range(3):
        journal.append(mark("received", 1000.0 + number) + frame(number), at=1000.0 + number)
    journal.close()
    sorted(journal.folder.glob("*.avj"))[1].unlink()
    events, damages, (hole,) = told(journal.folder)
    assert events == ["E0", "E2"]
    assert [damage.bytes for damage in damages] == [0]
    assert (hole.get("From"), hole.get("To")) == ("1000.000000", "1002.000000")


def test_first_versions_segments_are_read_and_gone_on_from(tmp_path: Path) -> None:
    folder = tmp_path / "pbx"
    folder.mkdir()
    old = folder / "00000007-20261101T000000.ami"
    old.write_bytes(mark("received", 1.0) + frame(1) + mark("received", 2.0) + frame(2) + b"Event: torn\r\nHalf")
    journal = Journal(folder)
    place = Position(segment=old.name, offset=len(mark("received", 1.0) + frame(1)))
    journal.append(frame(3), at=3.0)
    assert names(journal) == ["E1", "E2", "E3"]
    assert names(journal, place) == ["E2", "E3"]
    assert [path.name[:8] for path in sorted(folder.glob("*.avj"))] == ["00000008"]


def test_checkpoint_that_is_damaged_gives_the_one_before(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "pbx", segment_bytes=1)
    first, second = (journal.append(frame(number), at=number * DAY_S) for number in range(2))
    journal.set_checkpoint(first, ["1.1"])
    journal.set_checkpoint(second, ["2.2"])
    file = journal.folder / "checkpoint.json"
    whole = file.read_bytes()
    assert journal.checkpoint() == (second, frozenset(["2.2"]))
    for place in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << (place % 8)
        file.write_bytes(spoilt)
        assert journal.checkpoint() in ((first, frozenset(["1.1"])), (second, frozenset(["2.2"])))
    file.unlink()
    assert journal.checkpoint() == (first, frozenset(["1.1"]))


def test_full_disk_takes_back_what_was_written_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "pbx")
    journal.append(frame(0), at=1.0)
    with monkeypatch.context() as patch:
        write = os.write

        def some(file: int, data: bytes) -> int:
            if len(data) < 10:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(file, data[: len(data) // 2])

        patch.setattr(os, "write", some)
        with pytest.raises(OSError, match="No space"):
            journal.append(frame(1), at=2.0)
    journal.append(frame(2), at=3.0)
    events, damages, holes = told(journal.folder)
    assert (events, damages, holes) == (["E0", "E2"], [], [])


WRITE = """
    import sys
    from pathlib import Path
    from telephony.journal import Journal, mark
    journal = Journal(Path(sys.argv[1]), segment_bytes=20_000)
    for number in range(10_000_000):
        journal.append(mark("received", 1000.0) + b"Event: E%d\\r\\nX: %d\\r\\n\\r\\n" % (number, number * 7919), at=1000.0)
        print(number, flush=True)
"""


def test_writer_killed_at_any_moment_leaves_every_event_that_it_said_was_written(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    for life in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITE), str(tmp_path / "pbx")],
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)},
        )  # fmt: skip
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(200 + 371 * life)]
        process.kill()
        lines += process.stdout.readlines()
        told_last = int(next(line for line in reversed(lines) if line.endswith(b"\n")))
        process.wait(10)
        process.stdout.close()
        events, damages, holes = told(tmp_path / "pbx")
        last_run = events[len(events) - events[::-1].index("E0") - 1 :]
        assert last_run[: told_last + 1] == [f"E{number}" for number in range(told_last + 1)]
        assert not holes
        assert all(damage.torn for damage in damages)


def test_one_event_in_a_block_of_its_own_takes_less_than_half_of_its_bytes(tmp_path: Path) -> None:
    events = [part + b"\r\n\r\n" for part in (OWN_STREAMS / "22-hold.txt").read_bytes().split(b"\r\n\r\n")[:-1]]
    packed = sum(len(segments.pack(mark("received", 1000.0) + event, 1)) for event in events)
    assert packed < sum(map(len, events)) / 2
