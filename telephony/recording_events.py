"""What the events of MixMonitor mean: which channels are recorded into which files, and when that is muted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from telephony import mixmonitor, sentences
from telephony.callbook import CallBook
from telephony.channels import Channel
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.mixmonitor import MixMonitor
from telephony.parts import OpenMute

#: Events that belong together come within this time, in any order.
_LATE_S = 0.1


class RecordingEvents:
    """Handlers of recordings. `asked` and `began` are told by whoever reads dialplan steps and variables. Times in seconds since 1970."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def handlers(self) -> dict[str, Callable[[Message, float], None]]:
        return {"MixMonitorStop": self._stopped, "MixMonitorMute": self._muted}

    def asked(self, call: CallHistory, channel: Channel, data: str, at: float) -> None:
        """The dialplan's line, which comes just before the recording's beginning, or just after it."""
        request = mixmonitor.parse_application_data(data)
        for monitor in call.monitors:
            just_begun = monitor.uniqueid == channel.uniqueid and abs(at - monitor.started_at) < _LATE_S
            if just_begun and not monitor.named:
                begun = mixmonitor.started(
                    uniqueid=monitor.uniqueid, at=monitor.started_at, path=monitor.mixed, request=request
                )
                if begun.named:
                    self._replace(call, monitor, dataclasses.replace(begun, ended_at=monitor.ended_at))
                    return
        channel.recording_request = request

    def began(self, call: CallHistory, channel: Channel, path: str, at: float) -> None:
        request, channel.recording_request = channel.recording_request, None
        if any(m.mixed == path and m.uniqueid == channel.uniqueid and m.ended_at is None for m in call.monitors):
            return  # told twice, or begun twice by the dialplan: both write the one file from then on
        begun = mixmonitor.started(uniqueid=channel.uniqueid, at=at, path=path, request=request)
        call.monitors.append(begun)
        self._book.note(call, sentences.RECORDING, at, file=path.rpartition("/")[2], channel=channel.name)

    def _stopped(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        call = self._book.call_of[channel.uniqueid]
        running = [m for m in call.monitors if m.uniqueid == channel.uniqueid and m.ended_at is None]
        if len(running) == 1:  # of several nothing tells which
            self._replace(call, running[0], dataclasses.replace(running[0], ended_at=max(at, running[0].started_at)))
            self._book.note(call, sentences.RECORDING_ENDED, at, channel=channel.name)

    @staticmethod
    def _replace(call: CallHistory, old: MixMonitor, new: MixMonitor) -> None:
        call.monitors = [new if monitor is old else monitor for monitor in call.monitors]

    def _muted(self, message: Message, at: float) -> None:
        """State 1 mutes, 0 goes on; a direction of its own ("read", "write") silences one party and counts the same."""
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        call = self._book.call_of[channel.uniqueid]
        going_on = [mute for mute in call.mutes if mute.uniqueid == channel.uniqueid and mute.ended_at is None]
        if message.get("State") == "1":
            if not going_on:
                call.mutes.append(OpenMute(uniqueid=channel.uniqueid, started_at=at))
                self._book.note(call, sentences.MUTED, at, channel=channel.name)
            return
        for mute in going_on:
            mute.ended_at = max(at, mute.started_at)
            self._book.note(call, sentences.UNMUTED, at, channel=channel.name)
