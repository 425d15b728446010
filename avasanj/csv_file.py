"""CSV files that people write by hand or take out of a spreadsheet: any of the usual separators, columns by name."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from avasanj.errors import InputError
from avasanj.i18n import N_


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One row as it was written: `number` is its line in the file, `cells` its values by column."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """Nothing for a column that the file has not."""
        return self.cells.get(column, "")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a row was not taken in: a message id with values, to be said in the reader's language."""

    line: int
    text: str
    values: dict[str, object]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What became of the rows."""

    added: int
    known: int  #: rows that change nothing
    problems: tuple[Problem, ...]


def read(path: Path, columns: Sequence[str], needed: Sequence[str]) -> list[Row]:
    """The file's rows. Raises InputError for what is no CSV, and for columns that are missing, unknown or named twice."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(N_("%(file)s is not UTF-8 text. Save it as CSV UTF-8."), file=path.name) from None
    except OSError as error:
        raise InputError(N_("%(file)s can't be read: %(fault)s."), file=path.name, fault=error.strerror) from None
    if "\0" in text:  # no database column takes it
        raise InputError(N_("%(file)s is not UTF-8 text. Save it as CSV UTF-8."), file=path.name)
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _check_columns(names, columns, needed, path.name)
        return [
            Row(number=reader.line_num, cells={n: cell.strip() for n, cell in zip(names, cells, strict=False)})
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise InputError(N_("%(file)s can't be read: %(fault)s."), file=path.name, fault=str(error)) from None


def take(session: Session, rows: Sequence[Row], give: Callable[[Row], bool]) -> Report:
    """Hand each row to `give`, which says whether it changed something. A row that it refuses with an InputError is told, and
    the others go on. Nothing is kept unless the caller commits, so a dry run rolls back.
    """
    added = known = 0
    problems: list[Problem] = []
    for row in rows:
        try:
            with session.begin_nested():
                changed = give(row)
        except InputError as error:
            problems.append(Problem(line=row.number, text=error.text, values=error.values))
        else:
            added, known = added + changed, known + (not changed)
    return Report(added=added, known=known, problems=tuple(problems))


def _check_columns(names: Sequence[str], columns: Sequence[str], needed: Sequence[str], file: str) -> None:
    missing = [name for name in needed if name not in names]
    unknown = [name for name in names if name not in columns]
    if missing:
        raise InputError(
            N_("%(file)s has no column %(columns)s. Its first line must name the columns: %(all)s."),
            file=file,
            columns=", ".join(missing),
            all=", ".join(columns),
        )
    if unknown or len(set(names)) < len(names):
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        raise InputError(
            N_("%(file)s has columns that are unknown or named twice: %(columns)s. Known are: %(all)s."),
            file=file,
            columns=", ".join(name or '""' for name in [*unknown, *twice]),
            all=", ".join(columns),
        )
