"""Which stored calls a replay tries something on."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, cast, exists, func, literal, or_, select

from avasanj.errors import InputError
from avasanj.i18n import N_
from telephony.tables import AgentSpan, Call, CallState
from transcription.tables import Transcript

BAD_SAMPLE = N_("A sample is from 0.01 to 100 percent of the calls, not %(value)s.")
BAD_MOST = N_("At least one call must be tried, not %(value)s.")
BAD_SPAN = N_("The replay would end before it begins: from %(since)s to %(until)s.")
TEXTS = (BAD_SAMPLE, BAD_MOST, BAD_SPAN)
#: A call is in a sample by its id alone, so that the same sample is drawn each time.
_SLICES = 10_000
_POSITIVE = 0x7FFFFFFF


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Calls with words from `since` to before `until`; of these `sample_percent`, and of these the newest `most`.

    What is empty is no limit. Raises InputError for limits that leave nothing to choose.
    """

    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    queues: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()  #: as calls name them
    languages: tuple[str, ...] = ()  #: of the transcript
    sample_percent: float = 100.0
    most: int | None = None

    def __post_init__(self) -> None:
        if not 0.01 <= self.sample_percent <= 100:
            raise InputError(BAD_SAMPLE, value=f"{self.sample_percent:g}")
        if self.most is not None and self.most < 1:
            raise InputError(BAD_MOST, value=self.most)
        if self.since and self.until and self.since >= self.until:
            raise InputError(BAD_SPAN, since=f"{self.since:%Y-%m-%d %H:%M}", until=f"{self.until:%Y-%m-%d %H:%M}")

    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "sample_percent": self.sample_percent if self.sample_percent < 100 else None,
            "most": self.most,
        }
        found |= {name: [*getattr(self, name)] for name in ("queues", "directions", "agents", "languages")}
        return {name: value for name, value in found.items() if value}

    def query(self) -> Select[Any]:
        """(started_at, id) of the chosen calls, in no order."""
        found: Select[Any] = self.matching(select(Call.started_at, Call.id))
        if self.most is not None:
            found = found.order_by(Call.started_at.desc(), Call.id.desc()).limit(self.most)
        return found

    def matching(self, columns: Any) -> Any:
        """`columns` of the calls that have words and fit, whatever `most` says."""
        joined = columns.join(Transcript, (Transcript.call_id == Call.id) & Transcript.current)
        return joined.where(Call.state == CallState.ENDED, *self._conditions())

    def _conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.since:
            found.append(Call.started_at >= self.since)
        if self.until:
            found.append(Call.started_at < self.until)
        if self.queues:
            found.append(Call.queue.in_(self.queues))
        if self.directions:
            found.append(Call.direction.in_(self.directions))
        if self.languages:
            found.append(Transcript.language.in_(self.languages))
        if self.agents:
            named = or_(AgentSpan.agent_name.in_(self.agents), AgentSpan.interface.in_(self.agents))
            found.append(exists().where(AgentSpan.call_id == Call.id, named).correlate(Call))
        if self.sample_percent < 100:
            number = func.hashtextextended(cast(Call.id, Text), cast(literal(0), BigInteger)).op("&")(_POSITIVE)
            found.append(number % _SLICES < round(self.sample_percent * _SLICES / 100))
        return found


def selection_of(stored: Mapping[str, Any]) -> Selection:
    """The selection that `Selection.stored` made."""
    return Selection(
        since=_time(stored.get("since")),
        until=_time(stored.get("until")),
        queues=_names(stored.get("queues")),
        directions=_names(stored.get("directions")),
        agents=_names(stored.get("agents")),
        languages=_names(stored.get("languages")),
        sample_percent=stored.get("sample_percent") or 100.0,
        most=stored.get("most"),
    )


def _names(given: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(given or ())


def _time(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None
