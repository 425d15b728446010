"""What the transcript of one call shows, in order: turns with their doubtful words, and the stretches that have no words."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from transcription.exports import Line, Note, line_of
from transcription.tables import Correction, Transcript, Turn
from transcription.timed import Timed

#: A stretch without words that is only heard as a breath is not worth a line.
_SHORTEST_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Break:
    """A stretch of the transcript in which nothing is to be read, and why. Seconds of the playback."""

    kind: str  #: gap, mute, dropped, cut_off
    start_s: float
    end_s: float
    party: str | None = None
    reason: str = ""  #: in English, as it is stored


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some of a turn's words: `probability` for one that the model is not sure of, None for all that are well."""

    text: str
    probability: float | None = None


@dataclass(frozen=True, kw_only=True)
class ShownTurn:
    """One turn as the page shows it."""

    turn: Turn
    line: Line
    unsure_below: float
    corrections: Sequence[Correction] = ()
    by: dict[uuid.UUID, str] = field(default_factory=dict)  #: names of those who corrected

    @property
    def start_s(self) -> float:
        return self.turn.start_s

    @property
    def unsure(self) -> bool:
        """Whether the model was not sure of the turn as a whole; what a person has written is sure."""
        known = self.turn.confidence
        return self.line.original is None and known is not None and known < self.unsure_below

    @property
    def pieces(self) -> list[Piece]:
        """The text, cut at the words of which the model was not sure."""
        return pieces(self.line.text, self.line.words, self.unsure_below)

    @property
    def times(self) -> str:
        """For the page's script: where each word begins, in UTF-16 units of the text, and in hundredths of a second."""
        text, wide = self.line.text, not self.line.text.isascii()
        return " ".join(
            f"{len(text[: word.first].encode('utf-16-le')) // 2 if wide else word.first} {round(word.start_s * 100)}"
            for word in self.line.words
        )

    @property
    def latest(self) -> Correction | None:
        return self.corrections[-1] if self.corrections else None

    def who(self, correction: Correction) -> str | None:
        return self.by.get(correction.made_by) if correction.made_by else None


def pieces(text: str, words: Sequence[Timed], unsure_below: float) -> list[Piece]:
    """The text cut at its unsure words, none of it lost."""
    found, at = [], 0
    for word in words:
        if word.probability is None or word.probability >= unsure_below:
            continue
        if at < word.first:
            found.append(Piece(text=text[at : word.first]))
        found.append(Piece(text=text[word.first : word.last], probability=word.probability))
        at = word.last
    if at < len(text):
        found.append(Piece(text=text[at:]))
    return found


def shown(
    transcript: Transcript | None,
    unsure_below: float,
    corrections: dict[int, list[Correction]],
    by: dict[uuid.UUID, str],
) -> list[ShownTurn]:
    """The turns of a transcript, with the corrections of each."""
    return [
        ShownTurn(
            turn=turn,
            line=line_of(turn),
            unsure_below=unsure_below,
            corrections=corrections.get(turn.id, ()),
            by=by,
        )
        for turn in (transcript.turns if transcript else ())
    ]


def in_order(turns: Sequence[ShownTurn], breaks: Sequence[Break]) -> list[ShownTurn | Break]:
    """Turns and breaks by time."""
    worth = [one for one in breaks if one.end_s - one.start_s >= _SHORTEST_S or one.kind == "cut_off"]
    items: list[ShownTurn | Break] = [*turns, *worth]
    return sorted(items, key=lambda item: item.start_s)


def notes(breaks: Sequence[Break]) -> list[Note]:
    """The breaks that the ledger knows of, for a transcript that is given out; what was dropped it has itself."""
    return [
        Note(kind=one.kind, start_s=one.start_s, end_s=one.end_s, party=one.party, reason=one.reason)
        for one in breaks
        if one.kind != "dropped"
    ]
