"""Asterisk's Master.csv is read from its end, and what logrotate put aside after it."""

from __future__ import annotations

import datetime as dt
import gzip
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from telephony.call_records import CallRecord, RecordsAway
from telephony.cdr_csv import CsvRecords
from tests.telephony.master_csv import line

UTC = dt.UTC


def told(rows: list[CallRecord] | tuple[CallRecord, ...]) -> list[str]:
    return [row.linked_id for row in rows]


def test_rows_are_read_from_the_files_end_in_the_zone_of_their_times(tmp_path: Path) -> None:
    tehran = ZoneInfo("Asia/Tehran")
    file = tmp_path / "Master.csv"
    with file.open("w") as out:
        for number in range(20_000):
            out.write(line(1_700_000_000 + 10 * number, 1_700_000_005 + 10 * number, f"c{number}", zone=tehran))
    assert file.stat().st_size > 3_000_000
    rows = CsvRecords(file, tehran).between(1_700_199_970, 1_700_199_990)
    assert told(list(rows)) == ["c19997", "c19998", "c19999"]
    assert rows[0].started_at == 1_700_199_970
    assert rows[0].fields["EndTime"] == "1700199975.000000"
    assert told(list(CsvRecords(file, tehran).between(1_700_000_000, 1_700_000_004))) == ["c0"]


def test_row_being_written_rows_without_ids_and_stray_marks_spoil_nothing(tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    short = ",".join(line(1000, 1001, "x").split(",")[:16]) + "\n"
    whole = [line(1000, 1002, "a"), short, '"half,"a\n', "\n", line(1000, 1003, "b", src='0"x')]
    file.write_text("".join(whole) + line(1000, 1004, "torn")[:-30])
    assert told(list(CsvRecords(file, UTC).between(900, 1100))) == ["a", "b"]


def test_file_that_is_not_there_yet_is_no_fault_and_a_folder_that_is_not_there_is(tmp_path: Path) -> None:
    assert not CsvRecords(tmp_path / "Master.csv", UTC).between(0, 1)
    with pytest.raises(RecordsAway, match="is not there"):
        CsvRecords(tmp_path / "gone" / "Master.csv", UTC).between(0, 1)


def test_rows_of_files_that_logrotate_put_aside_are_found_as_far_back_as_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    day = 86_400.0
    texts = {
        "Master.csv": line(9 * day, 9 * day + 5, "today"),
        "Master.csv.1": line(8 * day, 8 * day + 5, "yesterday") + line(8 * day + 90, 8 * day + 95, "late"),
        "Master.csv-19700108": line(7 * day, 7 * day + 5, "earlier"),
        "Master.csv.3.gz": line(6 * day, 6 * day + 5, "packed") + line(6 * day + 9, 6 * day + 10, "packed2"),
        "Master.csv-19700106.gz": line(5 * day, 5 * day + 5, "oldest"),
        "Master.csv.bak": line(8 * day, 8 * day + 5, "no rotation's name"),
        "Master.csv.1.gz": line(8 * day, 8 * day + 5, "yesterday"),  # is being packed, and is cut off
    }
    for age, (name, content) in enumerate(texts.items()):
        packed = gzip.compress(content.encode()) if name.endswith(".gz") else content.encode()
        (tmp_path / name).write_bytes(packed[:-3] if name == "Master.csv.1.gz" else packed)
        os.utime(tmp_path / name, (20 * day - age, 20 * day - age))
    records = CsvRecords(file, UTC)
    assert told(list(records.between(9 * day, 9 * day + 100))) == ["today"]
    assert told(list(records.between(8 * day, 8 * day + 10))) == ["yesterday"]
    assert told(list(records.between(8 * day, 8 * day + 100, "late"))) == ["late"]
    assert told(list(records.between(5 * day, 10 * day))) == [
        "oldest", "packed", "packed2", "earlier", "yesterday", "late", "today",
    ]  # fmt: skip
    file.unlink()
    assert told(list(records.between(6 * day, 6 * day + 6))) == ["packed"], (
        "Master.csv was put aside and is not back yet"
    )
    os.utime(tmp_path / "Master.csv.3.gz", (4 * day, 4 * day))
    assert not records.between(6 * day, 6 * day + 6), "a file last written to before the call is not opened"


def test_file_put_aside_that_can_not_be_unpacked_costs_only_its_own_rows(tmp_path: Path) -> None:
    (tmp_path / "Master.csv").write_text(line(2000, 2001, "a"))
    (tmp_path / "Master.csv.1.gz").write_bytes(b"no packed file")
    (tmp_path / "Master.csv.2").write_text(line(1000, 1001, "b"))
    assert told(list(CsvRecords(tmp_path / "Master.csv", UTC).between(900, 3000))) == ["b", "a"]
