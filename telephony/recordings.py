"""From the file names that the PBX gave to files here that are finished and hold sound, or to words that say why not."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from sqlalchemy.orm import Session

from avasanj.notify import announce
from telephony import found_recordings, problems
from telephony.ledger import CallSnapshot, NamedRecording
from telephony.locating import Ambiguous, Located, OutsideFolders, locate
from telephony.one_voice import unheard
from telephony.soundfiles import SoundFacts, UnusableSound, inspect
from telephony.storage import Away, Storage
from telephony.tables import Call, Party, Recording

#: A file that has not grown for this long is not being written.
_STABLE_S = 0.5
#: One that is empty or cut off and has not grown for this long stays so.
_GIVEN_UP_S = 5.0
#: A file is longer than its call by at most this.
_LONGER_S = 5.0
#: Never waited for any longer: a file of this kind gets no better.
_HOPELESS = (problems.NOT_AUDIO, problems.HEADERLESS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SettledRecording:
    """One recording as it will stay. `facts` is None where `problem` says why it can't be used."""

    party: Party
    path: str  #: as the ledger names it: a path of this machine or, elsewhere, a URL
    offset_s: float | None
    #: (from_s, to_s) from the call's start in which nothing was written to the file
    cuts: tuple[tuple[float, float], ...] = ()
    #: (from_s, to_s) from the call's start in which it is not to be heard; None: up to, or on from
    unheard: tuple[tuple[float | None, float | None], ...] = ()
    counts: tuple[tuple[float, float], ...] | None = None  #: as `NamedRecording` has it
    facts: SoundFacts | None = None
    problem: str | None = None


class Settling:
    """Waits for the recordings of one ended call: ask `poll` now and then.

    MixMonitorStop is not waited for, since it does not come when a channel hangs up: a file is finished when its call is
    over, its size stands still and its header fits its size. While a place in which recordings lie can't be reached,
    nothing is given up, and `away` says so.
    """

    def __init__(self, call: CallSnapshot, *, places: Sequence[Storage], wait_s: float) -> None:
        """`wait_s` is how long a file is waited for while its place can be reached."""
        self.call = call
        self.away: str | None = None  #: in words for a person
        self._places = places
        self._wait_s = wait_s
        self._waited_s = 0.0
        self._polled: float | None = None
        self._sizes: dict[str, tuple[int, float]] = {}
        self._settled: dict[NamedRecording, SettledRecording | None] = {}

    def poll(self, now: float) -> list[SettledRecording] | None:
        """The call's recordings once all are settled, else None. `now` is monotonic time in seconds.

        A mixed file is taken only where no leg can be used.
        """
        if self._polled is not None and self.away is None:
            self._waited_s += now - self._polled
        self._polled, self.away = now, None
        for named in self.call.recordings:
            if named not in self._settled:
                try:
                    self._look(named, now, last=self._waited_s >= self._wait_s)
                except Away as fault:
                    self.away = str(fault)
        if len(self._settled) < len(set(self.call.recordings)):
            return None
        found = _of_use(_one_each(self._settled))
        return _one_voice_each(found)

    def _look(self, named: NamedRecording, now: float, *, last: bool) -> None:
        located: Located | None = None
        try:
            located = locate(named.path, self._places, not_before=self.call.started_at.timestamp())
            if located is None:
                if last or not named.expected:
                    self._settle(named, problems.MISSING if named.expected else None, seconds=f"{self._wait_s:g}")
            elif self._is_stable(located, now) or last:
                self._take(named, located, last=last or self._unchanged_s(located, now) > _GIVEN_UP_S)
        except OutsideFolders:
            self._settle(named, problems.OUTSIDE if named.expected else None)
        except Ambiguous:
            self._settle(named, problems.AMBIGUOUS)
        except UnusableSound as fault:
            if last or fault.problem in _HOPELESS or self._unchanged_s(located, now) > _GIVEN_UP_S:
                self._settle(named, fault.problem if named.expected or last else None, **fault.values)
        except OSError as error:
            if last:
                self._settle(named, problems.UNREADABLE, fault=error.strerror or str(error))

    def _take(self, named: NamedRecording, located: Located, *, last: bool) -> None:
        """Measure the file. One that is unfinished is waited for until it has not grown for long."""
        path = located.place.at_hand(located.kept, size=located.stat.size)
        facts = inspect(path)
        if not named.expected and not self._may_hold(located, facts):
            self._settle(named, problems.UNCERTAIN)
        elif path.stat().st_size == located.stat.size and (last or not facts.cut_off):
            offset_s, cuts = named.offset_s, named.cuts
            if offset_s is None:
                offset_s, cuts = self._laid_by_file(named, located, facts)
            self._settled[named] = SettledRecording(
                party=named.party,
                path=located.kept,
                offset_s=offset_s,
                cuts=cuts,
                counts=named.counts,
                facts=facts,
            )

    def _may_hold(self, located: Located, facts: SoundFacts) -> bool:
        """Whether a file that no event named may hold this call's sound alone: not one that was over before, or is longer."""
        start, gaps, written_s = self.call.started_at, self.call.gaps, located.stat.modified_s
        if written_s is not None and written_s < start.timestamp() - found_recordings.CLOSED_S:
            return False
        ends = [self.call.ended_at, *(gap.ended_at for gap in gaps)]  # unseen, a call ended by the end of its last gap
        known = [end for end in ends if end is not None]
        if len(known) < len(ends) or any(gap.started_at is None for gap in gaps):
            return True  # nobody knows how long the call was
        return facts.duration_s <= (max(known) - start).total_seconds() + _LONGER_S

    def _laid_by_file(
        self, named: NamedRecording, located: Located, facts: SoundFacts
    ) -> tuple[float | None, tuple[tuple[float, float], ...]]:
        """Where no event told when the recording began: it was last written at its end, its length before its beginning."""
        if located.stat.modified_s is None:
            return None, ()
        call = self.call
        answered_s, queued_s, ended_s = (
            None if at is None else (at - call.started_at).total_seconds()
            for at in (call.answered_at, call.queued_at, call.ended_at or call.started_at)
        )
        offset_s, cuts = found_recordings.laid(
            ended_s=located.stat.modified_s - call.started_at.timestamp(),
            duration_s=facts.duration_s,
            cuts=named.maybe_cuts,
            answered_s=answered_s,
            queued_s=queued_s,
        )
        within = -found_recordings.CLOSED_S <= offset_s <= (ended_s or 0.0)
        return (round(max(0.0, offset_s), 3), cuts) if within else (None, ())

    def _is_stable(self, located: Located, now: float) -> bool:
        known, since = self._sizes.get(located.kept, (-1, now))
        if located.stat.size != known:
            self._sizes[located.kept] = (located.stat.size, now)
            return False
        return now - since >= _STABLE_S

    def _unchanged_s(self, located: Located | None, now: float) -> float:
        return 0.0 if located is None or located.kept not in self._sizes else now - self._sizes[located.kept][1]

    def _settle(self, named: NamedRecording, problem: str | None, **values: object) -> None:
        self._settled[named] = (
            None
            if problem is None
            else SettledRecording(
                party=named.party,
                path=named.path,
                offset_s=named.offset_s,
                cuts=named.cuts,
                counts=named.counts,
                problem=problems.text(problem, file=PurePosixPath(named.path).name, **values),
            )
        )


def _one_each(settled: Mapping[NamedRecording, SettledRecording | None]) -> list[SettledRecording]:
    """Of the files that only a convention names, one for each party: the first that can be used, else the first."""
    found = [(named, recording) for named, recording in settled.items() if recording is not None]
    taken: dict[tuple[Party, object], SettledRecording] = {}
    for named, recording in found:
        place = named.party, named.counts
        if not named.expected and (place not in taken or (taken[place].problem and recording.problem is None)):
            taken[place] = recording
    kept = {id(recording) for recording in taken.values()}  # two names may lead to one file, which is told once
    return [recording for named, recording in found if named.expected or id(recording) in kept]


def _of_use(found: list[SettledRecording]) -> list[SettledRecording]:
    """The legs where one can be used, else the legs with what is wrong and the mixed file."""
    legs = [r for r in found if r.party is not Party.MIXED]
    if any(r.problem is None for r in legs):
        return legs
    usable_mix = [r for r in found if r.party is Party.MIXED and r.problem is None]
    return legs + usable_mix if usable_mix else found


def _one_voice_each(found: list[SettledRecording]) -> list[SettledRecording]:
    """Each with when it is not to be heard. A recording that can't be used takes nobody's place."""
    own = [r for r in found if r.problem is None and r.counts is not None]
    return [
        dataclasses.replace(r, unheard=unheard(r.counts, [o.counts for o in own if o.counts and o.party is r.party]))
        for r in found
    ]


def is_inside(path: Path, roots: Sequence[Path]) -> bool:
    """Whether the file, after following links, lies in one of the folders."""
    real = path.resolve()
    return any(real.is_relative_to(root.resolve()) for root in roots)


def note_awaited(session: Session, call_id: uuid.UUID, text: str | None) -> None:
    """Note why an ended call still waits for its recordings, in words for a person; None where nothing is amiss."""
    call = session.get(Call, call_id)
    if call is not None and call.recordings_problem != text:
        call.recordings_problem = text
        announce(session, "call", call_id)


def mark_problem(session: Session, recording_id: int, text: str) -> None:
    """Note that a recording can't be used, in words for a person, and tell watchers."""
    recording = session.get(Recording, recording_id)
    if recording is not None and recording.problem != text:
        recording.problem = text
        announce(session, "call", recording.call_id)
