"""The manager protocol's bytes, cut into messages: nothing here knows what a message means."""

from __future__ import annotations

import enum
import itertools
import operator
from collections.abc import Callable, Iterable, Mapping

#: Longer than any event that Asterisk sends; what is longer is skipped, so that memory stays bounded.
MAX_FRAME_BYTES = 1 << 20
_END = b"\r\n\r\n"
_LINE_END = b"\r\n"
_NUL, _NO_NUL = b"\0", "\ufffd".encode()
_BANNER = b"Asterisk Call Manager/"
#: Names that are kept as text, so that each is decoded once; a PBX that makes up names must not fill the memory.
_MOST_NAMES, _LONGEST_NAME = 1000, 100


class Kind(enum.StrEnum):
    EVENT = "event"
    RESPONSE = "response"
    MARK = "mark"  #: written by our own journal, never sent by a PBX
    OTHER = "other"


_EVENT = Kind.EVENT
_KINDS = {"event": Kind.EVENT, "response": Kind.RESPONSE, "avasanj": Kind.MARK}


class _LineStarts(dict[str, bytes]):
    """A header's name -> how its line begins, made once of each: every message is asked for the same few."""

    def __missing__(self, key: str) -> bytes:
        start = f"\r\n{key}: ".encode()
        if len(self) < _MOST_NAMES:
            self[key] = start
        return start


class Message:
    """One message. Headers are looked for in its bytes and each is decoded when it is asked for: of most events nobody
    asks for any, of the others for a few, and names in Persian make decoding the whole dear.

    `name` is the first header's value (the event's name, the response's status); `raw` the message as it came, without the
    empty line at its end, U+FFFD in the place of NUL, which the database can't keep; `offset` its first byte in the stream
    that it came from. What is decoded has U+FFFD for bytes that are no UTF-8.
    """  # fmt: skip

    __slots__ = ("kind", "name", "offset", "raw")

    def __init__(self, text: str | bytes, offset: int = 0) -> None:
        raw = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        self.raw = raw = raw.replace(_NUL, _NO_NUL)
        self.offset = offset
        first = raw.partition(_LINE_END)[0].decode("utf-8", "replace")
        if first.startswith("Event: "):
            self.kind, self.name = Kind.EVENT, first[7:]
        else:
            key, _, value = first.partition(":")
            self.kind, self.name = _KINDS.get(key.strip().lower(), Kind.OTHER), value.strip()

    @property
    def text(self) -> str:
        """All of it, decoded."""
        return self.raw.decode("utf-8", "replace")

    @property
    def fields(self) -> dict[str, str]:
        """Headers by name; of a repeated one the first. `all` gives every value."""
        lines = self.lines()
        lines.reverse()  # so that the first of a repeated one is the last that is put in
        return {key: value.removeprefix(" ") for key, _, value in (line.partition(":") for line in lines)}

    def get(self, key: str) -> str:
        """The header's value, empty when there is none; found without reading the others, since few are ever asked for."""
        # `partition` takes its one argument as it is, where `find` has to parse some: copying the rest costs less than that
        _, found, rest = self.raw.partition(_LINE_STARTS[key])
        return rest.partition(_LINE_END)[0].decode("utf-8", "replace") if found else self._unspaced(key)

    def _unspaced(self, key: str) -> str:
        """The value of a header that somebody wrote without the space after its colon."""
        _, _, rest = self.raw.partition(_LINE_STARTS[key][:-1])
        return rest.partition(_LINE_END)[0].decode("utf-8", "replace")

    def last(self, line: bytes) -> bytes:
        """The value of the last header whose line begins with `line` (line end, key, colon, space), as it came; empty for none.

        For what comes in masses, to see whether it is worth decoding: looked for from the end, where it is found soonest.
        """
        _, found, rest = self.raw.rpartition(line)
        return rest.partition(_LINE_END)[0] if found else b""

    def all(self, key: str) -> list[str]:
        """Every value of a header that may be repeated, in order."""
        start = f"{key}:"
        return [line[len(start) :].removeprefix(" ") for line in self.lines() if line.startswith(start)]

    def lines(self) -> list[str]:
        """What follows the first header, as it came: the output of a command."""
        return self.text.split("\r\n")[1:]

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"


class _Event(Message):
    """The one kind of message that comes in masses, made without another look at its first line."""

    __slots__ = ()

    def __init__(self, raw: bytes, offset: int, name: str) -> None:  # no super(): it would read the first line again
        self.kind = _EVENT
        self.raw = raw
        self.offset = offset
        self.name = name


_LINE_STARTS = _LineStarts()

#: Whether the bytes of an event tell anything.
Look = Callable[[bytes], bool]


class Sieve:
    """Which events are worth a message: nine of ten tell nothing of calls, and a message costs more than a look at the bytes.

    `looks` by the event's name: whether it is worth one, always or never, or how its bytes tell. Events of other names are.
    """

    def __init__(self, looks: Mapping[str, Look | bool]) -> None:
        #: An event's first line -> its name and look; with those of other names as they are met. There are a few hundred
        #: kinds, and nearly every message is one.
        self.kinds: dict[bytes, tuple[str, Look | bool]] = {
            f"Event: {name}".encode(): (name, look) for name, look in looks.items()
        }

    def first_of_its_kind(self, frame: bytes, offset: int) -> Message | None:
        """A message that is no event, or whose event's name was not met before; None for the greeting and for empty lines."""
        body = frame.lstrip(_LINE_END)
        if body.startswith(_BANNER):
            body = body.partition(_LINE_END)[2]
        if not body:
            return None
        message = Message(body, offset)
        line, end, _ = body.partition(_LINE_END)
        if end and message.kind is _EVENT and len(self.kinds) < _MOST_NAMES and len(line) < _LONGEST_NAME:
            self.kinds[line] = message.name, True
        return message


#: Without holes; one for all, so that each kind is found out once.
_EVERYTHING = Sieve({})


class Framer:
    """Turns chunks of a stream into messages, wherever the chunks were cut.

    A message ends at an empty line (CRLF CRLF). A lone CR or LF, VT, NEL or U+2028 inside a value stays there. Bytes
    that are no UTF-8 become U+FFFD, as does NUL, which the database can't keep.
    """

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES, sieve: Sieve = _EVERYTHING) -> None:
        self.skipped = 0  #: messages thrown away for their length
        self.passed_over = 0  #: events that the sieve held back
        self._sieve = sieve
        self._max = max_frame_bytes
        self._rest = bytearray()
        self._offset = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> tuple[bytes, list[Message]]:
        """The bytes of every message that is now complete, and the messages. What is left waits for the next chunk.

        Bytes of messages that are thrown away are left out, those of events that are passed over are not.
        """
        end = chunk.rfind(_END)
        if end >= 0:  # nearly always: put together in one copy
            end += len(_END)
            whole = b"".join((self._rest, memoryview(chunk)[:end]))
            self._rest = bytearray(chunk[end:])
        else:
            search_from = max(0, len(self._rest) - len(_END) + 1)
            self._rest += chunk
            end = self._rest.rfind(_END, search_from)
            if end < 0:
                self._limit()
                return b"", []
            whole = bytes(self._rest[: end + len(_END)])
            del self._rest[: end + len(_END)]
        if self._skipping:
            tail = whole.find(_END) + len(_END)
            whole = whole[tail:]
            self._offset += tail
            self._skipping = False
        if len(whole) > self._max:
            whole = self._without_long(whole)
        return whole, self._cut(whole)

    def _cut(self, whole: bytes) -> list[Message]:
        frames = whole.split(_END)
        frames.pop()
        offset = self._offset
        self._offset += len(whole)
        before = itertools.accumulate(map(len, frames), initial=offset)
        ends = itertools.count(0, len(_END))
        if _NUL in whole:
            frames = [frame.replace(_NUL, _NO_NUL) for frame in frames]
        kinds_by_line = self._sieve.kinds
        try:
            kinds = [kinds_by_line[frame.partition(_LINE_END)[0]] for frame in frames]
        except KeyError:
            return self._one_by_one(zip(frames, map(operator.add, before, ends), strict=False))
        messages: list[Message] = [  # nearly always: all are events of known kinds
            _Event(frame, text_bytes + end_bytes, name)
            for frame, text_bytes, end_bytes, (name, look) in zip(frames, before, ends, kinds, strict=False)
            if look is True or (look and look(frame))
        ]
        self.passed_over += len(frames) - len(messages)
        return messages

    def _one_by_one(self, frames: Iterable[tuple[bytes, int]]) -> list[Message]:
        """Of a chunk in which there is more than events of kinds that were met before."""
        found: list[Message] = []
        for frame, offset in frames:
            kind = self._sieve.kinds.get(frame.partition(_LINE_END)[0])
            if kind is None:
                message = self._sieve.first_of_its_kind(frame, offset)
                found += [] if message is None else [message]
                continue
            name, look = kind
            if look is True or (look and look(frame)):
                found.append(_Event(frame, offset, name))
            else:
                self.passed_over += 1
        return found

    def _without_long(self, whole: bytes) -> bytes:
        """Only messages of a length that one has. Offsets are then those in what is left."""
        frames = whole.split(_END)[:-1]
        kept = [frame for frame in frames if len(frame) <= self._max]
        self.skipped += len(frames) - len(kept)
        return b"".join(frame + _END for frame in kept)

    def _limit(self) -> None:
        if len(self._rest) > self._max:
            if not self._skipping:
                self.skipped += 1
                self._skipping = True
            dropped = len(self._rest) - len(_END) + 1
            del self._rest[:dropped]
            self._offset += dropped
