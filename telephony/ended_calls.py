"""Calls that are over and of which more may be learnt: records of the PBX for a gap, the end of a wrap-up, a number."""

from __future__ import annotations

import collections
from collections.abc import Iterator

from telephony.history import CallHistory

_KEPT = 2_000
#: Calls without a number called, for which the answer to their Originate may still tell it.
_UNNAMED = 50


class EndedCalls:
    def __init__(self) -> None:
        self._calls: collections.OrderedDict[str, CallHistory] = collections.OrderedDict()
        self._of: dict[str, CallHistory] = {}  #: by channel
        self._unnamed: collections.OrderedDict[str, CallHistory] = collections.OrderedDict()

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[str]:
        """Their linked ids."""
        return iter(self._calls)

    def __contains__(self, linked_id: str) -> bool:
        return linked_id in self._calls

    def get(self, linked_id: str) -> CallHistory | None:
        return self._calls.get(linked_id)

    def of(self, uniqueid: str) -> CallHistory | None:
        """The one in which the channel was."""
        return self._of.get(uniqueid)

    def keep(self, call: CallHistory) -> list[str]:
        """Keep it; the linked ids of those that are forgotten for it."""
        self._calls[call.linked_id] = call
        self._of |= dict.fromkeys(call.channels, call)
        forgotten = []
        while len(self._calls) > _KEPT:
            forgotten.append(next(iter(self._calls)))
            self.forget(forgotten[-1])
        return forgotten

    def forget(self, linked_id: str) -> None:
        call = self._calls.pop(linked_id, None)
        for uniqueid in () if call is None else call.channels:
            self._of.pop(uniqueid, None)

    def remember_unnamed(self, interface: str, call: CallHistory) -> None:
        """The last call that ended without a number that was called, by its first phone."""
        self._unnamed[interface] = call
        while len(self._unnamed) > _UNNAMED:
            self._unnamed.popitem(last=False)

    def unnamed(self, interface: str) -> CallHistory | None:
        return self._unnamed.get(interface)
