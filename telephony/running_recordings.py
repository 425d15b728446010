"""Recordings that ran already when we came: what the PBX answers when it is asked for MIXMONITOR_FILENAME.

After each connect the listener asks that of every channel that is listed. The answer names the file, and neither when
it was begun nor with which options, so the legs' names follow the convention NAME-r.EXT and NAME-t.EXT.
"""

from __future__ import annotations

import dataclasses

from telephony import mixmonitor, sentences
from telephony.callbook import CallBook
from telephony.frames import Message

#: An answer is known by this, and by the uniqueid of the channel that was asked about.
GETVAR_PREFIX = "avasanj-getvar-"
#: The channel's variable that no event will tell again.
VARIABLE = "MIXMONITOR_FILENAME"


class RunningRecordings:
    """Takes the answers. Times in seconds since 1970."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._unanswered: set[str] = set()

    def begin(self) -> None:
        """A connection was made: of every channel that was there it must be asked."""
        self._unanswered = set(self._book.board.channels)

    def listed(self, uniqueid: str) -> None:
        """The PBX named a running channel, which is asked for its recording now."""
        self._unanswered.add(uniqueid)

    def may_run(self, uniqueid: str) -> bool:
        """Whether the channel was there before this connection and has not yet been asked whether it is recorded."""
        return uniqueid in self._unanswered

    def answered(self, message: Message, at: float) -> None:
        """A response; those to other actions are passed over."""
        action_id = message.get("ActionID")
        if not action_id.startswith(GETVAR_PREFIX):
            return
        uniqueid = action_id.removeprefix(GETVAR_PREFIX)
        self._unanswered.discard(uniqueid)
        path, call = message.get("Value"), self._book.call_of.get(uniqueid)
        if message.get("Variable") != VARIABLE or not path or call is None or not call.gaps:
            return  # of a call that was heard from its beginning every recording was told by an event
        if any(monitor.mixed == path and monitor.uniqueid == uniqueid for monitor in call.monitors):
            return
        found = mixmonitor.started(uniqueid=uniqueid, at=at, path=path, request=None)
        call.monitors.append(dataclasses.replace(found, found=True))
        channel = call.channels[uniqueid].name
        self._book.note(call, sentences.RECORDING_FOUND, at, file=path.rpartition("/")[2], channel=channel)
