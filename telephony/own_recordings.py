"""Recordings of both parties that we start ourselves, where an agent has just answered and the dialplan records no legs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from telephony import mixmonitor
from telephony.assembler import Assembler
from telephony.ids import call_id
from telephony.ledger import CallSnapshot
from telephony.mixmonitor import MixMonitor
from telephony.tables import CallState


class OwnRecordings:
    """One recording a call, begun on the customer's channel, since that stays through transfers."""

    def __init__(self, assembler: Assembler, post: Callable[..., str]) -> None:
        self._assembler = assembler
        self._post = post
        self._asked: set[str] = set()  #: linked ids
        self._later: set[str] = (
            set()
        )  #: linked ids of calls whose customer may be recorded already, as the PBX will say

    def start(self, calls: Iterable[CallSnapshot]) -> None:
        """Ask for a recording of each call that an agent talks in and that has none by party. Raises what `post` raises."""
        for seen in calls:
            if seen.state is CallState.ENDED:
                self._asked.discard(seen.linked_id)
                self._later.discard(seen.linked_id)
            elif seen.state is CallState.TALKING:
                self._later.add(seen.linked_id)
        for linked_id in list(self._later):
            self._consider(linked_id)

    def _consider(self, linked_id: str) -> None:
        call = self._assembler.calls.get(linked_id)
        customer = None if call is None else call.customer(self._assembler.numbering)
        if customer is not None and self._assembler.running_recordings.may_run(customer.uniqueid):
            return  # until it is answered: starting again would write the file anew
        self._later.discard(linked_id)
        if call is None or customer is None or not customer.live or linked_id in self._asked:
            return
        if any(_is_enough(monitor) for monitor in call.monitors):
            return
        self._asked.add(linked_id)
        file, options = mixmonitor.own_names(str(call_id(self._assembler.pbx, linked_id)))
        self._post("MixMonitor", {"Channel": customer.name, "File": file, "Options": options})


def _is_enough(monitor: MixMonitor) -> bool:
    """It records each party, or is ours, or one that ran already when we came, of which only the PBX knows the options."""
    by_party = monitor.named and monitor.received is not None and monitor.transmitted is not None
    return by_party or monitor.found or f"/{mixmonitor.OWN_FOLDER}/" in monitor.mixed
