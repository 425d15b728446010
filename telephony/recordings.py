"""From the file names that the PBX gave to files here that are finished and hold sound, or to words that say why not."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from sqlalchemy.orm import Session

from avasanj.notify import announce
from telephony import problems
from telephony.ledger import CallSnapshot, NamedRecording
from telephony.soundfiles import SoundFacts, UnusableSound, inspect
from telephony.tables import Party, Recording

#: A file that has not grown for this long is not being written.
_STABLE_S = 0.5
#: One that is empty or cut off and has not grown for this long stays so.
_GIVEN_UP_S = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class SettledRecording:
    """One recording as it will stay. `facts` is None where `problem` says why it can't be used."""

    party: Party
    path: str
    offset_s: float
    facts: SoundFacts | None = None
    problem: str | None = None


class Settling:
    """Waits for the recordings of one ended call, without blocking: ask `poll` now and then.

    MixMonitorStop is not waited for, since it does not come when a channel hangs up: a file is finished when its call is
    over, its size stands still and its header fits its size.
    """

    def __init__(self, call: CallSnapshot, *, roots: Sequence[Path], deadline: float, wait_s: float) -> None:
        self.call = call
        self._roots = roots
        self._deadline = deadline  # monotonic
        self._wait_s = wait_s
        self._sizes: dict[Path, tuple[int, float]] = {}
        self._settled: dict[NamedRecording, SettledRecording | None] = {}

    def poll(self, now: float) -> list[SettledRecording] | None:
        """The call's recordings once all are settled, else None. `now` is monotonic time in seconds.

        A mixed file is taken only where no leg can be used.
        """
        for named in self.call.recordings:
            if named not in self._settled:
                self._look(named, now, last=now >= self._deadline)
        if len(self._settled) < len(set(self.call.recordings)):
            return None
        found = [recording for recording in self._settled.values() if recording is not None]
        usable_legs = [r for r in found if r.party is not Party.MIXED and r.problem is None]
        if usable_legs:
            return [r for r in found if r.party is not Party.MIXED]
        usable_mix = [r for r in found if r.party is Party.MIXED and r.problem is None]
        return [r for r in found if r.party is not Party.MIXED] + usable_mix if usable_mix else found

    def _look(self, named: NamedRecording, now: float, *, last: bool) -> None:
        path: Path | None = None
        try:
            path = locate(named.path, self._roots)
            if path is None:
                if last or not named.expected:
                    self._settle(named, problems.MISSING if named.expected else None, seconds=f"{self._wait_s:g}")
            elif self._is_stable(path, now) or last:
                facts = inspect(path)
                self._settled[named] = SettledRecording(
                    party=named.party, path=str(path), offset_s=named.offset_s, facts=facts
                )
        except OutsideFolders:
            self._settle(named, problems.OUTSIDE if named.expected else None)
        except UnusableSound as fault:
            if (
                last
                or fault.problem in (problems.NOT_AUDIO, problems.HEADERLESS)
                or self._unchanged_s(path, now) > _GIVEN_UP_S
            ):
                self._settle(named, fault.problem if named.expected or last else None, **fault.values)
        except OSError as error:
            if last:
                self._settle(named, problems.UNREADABLE, fault=error.strerror or str(error))

    def _is_stable(self, path: Path, now: float) -> bool:
        size = path.stat().st_size
        known, since = self._sizes.get(path, (-1, now))
        if size != known:
            self._sizes[path] = (size, now)
            return False
        return now - since >= _STABLE_S

    def _unchanged_s(self, path: Path | None, now: float) -> float:
        return 0.0 if path is None or path not in self._sizes else now - self._sizes[path][1]

    def _settle(self, named: NamedRecording, problem: str | None, **values: object) -> None:
        self._settled[named] = (
            None
            if problem is None
            else SettledRecording(
                party=named.party,
                path=named.path,
                offset_s=named.offset_s,
                problem=problems.text(problem, file=PurePosixPath(named.path).name, **values),
            )
        )


class OutsideFolders(Exception):  # noqa: N818
    """The file is there, but in no folder in which recordings may lie."""


def locate(pbx_path: str, roots: Sequence[Path]) -> Path | None:
    """The file that the PBX calls `pbx_path`, as this machine sees it; None where it is not there (yet).

    The PBX may run in a chroot or on another host, so the path's end is looked for under each root, the longest end
    first. Raises OutsideFolders for a file that is there but in none of them, links followed.
    """
    wanted = Path(pbx_path)
    parts = [part for part in wanted.parts if part not in ("/", "..", ".")]
    outside = False
    candidates = [wanted] if wanted.is_absolute() and ".." not in wanted.parts else []
    candidates += [root.joinpath(*parts[start:]) for start in range(len(parts)) for root in roots]
    for candidate in candidates:
        if candidate.is_file():
            if is_inside(candidate, roots):
                return candidate
            outside = True
    if outside:
        raise OutsideFolders(pbx_path)
    return None


def is_inside(path: Path, roots: Sequence[Path]) -> bool:
    """Whether the file, after following links, lies in one of the folders."""
    real = path.resolve()
    return any(real.is_relative_to(root.resolve()) for root in roots)


def mark_problem(session: Session, recording_id: int, text: str) -> None:
    """Note that a recording can't be used, in words for a person, and tell watchers."""
    recording = session.get(Recording, recording_id)
    if recording is not None and recording.problem != text:
        recording.problem = text
        announce(session, "call", recording.call_id)
