"""A signed webhook: CloudEvents 1.0 in Standard Webhooks headers.

https://github.com/cloudevents/spec and https://www.standardwebhooks.com: `webhook-id` is the event's id, the same on
every retry, so that a receiver that keeps the ids it has seen handles each event once.
"""

from __future__ import annotations

import contextlib
import datetime
import enum
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from standardwebhooks import Webhook

from avasanj.errors import SettingsError

#: More of an answer than this tells a person nothing new.
_ANSWER_BYTES = 500
_PASSING = {408, 425, 429}
#: Nothing is wrong with the event: the address has moved, or does not let us in.
_REFUSED = {401, 403, 404, 405, 407, 410}


class Outcome(enum.Enum):
    """What an attempt came to."""

    DELIVERED = "delivered"
    RETRY = "retry"  #: may work later
    REFUSED = "refused"  #: nothing will work until a person mends the connection
    REJECTED = "rejected"  #: this event will never be taken


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The receiver's answer in a line, and how long it asks us to wait (seconds), if it does."""

    outcome: Outcome
    said: str
    retry_after_s: float | None = None


def send(url: str, secret: str, event_id: str, payload: dict[str, Any], *, timeout_s: float) -> Reply:
    """One attempt, over within about `timeout_s` whatever the receiver does.

    Redirects are not followed: the body is signed for one address. Raises SettingsError for a secret that can't sign.
    """
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    now = datetime.datetime.now(datetime.UTC)
    headers = {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "user-agent": "Avasanj",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": _signer(secret).sign(event_id, now, body),
    }
    deadline = time.monotonic() + timeout_s
    try:
        with (
            _cut_at(deadline) as trace,
            httpx.Client(timeout=timeout_s, follow_redirects=False) as client,
            client.stream("POST", url, content=body.encode(), headers=headers, extensions={"trace": trace}) as answer,
        ):
            return _judge(answer, _beginning(answer, deadline))
    except httpx.UnsupportedProtocol as error:
        return Reply(outcome=Outcome.REFUSED, said=f"The address can't be used: {error}")
    except httpx.HTTPError as error:
        return Reply(outcome=Outcome.RETRY, said=f"{type(error).__name__}: {error}"[:_ANSWER_BYTES])
    except httpx.InvalidURL as error:
        return Reply(outcome=Outcome.REFUSED, said=f"The address can't be used: {error}")


def _signer(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except ValueError:
        raise SettingsError(
            "AVASANJ_WEBHOOK_SECRET can't sign: it must be whsec_ and base64. `openssl rand -base64 32` makes one."
        ) from None


@contextlib.contextmanager
def _cut_at(deadline: float) -> Iterator[Any]:
    """Ends the connection at `deadline` (monotonic): the client's own timeouts start anew with every byte that comes.

    Gives the function to which the client tells its connection.
    """
    streams: list[Any] = []

    def trace(event: str, facts: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            streams.append(facts["return_value"])

    def cut() -> None:
        found = streams[-1].get_extra_info("socket") if streams else None
        if found is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(found, socket.SHUT_RDWR)  # not the TLS socket's own, which waits for the reader

    timer = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield trace
    finally:
        timer.cancel()


def _beginning(answer: httpx.Response, deadline: float) -> str:
    """The start of the answer. A body that never ends is cut: the status has already said what counts."""
    collected = b""
    try:
        for chunk in answer.iter_bytes():
            collected += chunk
            if len(collected) >= _ANSWER_BYTES or time.monotonic() > deadline:
                break
    except httpx.HTTPError:
        collected += b" (cut off)"
    return collected[:_ANSWER_BYTES].decode(errors="replace").replace("\x00", "")


def _judge(answer: httpx.Response, beginning: str) -> Reply:
    status = answer.status_code
    said = f"{status} {answer.reason_phrase} {beginning}".strip()
    if answer.is_success:
        return Reply(outcome=Outcome.DELIVERED, said=said)
    if status in _REFUSED or answer.is_redirect:
        return Reply(outcome=Outcome.REFUSED, said=said)
    if status in _PASSING or status >= 500:
        return Reply(outcome=Outcome.RETRY, said=said, retry_after_s=_seconds(answer.headers.get("retry-after")))
    return Reply(outcome=Outcome.REJECTED, said=said)


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; its date form is rare and read as none."""
    return min(float(retry_after), 3600.0) if retry_after and retry_after.isascii() and retry_after.isdigit() else None
