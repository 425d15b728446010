"""Recordings of both parties that we start ourselves, where an agent has just answered and the dialplan records no legs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from telephony import mixmonitor
from telephony.assembler import Assembler
from telephony.ids import call_id
from telephony.ledger import CallSnapshot
from telephony.tables import CallState


class OwnRecordings:
    def __init__(self, assembler: Assembler, post: Callable[..., str]) -> None:
        self._assembler = assembler
        self._post = post
        self._asked: set[str] = set()

    def start(self, calls: Iterable[CallSnapshot]) -> None:
        """Ask for a recording of each call that an agent talks in and that has none by party. Raises what `post` raises."""
        for seen in calls:
            if seen.state is CallState.ENDED:
                self._asked.discard(seen.linked_id)
            call = self._assembler.calls.get(seen.linked_id)
            if seen.state is not CallState.TALKING or call is None or seen.linked_id in self._asked:
                continue
            if any(monitor.named and monitor.received and monitor.transmitted for monitor in call.monitors):
                continue
            file, options = mixmonitor.own_names(str(call_id(self._assembler.pbx, seen.linked_id)))
            if any(monitor.mixed.endswith(f"/{file}") for monitor in call.monitors):
                continue  # by a connection before this one; starting again would write the file anew
            customer = call.customer(self._assembler.numbering)
            if customer is not None and customer.live:
                self._asked.add(seen.linked_id)
                self._post("MixMonitor", {"Channel": customer.name, "File": file, "Options": options})
