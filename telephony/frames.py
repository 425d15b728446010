"""The manager protocol's bytes, cut into messages: nothing here knows what a message means."""

from __future__ import annotations

import enum

#: Longer than any event that Asterisk sends; what is longer is skipped, so that memory stays bounded.
MAX_FRAME_BYTES = 1 << 20
_END = b"\r\n\r\n"
_END_TEXT = "\r\n\r\n"
_BANNER = "Asterisk Call Manager/"


class Kind(enum.StrEnum):
    EVENT = "event"
    RESPONSE = "response"
    MARK = "mark"  #: written by our own journal, never sent by a PBX
    OTHER = "other"


_EVENT = Kind.EVENT
_KINDS = {"event": Kind.EVENT, "response": Kind.RESPONSE, "avasanj": Kind.MARK}


class Message:
    """One message. Headers are read when first asked for, since most events of a busy PBX are never looked at.

    `name` is the first header's value (the event's name, the response's status); `offset` the message's first byte in
    the stream that it came from.
    """

    __slots__ = ("_fields", "_text", "kind", "name", "offset")
    _fields: dict[str, str] | None

    def __init__(self, text: str, offset: int = 0) -> None:
        self.offset = offset
        self._text = text
        self._fields = None
        end = text.find("\r\n")
        if text.startswith("Event: "):  # nearly every one
            self.kind = _EVENT
            self.name = text[7:end] if end >= 0 else text[7:]
            return
        key, _, value = (text[:end] if end >= 0 else text).partition(":")
        self.kind = _KINDS.get(key.strip().lower(), Kind.OTHER)
        self.name = value.strip()

    @property
    def fields(self) -> dict[str, str]:
        """Headers by name; of a repeated one the first. `all` gives every value."""
        if self._fields is None:
            lines = self.lines()
            lines.reverse()  # so that the first of a repeated one is the last that is put in
            try:
                fields = dict([line.split(": ", 1) for line in lines])
            except ValueError:
                fields = {":": ""}
            if ":" in "".join(fields):  # somebody writes them otherwise
                fields = {key: value.removeprefix(" ") for key, _, value in (line.partition(":") for line in lines)}
            self._fields = fields
        return self._fields

    def get(self, key: str) -> str:
        """The header's value, empty when there is none; found without reading the others, since few are ever asked for."""
        text = self._text
        start = text.find(f"\r\n{key}:")
        if start < 0:
            return ""
        start += len(key) + 3
        if text.startswith(" ", start):
            start += 1
        end = text.find("\r\n", start)
        return text[start:] if end < 0 else text[start:end]

    def ends_with_one_of(self, start: str, values: tuple[str, ...]) -> bool:
        """Whether the header whose line begins with `start` (line end, key, colon, space) has one of the values, each with its line end.

        Looked for from the message's end, where it is found soonest.
        """
        at = self._text.rfind(start)
        return at >= 0 and self._text.startswith(values, at + len(start))

    def all(self, key: str) -> list[str]:
        """Every value of a header that may be repeated, in order."""
        start = f"{key}:"
        return [line[len(start) :].removeprefix(" ") for line in self.lines() if line.startswith(start)]

    def lines(self) -> list[str]:
        """What follows the first header, as it came: the output of a command."""
        return self._text.split("\r\n")[1:]

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"


class Framer:
    """Turns chunks of a stream into messages, wherever the chunks were cut.

    A message ends at an empty line (CRLF CRLF). A lone CR or LF, VT, NEL or U+2028 inside a value stays there. Bytes
    that are no UTF-8 become U+FFFD, as does NUL, which the database can't keep.
    """

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self.skipped = 0  #: messages thrown away for their length
        self._max = max_frame_bytes
        self._rest = bytearray()
        self._offset = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> tuple[bytes, list[Message]]:
        """The bytes of every message that is now complete, and the messages. What is left waits for the next chunk.

        Bytes of messages that are thrown away are left out.
        """
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
        messages: list[Message] = []
        text = whole.decode("utf-8", "replace")
        if "\0" in text:
            text = text.replace("\0", "\ufffd")
        frames = text.split(_END_TEXT)
        frames.pop()
        offset = self._offset
        sizes = map(len, frames if len(text) == len(whole) else whole.split(_END))
        for frame, size in zip(frames, sizes, strict=False):
            if frame.startswith("Event: "):
                messages.append(Message(frame, offset))
            else:
                body = frame.lstrip("\r\n")
                if body.startswith(_BANNER):
                    body = body.partition("\r\n")[2]
                if body:
                    messages.append(Message(body, offset))
            offset += size + len(_END)
        self._offset += len(whole)
        return messages

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
