"""Takes an archive of recordings in: its calls enter the ledger as if they had just ended."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from avasanj import work
from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.notify import announce
from avasanj.settings import Settings
from telephony import lines, problems, repeats, store
from telephony.archive_rows import ArchiveRow, discover, read_csv
from telephony.ids import call_id
from telephony.recordings import is_inside
from telephony.soundfiles import SoundFacts, UnusableSound, inspect
from telephony.tables import AgentSpan, Call, CallState, Disposition, Party, Recording, Source

CSV_NAME = "calls.csv"
_HASH_LETTERS = 32


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImportReport:
    """How an import went. `problems` are sentences; those of a CSV name its line."""

    imported: int
    skipped_known: int
    problems: list[str]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Leg:
    """A file of the row that can be used, and where it will lie."""

    party: Party
    source: Path
    facts: SoundFacts


def import_folder(
    settings: Settings,
    database: Database,
    folder: Path,
    *,
    sample: bool = False,
    csv: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Take in every call of `folder`, told by `csv` (default: its calls.csv, else its file names).

    Files are linked or copied into the data folder. A call is known again by its sound, so a second import changes
    nothing. `progress` is told rows done and rows in all. Raises InputError where the folder or the CSV can't be read.
    """
    folder = folder.absolute()
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Give the folder in which the recordings lie.")
    facts = csv or (folder / CSV_NAME if (folder / CSV_NAME).is_file() else None)
    rows = list(discover(folder) if facts is None else read_csv(facts.absolute(), timezone=settings.timezone))
    if not rows:
        raise InputError(
            f"{folder} holds no recordings. Sound files may be WAV, MP3, Opus, FLAC, as one stereo file, a pair or mono."
        )
    problems_found: list[str] = []
    imported = known = 0
    told: dict[uuid.UUID, str] = {}
    for done, row in enumerate(rows, 1):
        if isinstance(row, str):
            problems_found.append(row)
        else:
            try:
                allowed = [folder, *settings.recordings_dirs]
                taken = _take(
                    settings, database, row, allowed=allowed, sample=sample, told={} if facts is None else told
                )
                imported += taken
                known += not taken
            except InputError as error:
                problems_found.append(str(error))
        if progress is not None:
            progress(done, len(rows))
    return ImportReport(imported=imported, skipped_known=known, problems=problems_found)


def _take(
    settings: Settings,
    database: Database,
    row: ArchiveRow,
    *,
    allowed: Sequence[Path],
    sample: bool,
    told: dict[uuid.UUID, str],
) -> bool:
    """Enter one call; False where it is known. Raises InputError where its files can't be used or are another row's (`told`)."""
    legs = [_leg(party, path, place=row.place, allowed=allowed) for party, path in row.files.items()]
    pbx = Source.SAMPLE if sample else "archive"
    linked_id = hashlib.sha256(
        "\n".join(sorted(f"{leg.party}:{leg.facts.sha256}" for leg in legs)).encode()
    ).hexdigest()[:_HASH_LETTERS]
    id_ = call_id(pbx, linked_id)
    if (first := told.setdefault(id_, row.place)) != row.place:
        raise InputError(
            f"{row.place}: the same recording as in {first}. Keep the row that is right; this one was left out."
        )
    with database.read() as session:
        if session.get(Call, id_) is not None:
            return False
    if row.transcript is not None and not any(is_inside(row.transcript, [root]) for root in allowed):
        raise InputError(
            f"{row.place}: the transcript {row.transcript.name} lies outside of {allowed[0]}. Move it there."
        )
    home = settings.data_dir.absolute() / "archive" / str(id_)
    placed = {leg.party: _place(leg.source, home, f"{leg.party}{leg.source.suffix.lower()}", row.place) for leg in legs}
    transcript = None if row.transcript is None else _place(row.transcript, home, "transcript.json", row.place)
    call = _call(settings, row, legs, id_=id_, pbx=pbx, linked_id=linked_id, sample=sample)
    call.recordings = _recordings(row, legs, placed, transcript)
    with database.transaction() as session:
        _enter(session, settings, call)
    return True


def _enter(session: Session, settings: Settings, call: Call) -> None:
    place = repeats.place(call)
    repeats.lock(session, place)
    session.add(call)
    session.flush()
    lines.name_spans(session, AgentSpan.call_id == call.id)
    repeats.link(session, settings, None, place)
    work.enqueue(session, work.INTAKE, str(call.id), key=f"intake:{call.id}", priority=work.LATER)
    announce(session, "call", call.id)


def _leg(party: Party, path: Path, *, place: str, allowed: Sequence[Path]) -> Leg:
    if not path.is_file():
        raise InputError(f"{place}: {path.name} is not at {path}. Mend the path, which counts from the CSV's folder.")
    if not is_inside(path, allowed):
        raise InputError(
            f"{place}: {path.name} lies outside of {allowed[0]} and of AVASANJ_RECORDINGS_DIR. Move it there."
        )
    try:
        facts = inspect(path)
    except UnusableSound as fault:
        raise InputError(f"{place}: {problems.text(fault.problem, file=path.name, **fault.values)}") from None
    except OSError as error:
        raise InputError(
            f"{place}: {problems.text(problems.UNREADABLE, file=path.name, fault=error.strerror)}"
        ) from None
    if facts.channels > (2 if party is Party.MIXED else 1):
        raise InputError(
            f"{place}: {path.name} has {facts.channels} channels. Give a stereo file as file, a leg as mono."
        )
    return Leg(party=party, source=path, facts=facts)


def _place(source: Path, home: Path, name: str, place: str) -> Path:
    """The file in our own folder, which nobody else may enter: linked where the file system allows, else copied."""
    target = home / name
    try:
        home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        target.unlink(missing_ok=True)
        if source.stat().st_uid == os.geteuid():
            with contextlib.suppress(OSError):
                os.link(source.resolve(), target)
                return target
        shutil.copyfile(source, target)
        target.chmod(0o600)
    except OSError as error:
        raise InputError(
            f"{place}: {source.name} can't be kept in {home}: {error.strerror}. Free disk space or mend the folder's rights."
        ) from None
    return target


def _call(
    settings: Settings, row: ArchiveRow, legs: Sequence[Leg], *, id_: uuid.UUID, pbx: str, linked_id: str, sample: bool
) -> Call:
    length_s = max(leg.facts.duration_s for leg in legs)
    modified = min(leg.source.stat().st_mtime for leg in legs)
    started = row.started_at or datetime.datetime.fromtimestamp(modified, datetime.UTC) - datetime.timedelta(
        seconds=length_s
    )
    ended = started + datetime.timedelta(seconds=length_s)
    span = AgentSpan(
        position=0, interface=row.agent or "", agent_name=row.agent, started_at=started, ended_at=ended, hold_s=0.0
    )
    return Call(
        id=id_,
        pbx=pbx,
        linked_id=linked_id,
        source=Source.SAMPLE if sample else Source.IMPORTED,
        direction=row.direction,
        state=CallState.ENDED,
        disposition=Disposition.ANSWERED,
        queue=None if row.queue is None else row.queue[:80],
        caller_raw=row.caller,
        caller_name=row.caller_name,
        called_raw=row.called,
        customer_e164=store.customer_number(row.direction, row.caller, row.called, settings),
        started_at=started,
        answered_at=started,
        ended_at=ended,
        wait_s=0.0,
        talk_s=length_s,
        hold_s=0.0,
        holds=0,
        transfers=0,
        language=row.language or _language(row.transcript) or settings.queue_languages.get(row.queue or ""),
        complete=True,
        spans=[span],
    )


def _language(transcript: Path | None) -> str | None:
    return None if transcript is None else str(json.loads(transcript.read_text(encoding="utf-8-sig"))["language"])[:5]


def _recordings(
    row: ArchiveRow, legs: Sequence[Leg], placed: Mapping[Party, Path], transcript: Path | None
) -> list[Recording]:
    found = []
    for leg in legs:
        parties: list[tuple[Party, int | None]] = [(leg.party, None)]
        if leg.facts.channels == 2:
            parties = [(Party.AGENT, row.agent_channel), (Party.CUSTOMER, 1 - row.agent_channel)]
        for party, channel in parties:
            found.append(
                Recording(
                    party=party,
                    path=str(placed[leg.party]),
                    channel=channel,
                    offset_s=0.0,
                    duration_s=leg.facts.duration_s,
                    rate_hz=leg.facts.rate_hz,
                    codec=leg.facts.codec[:30],
                    sha256=leg.facts.sha256,
                    transcript_path=None if transcript is None else str(transcript),
                )
            )
    return found
