"""A transcript as other programs read it: JSON, VTT, SRT, CSV, plain text. Data to text, nothing else."""

from __future__ import annotations

import csv
import enum
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from avasanj.calendars import clock
from avasanj.i18n import N_, translator
from transcription import reasons, timed
from transcription.subtitles import Cue, cues, marked, stamp
from transcription.tables import Transcript, Turn
from transcription.timed import Timed

PARTIES = {"customer": N_("Customer"), "agent": N_("Agent"), "mixed": N_("Both")}
#: What stands in a transcript where nothing can be read, by kind.
SILENCES = {
    "dropped": N_("could not be heard"),
    "mute": N_("muted"),
    "gap": N_("events missing"),
    "cut_off": N_("the recording breaks off"),
}
#: A spreadsheet takes what begins so for a formula.
FORMULA = tuple("=+-@\t\r＝＋－＠")
_COLUMNS = ("call", "turn", "party", "start_s", "end_s", "text", "original", "confidence", "note")


class Format(enum.StrEnum):
    """The forms in which a transcript is given out."""

    JSON = "json"
    VTT = "vtt"
    SRT = "srt"
    CSV = "csv"
    TEXT = "text"

    @property
    def media_type(self) -> str:
        return _TYPES[self]

    @property
    def ending(self) -> str:
        return ".txt" if self is Format.TEXT else f".{self.value}"


_TYPES = {
    Format.JSON: "application/json",
    Format.VTT: "text/vtt",
    Format.SRT: "application/x-subrip",
    Format.CSV: "text/csv",
    Format.TEXT: "text/plain",
}


@dataclass(frozen=True, kw_only=True)
class Note:
    """A stretch in which nothing is to be read, and why. Seconds on the playback's clock."""

    kind: str  #: one of SILENCES
    start_s: float
    end_s: float
    party: str | None = None  #: None: nobody
    reason: str = ""  #: in English, as stored


@dataclass(frozen=True, kw_only=True)
class Line:
    """One turn. Seconds on the playback's clock."""

    position: int
    party: str
    start_s: float
    end_s: float
    text: str
    original: str | None  #: as the model heard it, where a person has corrected it
    confidence: float | None
    words: Sequence[Timed]  #: of `text`
    heard: Sequence[Timed]  #: of what the model heard, whether or not it was corrected


@dataclass(frozen=True, kw_only=True)
class Script:
    """A transcript apart from the database."""

    call: str
    facts: dict[str, Any]
    lines: Sequence[Line]
    notes: Sequence[Note]

    @property
    def language(self) -> str:
        return str(self.facts["language"])


def script_of(transcript: Transcript, notes: Sequence[Note] = ()) -> Script:
    """The transcript with its turns. `notes` are what the call's ledger knows; what was dropped is added."""
    names = (
        "id", "current", "language", "language_probability", "source", "model", "model_version", "too_weak",
        "speakers_guessed", "made_at", "changed_at",
    )  # fmt: skip
    facts = {name: getattr(transcript, name) for name in names}
    facts["made_at"], facts["changed_at"] = transcript.made_at.isoformat(), transcript.changed_at.isoformat()
    return Script(
        call=str(transcript.call_id),
        facts=facts | {"id": str(transcript.id)},
        lines=[line_of(turn) for turn in transcript.turns],
        notes=sorted([*notes, *dropped(transcript)], key=lambda note: note.start_s),
    )


def line_of(turn: Turn) -> Line:
    heard = timed.heard(turn.text, turn.words)
    return Line(
        position=turn.position,
        party=turn.party,
        start_s=turn.start_s,
        end_s=turn.end_s,
        text=turn.said,
        original=None if turn.corrected is None else turn.text,
        confidence=turn.confidence,
        words=heard if turn.corrected is None else timed.corrected(turn.corrected, heard),
        heard=heard,
    )


def dropped(transcript: Transcript) -> list[Note]:
    """The stretches whose text was not believed."""
    return [
        Note(
            kind="dropped",
            party=found["party"],
            start_s=found["start_s"],
            end_s=found["end_s"],
            reason=found.get("reason", ""),
        )
        for found in transcript.dropped
    ]


def written(script: Script, form: Format, language: str = "en") -> str:
    """The transcript in one of the forms; `language` is that of the names of parties and of notes."""
    return _WRITERS[form](script, language)


def _json(script: Script, _language: str) -> str:
    return json.dumps(data(script), ensure_ascii=False) + "\n"


def data(script: Script) -> dict[str, Any]:
    """As JSON has it. Each word is [text, start_s, end_s, probability or null]."""
    return {
        "call": script.call,
        "transcript": script.facts,
        "turns": [
            {
                "position": line.position,
                "party": line.party,
                "start_s": line.start_s,
                "end_s": line.end_s,
                "text": line.text,
                "original": line.original,
                "confidence": line.confidence,
                "words": [[word.text, word.start_s, word.end_s, word.probability] for word in line.words],
            }
            for line in script.lines
        ],
        "unheard": [
            {
                "kind": note.kind,
                "party": note.party,
                "start_s": note.start_s,
                "end_s": note.end_s,
                "reason": note.reason or None,
            }
            for note in script.notes
        ],
    }


def _vtt(script: Script, language: str) -> str:
    parts = [f"WEBVTT\n\nNOTE language: {script.language}\n"]
    for item in _in_order(script):
        if isinstance(item, Note):
            parts.append(f"NOTE {_escaped(_note(item, language))}\n")
            continue
        text = marked(_escaped(item.text), script.language)
        voice = _escaped(_party(item.party, language))
        parts.append(f"{stamp(item.start_s, '.')} --> {stamp(item.end_s, '.')}\n<v {voice}>{text}\n")
    return "\n".join(parts)


def _srt(script: Script, language: str) -> str:
    parts, party = [], ""
    for number, cue in enumerate(_cues(script), start=1):
        name = f"{_party(cue.party, language)}: " if cue.party != party else ""
        party = cue.party
        # players take <b> for markup, and nothing escapes it
        plain = (name + cue.text).replace("<", "‹").replace(">", "›")
        text = marked(plain, script.language, embed=True)
        parts.append(f"{number}\n{stamp(cue.start_s, ',')} --> {stamp(cue.end_s, ',')}\n{text}\n")
    return "\n".join(parts)


def _csv(script: Script, language: str) -> str:
    out = io.StringIO()
    out.write("\ufeff")  # without it spreadsheets take Persian for another encoding
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    turns = [
        (line.start_s, [script.call, line.position, line.party, line.start_s, line.end_s, cell(line.text),
         cell(line.original or ""), "" if line.confidence is None else line.confidence, ""])
        for line in script.lines
    ]  # fmt: skip
    notes = [
        (note.start_s, [script.call, "", note.party or "", note.start_s, note.end_s, "", "", "", cell(_note(note, language))])
        for note in script.notes
    ]  # fmt: skip
    writer.writerows(row for _, row in sorted(turns + notes, key=lambda found: found[0]))
    return out.getvalue()


def _text(script: Script, language: str) -> str:
    lines = []
    items: list[Line | Note] = [*script.lines, *script.notes]
    for item in sorted(items, key=lambda found: found.start_s):
        at = clock(item.start_s, language)
        if isinstance(item, Note):
            lines.append(f"{at} [{_note(item, language)}]")
        else:
            lines.append(f"{at} {_party(item.party, language)}: {item.text}")
    return "\n".join(lines) + "\n" if lines else ""


_WRITERS = {Format.JSON: _json, Format.VTT: _vtt, Format.SRT: _srt, Format.CSV: _csv, Format.TEXT: _text}


def _cues(script: Script) -> list[Cue]:
    found = [cue for line in script.lines for cue in cues(line.party, line.start_s, line.end_s, line.text, line.words)]
    return sorted(found, key=lambda cue: (cue.start_s, cue.end_s))


def _in_order(script: Script) -> list[Cue | Note]:
    items: list[Cue | Note] = [*_cues(script), *script.notes]
    return sorted(items, key=lambda item: item.start_s)


def _party(party: str, language: str) -> str:
    return translator(language).gettext(PARTIES.get(party, party))


def _note(note: Note, language: str) -> str:
    """As in: 0:12–0:20 Customer: could not be heard (the text repeats itself …)."""
    said = translator(language).gettext(SILENCES.get(note.kind, note.kind))
    who = f"{_party(note.party, language)}: " if note.party else ""
    why = f" ({reasons.in_language(note.reason, language)})" if note.reason else ""
    return f"{clock(note.start_s, language)}–{clock(note.end_s, language)} {who}{said}{why}"


def _escaped(text: str) -> str:
    """Text in a VTT file: on one line, and no part of it markup or an arrow of its own."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cell(text: str) -> str:
    """A text that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
