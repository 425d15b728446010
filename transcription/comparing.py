"""Two transcripts of one call beside each other: their words aligned, party by party, and what differs. Data to data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from avasanj.persian import searchable
from transcription import timed
from transcription.exports import Line
from transcription.timed import Timed

#: Words of one stretch of speech are compared with each other; a silence of all longer than this parts two stretches.
_PAUSE_S = 1.0
SAME, CHANGED, ADDED, GONE = "same", "changed", "added", "gone"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Words that stand for each other in the two. Either side may be empty."""

    kind: str  #: same, changed, added (only in the new one), gone (only in the old one)
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """What one party said without a pause, in both transcripts. Seconds on the playback's clock."""

    party: str
    start_s: float
    end_s: float
    pieces: tuple[Piece, ...]

    @property
    def differs(self) -> bool:
        return any(piece.kind != SAME for piece in self.pieces)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Counts are of words."""

    stretches: tuple[Stretch, ...]
    same: int
    changed: int  #: words of the old one that the new one has otherwise
    added: int
    gone: int

    @property
    def share_same(self) -> float:
        """Share of the words of either that both have, 0 to 1; 1 for two without any word."""
        everything = self.same + self.changed + self.added + self.gone
        return self.same / everything if everything else 1.0


def compare(old: Sequence[Line], new: Sequence[Line]) -> Compared:
    """The words of both, aligned by time first and by likeness within; spelling that only looks different counts as same."""
    stretches: list[Stretch] = []
    for party in dict.fromkeys(line.party for line in [*old, *new]):
        mine = [words_of(line) for line in old if line.party == party]
        theirs = [words_of(line) for line in new if line.party == party]
        flat_old, flat_new = [w for words in mine for w in words], [w for words in theirs for w in words]
        for one, other in _together(flat_old, flat_new):
            stretches.append(_stretch(party, one, other))
    stretches.sort(key=lambda found: (found.start_s, found.party))
    counts = dict.fromkeys((SAME, CHANGED, ADDED, GONE), 0)
    for stretch in stretches:
        for piece in stretch.pieces:
            counts[piece.kind] += max(len(piece.old.split()), len(piece.new.split()))
    return Compared(
        stretches=tuple(stretches), same=counts[SAME], changed=counts[CHANGED], added=counts[ADDED], gone=counts[GONE]
    )


def words_of(line: Line) -> list[Timed]:
    """The line's words with times; where no model gave any, by their place in the turn."""
    if line.words or not line.text:
        return list(line.words)
    whole = Timed(text="", first=0, last=0, start_s=line.start_s, end_s=line.end_s, probability=None)
    return timed.corrected(line.text, [whole])


def _together(old: Sequence[Timed], new: Sequence[Timed]) -> Iterable[tuple[list[Timed], list[Timed]]]:
    """Both's words, cut where neither speaks."""
    marked = sorted([(w.start_s, 0, w) for w in old] + [(w.start_s, 1, w) for w in new], key=lambda item: item[:2])
    both: tuple[list[Timed], list[Timed]] = ([], [])
    until_s = float("inf")
    for start_s, side, word in marked:
        if (both[0] or both[1]) and start_s - until_s > _PAUSE_S:
            yield both
            both = ([], [])
            until_s = word.end_s
        both[side].append(word)
        until_s = word.end_s if until_s == float("inf") else max(until_s, word.end_s)
    if both[0] or both[1]:
        yield both


def _stretch(party: str, old: Sequence[Timed], new: Sequence[Timed]) -> Stretch:
    matcher = SequenceMatcher(
        None, [searchable(w.text) for w in old], [searchable(w.text) for w in new], autojunk=False
    )
    kinds = {"equal": SAME, "replace": CHANGED, "insert": ADDED, "delete": GONE}
    pieces = tuple(
        Piece(
            kind=kinds[kind],
            old=" ".join(w.text for w in old[from_:to]),
            new=" ".join(w.text for w in new[first:last]),
        )
        for kind, from_, to, first, last in matcher.get_opcodes()
    )
    everyone = [*old, *new]
    return Stretch(
        party=party,
        start_s=min(word.start_s for word in everyone),
        end_s=max(word.end_s for word in everyone),
        pieces=pieces,
    )
