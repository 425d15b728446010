"""SIP messages and their session descriptions, as text."""

from __future__ import annotations

import dataclasses
import re
import secrets

_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
_URI = re.compile(r"<([^>]+)>")
_TAG = re.compile(r";tag=([^;>\s]+)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SipMessage:
    """A request or a response. Header names in lower case; a repeated header keeps its order in `headers`."""

    first_line: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def status(self) -> int | None:
        """A response's code; None of a request."""
        return int(self.first_line.split(" ", 2)[1]) if self.first_line.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """A request's method, or that of the request that a response answers."""
        return self.get("cseq").split()[1] if self.status is not None else self.first_line.split(" ", 1)[0]

    @property
    def cseq(self) -> int:
        return int(self.get("cseq").split()[0])

    @property
    def request_uri(self) -> str:
        return self.first_line.split(" ")[1]

    @property
    def branch(self) -> str:
        found = re.search(r"branch=([^;,\s]+)", self.get("via"))
        return found[1] if found else ""

    def get(self, name: str) -> str:
        """The first header of this name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


def parse(data: bytes) -> SipMessage:
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = []
    for line in lines:
        key, _, value = line.partition(":")
        key = key.strip().lower()
        headers.append((_COMPACT.get(key, key), value.strip()))
    return SipMessage(first_line=first, headers=tuple(headers), body=body)


def compose(first_line: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    if body:
        headers = [*headers, ("Content-Type", "application/sdp")]
    data = body.encode()
    lines = [first_line, *(f"{key}: {value}" for key, value in headers), f"Content-Length: {len(data)}", "", ""]
    return "\r\n".join(lines).encode() + data


def answer(
    request: SipMessage, code: int, reason: str, *, tag: str, contact: str | None = None, body: str = ""
) -> bytes:
    """A response to a request; `tag` is ours, added where the request has none."""
    to = request.get("to")
    headers = [("Via", via) for via in request.all("via")]
    headers += [("Record-Route", route) for route in request.all("record-route")]
    headers += [("From", request.get("from")), ("To", to if ";tag=" in to else f"{to};tag={tag}")]
    headers += [("Call-ID", request.get("call-id")), ("CSeq", request.get("cseq"))]
    if contact is not None:
        headers.append(("Contact", f"<{contact}>"))
    return compose(f"SIP/2.0 {code} {reason}", headers, body)


def uri_in(header: str) -> str:
    found = _URI.search(header)
    return found[1] if found else header.split(";", maxsplit=1)[0]


def user_in(uri: str) -> str:
    return uri.partition(":")[2].partition("@")[0]


def tag_in(header: str) -> str:
    found = _TAG.search(header)
    return found[1] if found else ""


def token() -> str:
    return secrets.token_hex(8)


def describe(host: str, port: int, *, version: int, direction: str) -> str:
    """A session description for A-law and telephone events."""
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 8 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        f"a={direction}",
    ]
    return "\r\n".join(lines) + "\r\n"


def media_address(description: str) -> tuple[str, int] | None:
    """Where the other side wants its audio; None of a message without a description."""
    host, port = (
        re.search(r"^c=IN IP4 (\S+)", description, re.MULTILINE),
        re.search(r"^m=audio (\d+)", description, re.MULTILINE),
    )
    return (host[1], int(port[1])) if host and port else None


def mirrored(description: str, ours: str) -> str:
    """Our direction in answer to the other side's."""
    for theirs, answered in (("sendonly", "recvonly"), ("inactive", "inactive"), ("recvonly", "sendonly")):
        if f"a={theirs}" in description:
            return answered
    return ours if ours != "recvonly" else "sendrecv"
