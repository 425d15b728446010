"""One conversation of a phone, from INVITE to BYE, as a scenario leads it."""

from __future__ import annotations

import time
from urllib.parse import quote

from tests.peers.sip import message as sip
from tests.peers.sip.dialog import ANSWER_S, Dialog, PhoneError, State

_RESULT_S = 1.0  #: how long a phone waits to hear how its transfer went


class Call(Dialog):
    """A call of a `Phone`; what it does is told from outside, step by step."""

    def invite(self) -> None:
        data = self._request("INVITE", body=self._description())
        self.exchange.send_until_answered(
            self.phone, data, (self.call_id, self._cseq, "INVITE"), self._take_invite_answer
        )

    def ring(self) -> None:
        assert self._invite is not None
        self.ringing_at = time.time()
        self.state = State.RINGING
        self.exchange.send(
            self.phone, sip.answer(self._invite, 180, "Ringing", tag=self.tag, contact=self.phone.contact)
        )

    def answer(self) -> None:
        """Pick up."""
        with self.exchange.lock:
            self._must_be(State.RINGING, "pick up")
            assert self._invite is not None
            self.state, self.answered_at = State.UP, time.time()
            data = sip.answer(
                self._invite, 200, "OK", tag=self.tag, contact=self.phone.contact, body=self._description()
            )
            self.exchange.remember_answer(self._invite, data)
            self.exchange.send_until_answered(self.phone, data, (self.call_id, self._invite.cseq, "ACK"))
            self.stream.talks = True
            self._changed.notify_all()

    def reject(self, code: int = 486, reason: str = "Busy Here", *, contact: str | None = None) -> None:
        """Refuse while it rings."""
        with self.exchange.lock:
            self._must_be(State.RINGING, "refuse")
            assert self._invite is not None
            data = sip.answer(self._invite, code, reason, tag=self.tag, contact=contact)
            self.exchange.remember_answer(self._invite, data)
            self.exchange.send_until_answered(self.phone, data, (self.call_id, self._invite.cseq, "ACK"))
            self._end(here=True)

    def forward(self, number: str) -> None:
        """Send the caller to another number while it rings (302)."""
        self.reject(302, "Moved Temporarily", contact=f"sip:{number}@127.0.0.1:{self.exchange.pbx.sip_port}")

    def hang_up(self) -> None:
        """End the call, or give it up while it rings at the other side."""
        with self.exchange.lock:
            if self.state is State.ENDED:
                raise PhoneError(f"Phone {self.phone.number} can't hang up: the call ended before.")
            if self.state is State.UP:
                self._in_dialog("BYE")
            else:
                headers = self._headers("CANCEL", self._cseq, branch=self._branch)
                data = sip.compose(f"CANCEL {self._pbx_party} SIP/2.0", headers)
                self.exchange.send_until_answered(self.phone, data, (self.call_id, self._cseq, "CANCEL"))
            self._end(here=True)

    def drop(self) -> None:
        """End it whatever its state; nothing if it has ended."""
        with self.exchange.lock:
            if self.state is State.RINGING and self._invite is not None:
                self.reject()
            elif self.state is not State.ENDED:
                self.hang_up()

    def hold(self, direction: str = "sendonly") -> float:
        """Put the other side on hold (`sendonly` or `inactive`); the moment at which that was told."""
        return self._renegotiate(direction)

    def resume(self) -> float:
        """Take it back."""
        return self._renegotiate("sendrecv")

    def refer(self, number: str) -> float:
        """Blind transfer: the moment at which Asterisk was told. Hangs up when Asterisk has taken it over."""
        return self._refer(f"<sip:{number}@127.0.0.1:{self.exchange.pbx.sip_port}>")

    def refer_to(self, other: Call) -> float:
        """Attended transfer: connect this call's other side with that of `other` (Replaces), and leave both."""
        replaces = quote(f"{other.call_id};to-tag={other.remote_tag};from-tag={other.tag}", safe="")
        at = self._refer(f"<{other._pbx_party.split(';')[0]}?Replaces={replaces}>")
        other.wait_ended(limit_s=ANSWER_S)
        return at

    def press(self, digits: str) -> None:
        """Press keys (RFC 2833), and wait until they are sent."""
        self.stream.press(digits)
        time.sleep(0.25 * len(digits))

    def wait_answered(self, *, limit_s: float = 30.0) -> float:
        """When the call was picked up."""
        self._wait(lambda: self.answered_at is not None or self.state is State.ENDED, "an answer", limit_s)
        if self.answered_at is None:
            raise PhoneError(f"Phone {self.phone.number} was refused with {self.status} instead of an answer.")
        return self.answered_at

    def wait_ringing(self, *, limit_s: float = 30.0) -> float:
        """When the other side began to ring."""
        self._wait(lambda: self.ringing_at is not None or self.state is State.ENDED, "ringing", limit_s)
        return self.ringing_at or self.ended_at or 0.0

    def wait_ended(self, *, limit_s: float = 40.0) -> float:
        """When the call ended."""
        self._wait(lambda: self.state is State.ENDED, "the end", limit_s)
        assert self.ended_at is not None
        return self.ended_at

    def _renegotiate(self, direction: str) -> float:
        self._must_be(State.UP, "renegotiate")
        self._direction = direction
        self._version += 1
        at = self._ask("INVITE", body=self._description())
        self.stream.talks = direction == "sendrecv"
        return at

    def _refer(self, target: str) -> float:
        self._must_be(State.UP, "transfer")
        at = self._ask("REFER", ("Refer-To", target), ("Referred-By", f"<{self.phone.uri}>"))
        with (
            self._changed
        ):  # who is sent into a queue or a parking place never "answers": a phone then leaves by itself
            self._changed.wait_for(
                lambda: self.state is State.ENDED or any(" 100 " not in line for line in self._progress), _RESULT_S
            )
        refused = [line for line in self._progress if line.split(" ")[1][0] not in "12"]
        if refused:
            raise PhoneError(f"Phone {self.phone.number}: Asterisk refused the transfer to {target}: {refused[0]}.")
        with self.exchange.lock:
            if self.state is State.UP:
                self.hang_up()
        return at
