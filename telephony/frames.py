"""The manager protocol's bytes, cut into messages: nothing here knows what a message means."""

from __future__ import annotations

import enum

#: Longer than any event that Asterisk sends; what is longer is skipped, so that memory stays bounded.
MAX_FRAME_BYTES = 1 << 20
_END = b"\r\n\r\n"
_BANNER = b"Asterisk Call Manager/"


class Kind(enum.StrEnum):
    EVENT = "event"
    RESPONSE = "response"
    MARK = "mark"  #: written by our own journal, never sent by a PBX
    OTHER = "other"


_KINDS = {"event": Kind.EVENT, "response": Kind.RESPONSE, "avasanj": Kind.MARK}


class Message:
    """One message. Headers are read when first asked for, since most events of a busy PBX are never looked at.

    `name` is the first header's value (the event's name, the response's status); `offset` the message's first byte in
    the stream that it came from.
    """

    __slots__ = ("_fields", "_text", "kind", "name", "offset")

    def __init__(self, text: str, offset: int = 0) -> None:
        first, _, rest = text.partition("\r\n")
        key, _, value = first.partition(":")
        self.kind = _KINDS.get(key.strip().lower(), Kind.OTHER)
        self.name = value.strip()
        self.offset = offset
        self._text = rest
        self._fields: dict[str, str] | None = None

    @property
    def fields(self) -> dict[str, str]:
        """Headers by name; of a repeated one the first. `all` gives every value."""
        if self._fields is None:
            fields: dict[str, str] = {}
            for line in self._text.split("\r\n"):
                key, _, value = line.partition(":")
                fields.setdefault(key, value.removeprefix(" "))
            self._fields = fields
        return self._fields

    def get(self, key: str) -> str:
        """The header's value, empty when there is none."""
        return self.fields.get(key, "")

    def peek(self, key: str) -> str:
        """As `get`, but found without reading the other headers: for the one that tells whether to read on."""
        if self._fields is not None:
            return self._fields.get(key, "")
        start = self._text.find(f"\r\n{key}: ")
        if start < 0:
            return self.get(key)
        start += len(key) + 4
        end = self._text.find("\r\n", start)
        return self._text[start:] if end < 0 else self._text[start:end]

    def all(self, key: str) -> list[str]:
        """Every value of a header that may be repeated, in order."""
        start = f"{key}:"
        return [line[len(start) :].removeprefix(" ") for line in self._text.split("\r\n") if line.startswith(start)]

    def lines(self) -> list[str]:
        """What follows the first header, as it came: the output of a command."""
        return self._text.split("\r\n")

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
        """The bytes of every message that is now complete, and the messages. What is left waits for the next chunk."""
        search_from = max(0, len(self._rest) - len(_END) + 1)
        self._rest += chunk
        end = self._rest.rfind(_END, search_from)
        if end < 0:
            self._limit()
            return b"", []
        whole = bytes(self._rest[: end + len(_END)])
        del self._rest[: end + len(_END)]
        messages = self._cut(whole)
        self._offset += len(whole)
        return whole, messages

    def _cut(self, whole: bytes) -> list[Message]:
        messages: list[Message] = []
        offset = self._offset
        for frame in whole.split(_END)[:-1]:
            start, offset = offset, offset + len(frame) + len(_END)
            if self._skipping:
                self._skipping = False
                continue
            if len(frame) > self._max:
                self.skipped += 1
                continue
            body = frame.lstrip(b"\r\n")
            if body.startswith(_BANNER):
                body = body.partition(b"\r\n")[2]
            if body:
                messages.append(Message(body.decode("utf-8", "replace").replace("\0", "\ufffd"), start))
        return messages

    def _limit(self) -> None:
        if len(self._rest) > self._max:
            if not self._skipping:
                self.skipped += 1
                self._skipping = True
            dropped = len(self._rest) - len(_END) + 1
            del self._rest[:dropped]
            self._offset += dropped
