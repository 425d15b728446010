"""From a path as the PBX calls it to the one file that it means: never another one of the same name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from telephony.storage import Away, Stat, Storage

#: How far a file's time may lie before its call's start: clocks of storages are not set to the second.
_CLOCKS_S = 300.0


class OutsideFolders(Exception):  # noqa: N818
    """The file is there, but in no place in which recordings may lie."""


class Ambiguous(Exception):  # noqa: N818
    """Files of this name lie in two places, and nothing tells which one is meant."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Located:
    """A file, where it lies, and how the ledger names it."""

    place: Storage
    kept: str
    stat: Stat


def locate(pbx_path: str, places: Sequence[Storage], *, not_before: float = 0.0) -> Located | None:
    """The file that the PBX calls `pbx_path`; None where it is not there (yet).

    The path as it is written is best. The PBX may run in a chroot or on another host, so else the path's end is looked for
    in each place, the longest end first: a shorter one counts only where the place has no folder for a longer one, and
    where the file is no older than `not_before` (seconds since 1970), the call's start. Raises Away where nothing was found
    and a place can't be reached, OutsideFolders and Ambiguous.
    """  # fmt: skip
    away: Away | None = None
    found: list[tuple[int, Located]] = []
    for place in [place for place in places if place.inside(pbx_path) is not None] or places:
        try:
            if (one := _in(place, pbx_path, not_before)) is not None:
                found.append(one)
        except Away as fault:
            away = fault
    if found:
        longest = max(length for length, _ in found)
        best = {located.kept: located for length, located in found if length == longest}
        if len(best) > 1:
            raise Ambiguous(pbx_path)
        (only,) = best.values()
        if not only.place.owns(only.kept):
            raise OutsideFolders(pbx_path)
        return only
    if away is not None:
        raise away
    if _is_here(Path(pbx_path)) and not any(place.owns(pbx_path) for place in places):
        raise OutsideFolders(pbx_path)
    return None


def _is_here(path: Path) -> bool:
    return path.is_absolute() and ".." not in path.parts and path.is_file()


def _in(place: Storage, pbx_path: str, not_before: float) -> tuple[int, Located] | None:
    """The file in one place, and how many parts of the path tell it."""
    place.check()
    parts = [part for part in PurePosixPath(pbx_path).parts if part not in ("/", "..", ".")]
    exact = place.inside(pbx_path)
    if exact is not None:
        stat = place.stat(exact)
        return None if stat is None else (len(parts) + 1, Located(place=place, kept=place.kept_as(exact), stat=stat))
    for length, relative in _ends(parts):
        if place.is_folder(relative.parent):
            stat = place.stat(relative)
            if stat is None or (stat.modified_s is not None and stat.modified_s < not_before - _CLOCKS_S):
                return None
            return length, Located(place=place, kept=place.kept_as(relative), stat=stat)
    return None


def _ends(parts: Sequence[str]) -> Iterator[tuple[int, PurePosixPath]]:
    for start in range(len(parts)):
        yield len(parts) - start, PurePosixPath(*parts[start:])
