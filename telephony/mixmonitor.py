"""Asterisk's MixMonitor: which files it writes, and whose voice is in each."""

from __future__ import annotations

import dataclasses
import posixpath
import re

#: Options that take a value in parentheses; the value may hold what looks like options.
_OPTION = re.compile(r"([a-zA-Z])(?:\(([^)]*)\))?")
#: The folder, under the PBX's own recordings folder, of recordings that we start ourselves.
OWN_FOLDER = "avasanj"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MixMonitor:
    """One recording on one channel. Paths are the PBX's own.

    `received` holds what the channel's own party says (option r), `transmitted` what it hears (option t); None where
    not asked for. `named` is False where the two follow from our naming convention only.
    """

    uniqueid: str  #: of the recorded channel
    started_at: float  #: seconds since 1970
    mixed: str
    received: str | None
    transmitted: str | None
    named: bool
    bridged_only: bool  #: option b: nothing is written while the party waits
    appends: bool = False  #: option a: goes on where a file of this name ended
    found: bool = False  #: it ran already when we came: `started_at` is when we learnt of it
    ended_at: float | None = None  #: None: it goes on until the channel's end

    @property
    def is_ours(self) -> bool:
        """We began it, with files of our own naming."""
        return f"/{OWN_FOLDER}/" in self.mixed

    @property
    def by_party(self) -> bool:
        """It records each party, or is ours, or one that ran already when we came, of which only the PBX knows the options."""
        each = self.named and self.received is not None and self.transmitted is not None
        return each or self.found or self.is_ours


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MixMonitorRequest:
    """The dialplan's `MixMonitor(file,options,command)`, read."""

    file: str
    received: str | None
    transmitted: str | None
    bridged_only: bool
    appends: bool = False


def parse_application_data(data: str) -> MixMonitorRequest:
    """Read what Newexten's AppData says of a MixMonitor."""
    file, _, rest = data.partition(",")
    options = _first_argument(rest)
    received = transmitted = None
    bridged_only = appends = False
    for letter, value in _OPTION.findall(options):
        if letter == "r" and value:
            received = value
        elif letter == "t" and value:
            transmitted = value
        elif letter == "b":
            bridged_only = True
        elif letter == "a":
            appends = True
    return MixMonitorRequest(
        file=file.strip(), received=received, transmitted=transmitted, bridged_only=bridged_only, appends=appends
    )


def started(*, uniqueid: str, at: float, path: str, request: MixMonitorRequest | None) -> MixMonitor:
    """The recording that began when `MIXMONITOR_FILENAME` was set to `path`.

    `request` is the dialplan's line just before it, None when the manager interface started it; the legs' names then
    follow the convention NAME-r.EXT and NAME-t.EXT.
    """
    if request is not None and request.file and path.endswith(request.file.lstrip("/")):
        folder = path[: len(path) - len(request.file)] if not request.file.startswith("/") else ""
        return MixMonitor(
            uniqueid=uniqueid,
            started_at=at,
            mixed=path,
            received=_placed(folder, request.received),
            transmitted=_placed(folder, request.transmitted),
            named=True,
            bridged_only=request.bridged_only,
            appends=request.appends,
        )
    stem, extension = posixpath.splitext(path)
    return MixMonitor(
        uniqueid=uniqueid,
        started_at=at,
        mixed=path,
        received=f"{stem}-r{extension}",
        transmitted=f"{stem}-t{extension}",
        named=False,
        bridged_only=False,
    )


def own_names(call_id: str, channel_id: str = "") -> tuple[str, str]:
    """File and options for a recording that we start: named by our ids, never by a number.

    `channel_id` tells a recording on an agent's channel from the one on the customer's, which has none.
    """
    stem = f"{OWN_FOLDER}/{call_id}" + (f"-{channel_id[:8]}" if channel_id else "")
    return f"{stem}.wav", f"r({stem}-r.wav)t({stem}-t.wav)S"


def _placed(folder: str, name: str | None) -> str | None:
    return name if name is None or name.startswith("/") else folder + name


def _first_argument(text: str) -> str:
    """Up to the first comma outside of parentheses."""
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            return text[:index]
    return text
