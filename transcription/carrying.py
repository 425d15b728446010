"""Taking corrections over from one transcript into another, where the words that they stand on are the same. Data to data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from avasanj.persian import searchable
from transcription import timed
from transcription.comparing import words_of
from transcription.exports import Line
from transcription.timed import Timed

#: The same word may be heard this much earlier or later by another model.
_NEAR_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Change:
    """Words that a person has put in the place of others. Seconds on the playback's clock."""

    turn: int  #: position of the corrected turn
    party: str
    start_s: float
    before: tuple[str, ...]  #: as they are compared
    instead: str
    #: the word beside what was only added, as it is compared; "" where words were replaced
    anchor: str = ""
    ahead: bool = False  #: it was added before its anchor, not after


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What came of the corrections of one transcript in another."""

    texts: dict[int, str]  #: position of a turn of the new transcript -> its corrected text
    sources: dict[int, tuple[int, ...]]  #: the same -> positions of the turns whose corrections they are
    right: int  #: changes that the new transcript has by itself
    left: tuple[Change, ...]  #: changes whose words the new transcript heard in a third way


def carry(old: Sequence[Line], new: Sequence[Line]) -> Carried:
    """The corrections of `old` in the lines of `new`, which are as their model heard them."""
    edits: dict[int, list[tuple[int, int, Change]]] = {}
    right, left = 0, []
    for line in old:
        for change in changes(line):
            if (place := _place(change, new)) is not None:
                edits.setdefault(place[0], []).append((place[1], place[2], change))
            elif _is_right(change, new):
                right += 1
            else:
                left.append(change)
    by_position = {line.position: line for line in new}
    texts = {position: _applied(by_position[position].text, found) for position, found in edits.items()}
    as_it_is = [position for position, text in texts.items() if text == by_position[position].text]
    for position in as_it_is:
        right += len(edits.pop(position))
        del texts[position]
    sources = {position: tuple(sorted({c.turn for _, _, c in found})) for position, found in edits.items()}
    return Carried(texts=texts, sources=sources, right=right, left=tuple(left))


def changes(line: Line) -> list[Change]:
    """What a person changed in a line; nothing for one that nobody corrected."""
    if line.original is None:
        return []
    heard = _heard(line)
    after = line.text.split()
    matcher = SequenceMatcher(
        None, [searchable(word.text) for word in heard], [searchable(word) for word in after], autojunk=False
    )
    found = []
    for kind, from_, to, first, last in matcher.get_opcodes():
        if kind == "equal":
            found += _respelt(line, heard[from_:to], after[first:last])
            continue
        beside = heard[max(from_ - 1, 0)] if kind == "insert" and heard else None
        near = [beside] if beside else heard[from_:to]
        found.append(
            Change(
                turn=line.position,
                party=line.party,
                start_s=near[0].start_s if near else line.start_s,
                before=tuple(searchable(word.text) for word in heard[from_:to]),
                instead=" ".join(after[first:last]),
                anchor=searchable(beside.text) if beside else "",
                ahead=beside is not None and from_ == 0,
            )
        )
    return found


def _respelt(line: Line, heard: Sequence[Timed], after: Sequence[str]) -> list[Change]:
    """Words that a person only wrote in another way: capitals, letters of another keyboard, marks."""
    return [
        Change(
            turn=line.position,
            party=line.party,
            start_s=word.start_s,
            before=(searchable(word.text),),
            instead=instead,
        )
        for word, instead in zip(heard, after, strict=True)
        if word.text != instead
    ]


def _heard(line: Line) -> list[Timed]:
    """The model's own words of a corrected line, timed as well as is known."""
    if line.heard:
        return list(line.heard)
    whole = Timed(text="", first=0, last=0, start_s=line.start_s, end_s=line.end_s, probability=None)
    return timed.corrected(line.original or "", [whole])


def _place(change: Change, new: Sequence[Line]) -> tuple[int, int, int] | None:
    """Turn and characters of the new transcript that the change is to be made at: the nearest in time."""
    wanted = change.before or ((change.anchor,) if change.anchor else ())
    found: list[tuple[float, int, int, int]] = []
    for line, words, at in _runs(wanted, change, new):
        first, last = words[at].first, words[at + len(wanted) - 1].last
        if change.anchor:
            first = last = first if change.ahead else last
        found.append((abs(words[at].start_s - change.start_s), line.position, first, last))
    return min(found)[1:] if found else None


def _is_right(change: Change, new: Sequence[Line]) -> bool:
    wanted = tuple(searchable(word) for word in change.instead.split())
    return bool(wanted) and any(True for _ in _runs(wanted, change, new))


def _runs(wanted: Sequence[str], change: Change, new: Sequence[Line]) -> Iterator[tuple[Line, Sequence[Timed], int]]:
    """Where the wanted words stand in the new transcript, one after the other, near the time of the change."""
    for line in new:
        if line.party != change.party or not line.start_s - _NEAR_S <= change.start_s <= line.end_s + _NEAR_S:
            continue
        words = words_of(line)
        plain = [searchable(word.text) for word in words]
        for at in range(len(plain) - len(wanted) + 1 if wanted else 0):
            near = abs(words[at].start_s - change.start_s) <= _NEAR_S
            if near and tuple(plain[at : at + len(wanted)]) == tuple(wanted):
                yield line, words, at


def _applied(text: str, edits: Sequence[tuple[int, int, Change]]) -> str:
    """From the end on, so that places before stay where they are."""
    for first, last, change in sorted(edits, key=lambda edit: edit[:2], reverse=True):
        text = f"{text[:first]} {change.instead} {text[last:]}"
    return " ".join(text.split())
