"""A conversation as SIP has it: what is sent in it, what Asterisk sends, and how it stands."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.peers.sip import message as sip
from tests.peers.sip.media import Stream

if TYPE_CHECKING:
    from tests.peers.sip.phone import Phone

ANSWER_S = 10.0
_ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, REFER, NOTIFY"


class PhoneError(RuntimeError):
    """A phone did not see what the scenario expects."""


class State(enum.StrEnum):
    TRYING = "trying"
    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


class Dialog:
    """`started_at`, `ringing_at`, `answered_at`, `ended_at` are seconds since 1970, None where it did not happen."""

    def __init__(self, phone: Phone, *, dialled: str = "", invite: sip.SipMessage | None = None) -> None:
        self.phone = phone
        self.exchange = phone.exchange
        self.state = State.TRYING
        self.started_at = time.time()
        self.ringing_at: float | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended_here = False  #: whether this phone hung up, gave up or refused
        self.status: int | None = None  #: of a call that was refused
        self.call_id = invite.get("call-id") if invite else sip.token()
        self.tag = sip.token()
        self.remote_tag = sip.tag_in(invite.get("from")) if invite else ""
        self._invite = invite
        self._changed = threading.Condition(self.exchange.lock)
        self._cseq = 1
        self._direction = "sendrecv"
        self._version = 1
        self._pbx_party = (
            sip.uri_in(invite.get("from")) if invite else f"sip:{dialled}@127.0.0.1:{self.exchange.pbx.sip_port}"
        )
        self._remote = sip.uri_in(invite.get("contact")) if invite else self._pbx_party
        self._branch = ""
        self._progress: list[str] = []  #: what Asterisk said of a transfer
        self.stream = Stream(
            "127.0.0.2" if phone.outside else "127.0.0.1",
            phone.says or (self.exchange.says_outside if phone.outside else self.exchange.says_inside),
        )
        if invite:
            self.stream.remote = sip.media_address(invite.body)
        self.exchange.mixer.add(self.stream)
        self.exchange.add(self)

    # What Asterisk says.

    def take_request(self, message: sip.SipMessage) -> None:
        if message.method == "ACK":
            self.exchange.settle((self.call_id, message.cseq, "ACK"))
            return
        if message.method == "CANCEL":
            self._reply(message, 200, "OK")
            if self.state is State.RINGING and self._invite is not None:
                data = sip.answer(self._invite, 487, "Request Terminated", tag=self.tag)
                self.exchange.remember_answer(self._invite, data)
                self.exchange.send_until_answered(self.phone, data, (self.call_id, self._invite.cseq, "ACK"))
                self._end(here=False)
            return
        body = ""
        if message.method in ("INVITE", "UPDATE") and (address := sip.media_address(message.body)):
            self.stream.remote = address
            self._version += 1
            body = self._description(sip.mirrored(message.body, self._direction))
        if self.state is State.ENDED and message.method not in ("BYE", "NOTIFY"):
            self._reply(message, 481, "Call Does Not Exist")
            return
        data = sip.answer(message, 200, "OK", tag=self.tag, contact=self.phone.contact, body=body)
        self.exchange.remember_answer(message, data)
        if message.method == "INVITE":
            self.exchange.send_until_answered(self.phone, data, (self.call_id, message.cseq, "ACK"))
        else:
            self.exchange.send(self.phone, data)
        if message.method == "NOTIFY":
            self._progress += [line for line in message.body.splitlines() if line.startswith("SIP/2.0")]
            self._changed.notify_all()
        if message.method == "BYE" and self.state is not State.ENDED:
            self._end(here=False)

    def take_late_answer(self, message: sip.SipMessage) -> None:
        """An answer that nothing waits for: a repeated 200 to an INVITE is acknowledged again."""
        if message.method == "INVITE" and message.status is not None and message.status >= 200:
            self._acknowledge(message)

    def _take_invite_answer(self, message: sip.SipMessage) -> None:
        assert message.status is not None
        if message.status < 200:
            if message.status >= 180 and self.state is State.TRYING:
                self.state, self.ringing_at = State.RINGING, time.time()
                self._changed.notify_all()
            return
        self._acknowledge(message)
        if message.status >= 300:
            self.status = message.status
            if self.state is not State.ENDED:
                self._end(here=False)
            return
        if self.state is State.ENDED:  # given up in the same moment
            self._in_dialog("BYE")
            return
        self.remote_tag = sip.tag_in(message.get("to"))
        self._remote = sip.uri_in(message.get("contact"))
        self.stream.remote = sip.media_address(message.body)
        self.stream.talks = True
        self.state, self.answered_at = State.UP, time.time()
        self._changed.notify_all()

    # What is sent.

    def _ask(self, method: str, *headers: tuple[str, str], body: str = "") -> float:
        """Send a request in the dialog and wait for its final answer; the moment at which it was sent."""
        answers: list[sip.SipMessage] = []

        def take(message: sip.SipMessage) -> None:
            if message.status is not None and message.status >= 200:
                answers.append(message)
                if method == "INVITE":
                    self._acknowledge(message)
                self._changed.notify_all()

        at = time.time()
        self._in_dialog(method, *headers, body=body, then=take)
        self._wait(lambda: bool(answers), f"an answer to {method}", ANSWER_S)
        if answers[0].status not in (200, 202):
            raise PhoneError(f"Phone {self.phone.number}: Asterisk answered {answers[0].first_line} to {method}.")
        return at

    def _in_dialog(
        self,
        method: str,
        *headers: tuple[str, str],
        body: str = "",
        then: Callable[[sip.SipMessage], None] | None = None,
    ) -> None:
        with self.exchange.lock:
            self._cseq += 1
            data = self._request(method, *headers, body=body)
            key = (self.call_id, self._cseq, method)
            self.exchange.send_until_answered(self.phone, data, key, then)

    def _acknowledge(self, message: sip.SipMessage) -> None:
        refused = message.status is not None and message.status >= 300
        headers = self._headers("ACK", message.cseq, branch=self._branch if refused else None, to=message.get("to"))
        target = self._remote if refused else sip.uri_in(message.get("contact") or f"<{self._remote}>")
        self.exchange.send(self.phone, sip.compose(f"ACK {target} SIP/2.0", headers))

    def _request(self, method: str, *headers: tuple[str, str], body: str = "") -> bytes:
        made = [*self._headers(method, self._cseq), ("Contact", f"<{self.phone.contact}>"), ("Allow", _ALLOW), *headers]
        return sip.compose(f"{method} {self._remote} SIP/2.0", made, body)

    def _headers(
        self, method: str, cseq: int, *, branch: str | None = None, to: str | None = None
    ) -> list[tuple[str, str]]:
        if branch is None:
            branch = f"z9hG4bK{sip.token()}"
            if method == "INVITE":
                self._branch = branch
        ours = self.phone.from_header if self._invite is None else self._invite.get("to").split(";tag=")[0]
        theirs = f"<{self._pbx_party}>" if self._invite is None else self._invite.get("from").split(";tag=")[0]
        theirs += f";tag={self.remote_tag}" if self.remote_tag else ""
        return [
            ("Via", f"SIP/2.0/UDP {self.exchange.host_port(self.phone)};rport;branch={branch}"),
            ("From", f"{ours};tag={self.tag}"),
            ("To", to or theirs),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Max-Forwards", "70"),
        ]

    def _description(self, direction: str | None = None) -> str:
        return sip.describe(
            self.stream.host, self.stream.port, version=self._version, direction=direction or self._direction
        )

    def _reply(self, message: sip.SipMessage, code: int, reason: str) -> None:
        data = sip.answer(message, code, reason, tag=self.tag)
        self.exchange.remember_answer(message, data)
        self.exchange.send(self.phone, data)

    def _end(self, *, here: bool) -> None:
        self.state, self.ended_at, self.ended_here = State.ENDED, time.time(), here
        self.stream.talks = False
        self.exchange.mixer.remove(self.stream)
        self._changed.notify_all()

    def _must_be(self, state: State, what: str) -> None:
        if self.state is not state:
            raise PhoneError(f"Phone {self.phone.number} can't {what}: its call is {self.state}.")

    def _wait(self, condition: Callable[[], bool], what: str, limit_s: float) -> None:
        with self._changed:
            if not self.exchange.wait_for(self._changed, condition, limit_s):
                raise PhoneError(
                    f"Phone {self.phone.number} saw no sign of {what} within {limit_s} s; its call is {self.state}."
                )
