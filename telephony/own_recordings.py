"""Recordings of both parties that we start ourselves, where an agent has just answered and the dialplan records no legs.

One a call, on the customer's channel, since that stays through transfers; and one more on the channel of each agent to
whom the call came by a blind transfer or a parking lot, since Asterisk 22 writes silence for what the customer hears then.
Where somebody else records on the customer's channel, and this Asterisk mutes only one recording of a channel, we record
on the agents' channels: so a card number can be kept out of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from telephony import mixmonitor
from telephony.assembler import Assembler
from telephony.channels import Channel
from telephony.history import CallHistory
from telephony.ids import call_id
from telephony.ledger import CallSnapshot
from telephony.tables import CallState


class OwnRecordings:
    def __init__(self, assembler: Assembler, post: Callable[..., str], *, mutes_all: bool) -> None:
        """`mutes_all`: this Asterisk mutes every recording of a channel at once."""
        self._assembler = assembler
        self._post = post
        self._mutes_all = mutes_all
        self._asked: dict[str, set[str]] = {}  #: linked id to uniqueids of channels
        self._later: set[str] = set()  #: linked ids of calls whose parties may be recorded already, as the PBX will say

    def start(self, calls: Iterable[CallSnapshot]) -> None:
        """Ask for the recordings that calls lack in which an agent talks. Raises what `post` raises."""
        for seen in calls:
            if seen.state is CallState.ENDED:
                self._asked.pop(seen.linked_id, None)
                self._later.discard(seen.linked_id)
            elif seen.state is CallState.TALKING:
                self._later.add(seen.linked_id)
        for linked_id in list(self._later):
            self._consider(linked_id)

    def _consider(self, linked_id: str) -> None:
        call = self._assembler.calls.get(linked_id)
        customer = None if call is None else call.customer(self._assembler.numbering)
        if call is not None and customer is not None:
            parties = [customer, *(span.channel for span in call.open_spans)]
            if any(self._assembler.running_recordings.may_run(party.uniqueid) for party in parties):
                return  # until it is answered: starting again would write the file anew
        self._later.discard(linked_id)
        if call is None or customer is None or not customer.live:
            return
        asked = self._asked.setdefault(linked_id, set())
        for channel in to_record(call, customer, mutes_all=self._mutes_all, begun=asked):
            asked.add(channel.uniqueid)
            self._begin(linked_id, channel, on_customer=channel is customer)

    def _begin(self, linked_id: str, channel: Channel, *, on_customer: bool) -> None:
        pbx = self._assembler.pbx
        suffix = "" if on_customer else str(call_id(pbx, channel.uniqueid))
        file, options = mixmonitor.own_names(str(call_id(pbx, linked_id)), suffix)
        self._post("MixMonitor", {"Channel": channel.name, "File": file, "Options": options})


def to_record(call: CallHistory, customer: Channel, *, mutes_all: bool, begun: set[str]) -> list[Channel]:
    """The channels on which a recording is to begin now. `begun` are those (uniqueids) on which one was asked for."""
    recorded = begun | {monitor.uniqueid for monitor in call.monitors if monitor.by_party}
    busy = {monitor.uniqueid for monitor in call.monitors if monitor.ended_at is None}
    agents = [span.channel for span in call.open_spans if span.channel.live and span.channel is not customer]
    if customer.uniqueid in recorded:
        handed = [span.channel for span in call.open_spans if call.was_handed_on(span.started_at)]
        return [agent for agent in agents if agent in handed and agent.uniqueid not in recorded]
    lacking = [agent for agent in agents if agent.uniqueid not in recorded]
    if any(uniqueid in call.channels for uniqueid in recorded):
        return lacking
    free = [agent for agent in lacking if agent.uniqueid not in busy]
    if customer.uniqueid in busy and not mutes_all and free:
        return free
    return [customer]
