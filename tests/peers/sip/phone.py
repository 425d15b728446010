"""A number that calls and is called."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.peers.sip import message as sip
from tests.peers.sip.call import Call
from tests.peers.sip.dialog import PhoneError

if TYPE_CHECKING:
    from tests.peers.sip.exchange import Exchange


class Phone:
    """Made by `Exchange.phone`. Each step is told: it never answers by itself."""

    def __init__(self, exchange: Exchange, number: str, *, name: str | None, outside: bool) -> None:
        self.exchange = exchange
        self.number = number
        self.name = name
        self.outside = outside
        self.says: bytes | None = None  #: A-law in place of the side's tone, over and over
        self.calls: list[Call] = []
        self._changed = threading.Condition(exchange.lock)
        self._taken = 0
        self._incoming: list[Call] = []

    @property
    def uri(self) -> str:
        return f"sip:{self.number}@127.0.0.1:{self.exchange.pbx.sip_port}"

    @property
    def contact(self) -> str:
        return f"sip:{self.number}@{self.exchange.host_port(self)}"

    @property
    def from_header(self) -> str:
        display = f'"{self.name}" ' if self.name else ""
        return f"{display}<sip:{self.number}@127.0.0.1>"

    def register(self, *, expires_s: int = 3600, limit_s: float = 10.0) -> None:
        """Tell Asterisk where this phone is; `expires_s=0` takes it back."""
        call_id, done = sip.token(), threading.Event()
        registrar = f"sip:127.0.0.1:{self.exchange.pbx.sip_port}"
        headers = [
            ("Via", f"SIP/2.0/UDP {self.exchange.host_port(self)};rport;branch=z9hG4bK{sip.token()}"),
            ("From", f"<{self.uri}>;tag={sip.token()}"),
            ("To", f"<{self.uri}>"),
            ("Call-ID", call_id),
            ("CSeq", "1 REGISTER"),
            ("Contact", f"<{self.contact}>"),
            ("Expires", str(expires_s)),
            ("Max-Forwards", "70"),
        ]
        answers: list[sip.SipMessage] = []

        def take(message: sip.SipMessage) -> None:
            answers.append(message)
            done.set()

        data = sip.compose(f"REGISTER {registrar} SIP/2.0", headers)
        self.exchange.send_until_answered(self, data, (call_id, 1, "REGISTER"), take)
        if not done.wait(limit_s) or answers[-1].status != 200:
            said = answers[-1].first_line if answers else "nothing"
            raise PhoneError(f"Phone {self.number} could not register within {limit_s} s; Asterisk said {said}.")

    def dial(self, number: str) -> Call:
        """Begin a call; it is not answered yet."""
        call = Call(self, dialled=number)
        self.calls.append(call)
        call.invite()
        return call

    def next_call(self, *, limit_s: float = 30.0) -> Call:
        """The next call that rings here, whether it still does or not."""
        with self._changed:
            if not self.exchange.wait_for(self._changed, lambda: len(self._incoming) > self._taken, limit_s):
                raise PhoneError(f"Phone {self.number} was not called within {limit_s} s.")
            self._taken += 1
            return self._incoming[self._taken - 1]

    def take_invite(self, message: sip.SipMessage) -> None:
        call = Call(self, invite=message)
        self.calls.append(call)
        self._incoming.append(call)
        call.ring()
        self._changed.notify_all()
