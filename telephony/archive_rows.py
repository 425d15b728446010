"""What is in an archive of recordings: rows of its CSV, or what its file names tell."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from avasanj.errors import InputError
from avasanj.persian import ascii_digits
from avasanj.phone import is_hidden
from telephony import headerless
from telephony.tables import Direction, Party

SOUND_SUFFIXES = frozenset({".wav", ".wav16", ".wav49", ".mp3", ".ogg", ".opus", ".oga", ".flac", *headerless.FORMATS})
COLUMNS = (
    "file", "agent_file", "customer_file", "started_at", "direction", "caller", "called", "agent", "queue", "transcript", "language",
    "agent_channel",
)  # fmt: skip
T = TypeVar("T")
_LEG = re.compile(r"^(?P<name>.+)-(?P<party>agent|customer)$", re.IGNORECASE)
_NAME_AND_NUMBER = re.compile(r'^\s*"?(?P<name>[^<"]*?)"?\s*<(?P<number>[^>]*)>\s*$')
#: Years before this are Jalali.
_FIRST_GREGORIAN_YEAR = 1700
_PARTIES = frozenset(party.value for party in Party)
_TURN_KEYS = frozenset({"party", "start_s", "end_s", "text"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArchiveRow:
    """One call of the archive. `place` says where it was told, for errors; `files` by party, MIXED for one file of both."""

    place: str
    files: Mapping[Party, Path]
    agent_channel: int = 1  #: of a stereo file, counted from 0
    started_at: datetime.datetime | None = None
    direction: Direction = Direction.INBOUND
    caller: str | None = None
    caller_name: str | None = None
    called: str | None = None
    agent: str | None = None
    queue: str | None = None
    language: str | None = None
    transcript: Path | None = None


def read_csv(path: Path, *, timezone: str) -> Iterator[ArchiveRow | str]:
    """The CSV's rows in order, a bad one as a sentence that names its line. Raises InputError where the file is no such CSV."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            delimiter = max(",;\t", key=head.count)
            names = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
            if not {"file", "agent_file", "customer_file"} & set(names):
                raise InputError(
                    f"{path}, line 1: no column file, agent_file or customer_file. The first line must name columns: {','.join(COLUMNS)}"
                )
            rows = csv.reader(file, delimiter=delimiter)
            for cells in rows:
                place = f"{path.name}, line {rows.line_num + 1}"
                if not any(cell.strip() for cell in cells):
                    continue
                try:
                    facts = _facts(names, cells, place)
                    yield _row(facts, place=place, folder=path.parent, timezone=timezone)
                except InputError as error:
                    yield str(error)
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text. Save it as CSV UTF-8.") from None
    except csv.Error as error:
        raise InputError(f"{path} can't be read as CSV: {error}.") from None
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None


def discover(folder: Path) -> Iterator[ArchiveRow | str]:
    """Without a CSV: NAME-agent.* and NAME-customer.* belong together, every other sound file is one call; NAME.json its transcript."""
    legs: dict[Path, dict[Party, Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SOUND_SUFFIXES or not path.is_file():
            continue
        match = _LEG.match(path.stem)
        stem = path.with_name(match["name"]) if match else path.with_name(path.stem)
        party = Party(match["party"].lower()) if match else Party.MIXED
        if party in legs.setdefault(stem, {}):
            yield f"{path.relative_to(folder)}: there is another file for the {party} of {stem.name}. Keep one of them."
            continue
        legs[stem][party] = path
    for stem, files in legs.items():
        place = str(stem.relative_to(folder))
        if Party.MIXED in files and len(files) > 1:
            files = {party: path for party, path in files.items() if party is not Party.MIXED}  # noqa: PLW2901
        transcript = stem.with_name(f"{stem.name}.json")
        try:
            yield ArchiveRow(
                place=place, files=files, transcript=_transcript(transcript, place) if transcript.is_file() else None
            )
        except InputError as error:
            yield str(error)


def _facts(names: Sequence[str], cells: Sequence[str], place: str) -> dict[str, str]:
    if len(cells) > len(names):
        raise InputError(
            f"{place}: {len(cells)} cells where the first line names {len(names)} columns. Quote cells that hold a comma."
        )
    if any("\0" in cell for cell in cells):
        raise InputError(f"{place}: a cell holds a NUL character. Take it out.")
    return {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}


def _row(facts: Mapping[str, str], *, place: str, folder: Path, timezone: str) -> ArchiveRow:
    files = {
        party: folder / facts[column]
        for column, party in (("file", Party.MIXED), ("agent_file", Party.AGENT), ("customer_file", Party.CUSTOMER))
        if column in facts
    }
    if not files:
        raise InputError(f"{place}: no recording. Give file, or agent_file and customer_file.")
    if Party.MIXED in files and len(files) > 1:
        raise InputError(f"{place}: both file and agent_file or customer_file. Give one or the other.")
    name, number = _caller(facts.get("caller"))
    transcript = folder / facts["transcript"] if "transcript" in facts else None
    return ArchiveRow(
        place=place,
        files=files,
        agent_channel=_choice(facts, "agent_channel", {"left": 0, "right": 1, "0": 0, "1": 1}, 1, place),
        started_at=_started_at(facts["started_at"], timezone, place) if "started_at" in facts else None,
        direction=_choice(facts, "direction", {way.value: way for way in Direction}, Direction.INBOUND, place),
        caller=number,
        caller_name=name,
        called=facts.get("called"),
        agent=facts.get("agent"),
        queue=facts.get("queue"),
        language=_choice(facts, "language", {"fa": "fa", "en": "en"}, None, place),
        transcript=None if transcript is None else _transcript(transcript, place),
    )


def _choice(facts: Mapping[str, str], column: str, known: Mapping[str, T], default: T, place: str) -> T:
    text = facts.get(column)
    if text is None:
        return default
    if text.lower() not in known:
        raise InputError(f"{place}: {column} is {text[:40]!r}; it can be {', '.join(known)}.")
    return known[text.lower()]


def _caller(text: str | None) -> tuple[str | None, str | None]:
    """Name and number of `"Name" <number>`, of a number, or of a name alone."""
    if text is None:
        return None, None
    if (match := _NAME_AND_NUMBER.match(text)) is not None:
        return _shown(match["name"]), match["number"].strip() or None
    return (None, text) if any(letter.isdigit() for letter in text) else (_shown(text), None)


def _shown(name: str) -> str | None:
    return None if is_hidden(name) else name.strip()


def _started_at(text: str, timezone: str, place: str) -> datetime.datetime:
    """ISO 8601, also with a space, slashes, Persian digits or a Jalali date; in the center's zone where it names none."""
    plain = ascii_digits(text).strip().replace("/", "-")
    try:
        if (year := plain.split("-")[0]).isdigit() and int(year) < _FIRST_GREGORIAN_YEAR:
            from persiantools.jdatetime import JalaliDate

            date, rest = re.match(r"(\d+-\d+-\d+)(.*)", plain, re.DOTALL).groups()  # type: ignore[union-attr]
            numbers = (int(part) for part in date.split("-"))
            plain = JalaliDate(*numbers).to_gregorian().isoformat() + rest  # type: ignore[no-untyped-call]
        at = datetime.datetime.fromisoformat(plain)
        return (at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(timezone))).astimezone(datetime.UTC)
    except (ValueError, AttributeError, OverflowError):
        raise InputError(
            f"{place}: started_at is {text[:40]!r}; write it as 2026-11-22 14:05 or 1405-09-01 14:05."
        ) from None


def _transcript(path: Path, place: str) -> Path:
    """The path of a transcript that looks as it should. Each turn is checked again when it is used."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text)
    except OSError as error:
        raise InputError(f"{place}: the transcript {path.name} can't be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: the transcript {path.name} is not JSON in UTF-8: {error}.") from None
    if "\\u0000" in text:
        raise InputError(f"{place}: the transcript {path.name} holds a NUL character (\\u0000). Take it out.")
    turns = content.get("turns") if isinstance(content, dict) else None
    if not isinstance(turns, list) or not isinstance(content.get("language"), str):
        raise InputError(f'{place}: the transcript {path.name} needs "language", "source" and "turns".')
    for number, turn in enumerate(turns, 1):
        if not isinstance(turn, dict) or not turn.keys() >= _TURN_KEYS or str(turn["party"]) not in _PARTIES:
            raise InputError(
                f"{place}: the transcript {path.name}, turn {number}, needs party (customer, agent), start_s, end_s and text."
            )
    return path
