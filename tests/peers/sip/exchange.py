"""The sockets of many phones: one for those inside (127.0.0.1), one for those behind the trunk (127.0.0.2)."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tests.peers.sip import message as sip
from tests.peers.sip.media import Mixer, tone

if TYPE_CHECKING:
    from tests.peers.asterisk import Asterisk
    from tests.peers.sip.call import Call
    from tests.peers.sip.phone import Phone

_RESEND_S = (0.5, 1.0, 2.0, 4.0)


class Resending:
    """Something sent that is sent again until it is answered."""

    def __init__(self, socket_: socket.socket, data: bytes) -> None:
        self.socket, self.data = socket_, data
        self.count = 0
        self.due = time.monotonic() + _RESEND_S[0]


class Exchange:
    """`with Exchange(pbx) as exchange:` Phones are made with `exchange.phone(...)`; leaving ends every call at once."""

    def __init__(self, pbx: Asterisk) -> None:
        self.pbx = pbx
        self.lock = threading.RLock()
        self.mixer = Mixer()
        self.says_inside, self.says_outside = tone(700), tone(400)
        self._inside, self._outside = _socket("127.0.0.1", 0), _socket("127.0.0.2", pbx.trunk_port)
        self._pbx_address = ("127.0.0.1", pbx.sip_port)
        self._phones: dict[str, Phone] = {}
        self._calls: dict[str, Call] = {}
        self._answers: dict[tuple[str, str], bytes] = {}
        self._resending: dict[tuple[str, int, str], Resending] = {}
        self._waiting: dict[tuple[str, int, str], Callable[[sip.SipMessage], None]] = {}
        self.hung = False  #: Asterisk does not answer any more; nothing is waited for then
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="phones-sip", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.mixer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in list(self._calls.values()):
            with contextlib.suppress(Exception):
                call.drop()
        self._stop.set()
        self._thread.join(5)
        self.mixer.stop()
        self._inside.close()
        self._outside.close()

    def phone(self, number: str, *, name: str | None = None, outside: bool = False) -> Phone:
        """A phone; one inside registers, one outside is reached through the trunk."""
        from tests.peers.sip.phone import Phone

        phone = Phone(self, number, name=name, outside=outside)
        with self.lock:
            self._phones[number] = phone
        if not outside:
            phone.register()
        return phone

    def check(self, *, limit_s: float = 5.0) -> bool:
        """Whether Asterisk still answers at all (OPTIONS). Where it doesn't, `hung` ends every wait of these phones."""
        call_id, answered = sip.token(), threading.Event()
        host, port = self._inside.getsockname()
        headers = [
            ("Via", f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{sip.token()}"),
            ("From", f"<sip:check@127.0.0.1>;tag={sip.token()}"),
            ("To", "<sip:check@127.0.0.1>"),
            ("Call-ID", call_id),
            ("CSeq", "1 OPTIONS"),
            ("Max-Forwards", "70"),
        ]
        key = (call_id, 1, "OPTIONS")
        with self.lock:
            self._waiting[key] = lambda _message: answered.set()
        data = sip.compose(f"OPTIONS sip:127.0.0.1:{self.pbx.sip_port} SIP/2.0", headers)
        self._inside.sendto(data, self._pbx_address)
        self.hung = not answered.wait(limit_s)
        return not self.hung

    def wait_for(self, changed: threading.Condition, condition: Callable[[], bool], limit_s: float) -> bool:
        """Wait, with `changed` held, until the condition is true; False after the limit or when Asterisk is found to be hung."""
        deadline = time.monotonic() + limit_s
        while not condition():
            left_s = deadline - time.monotonic()
            if left_s <= 0 or self.hung:
                return False
            changed.wait(min(left_s, 1.0))
        return True

    def socket_of(self, phone: Phone) -> socket.socket:
        return self._outside if phone.outside else self._inside

    def host_port(self, phone: Phone) -> str:
        host, port = self.socket_of(phone).getsockname()
        return f"{host}:{port}"

    def add(self, call: Call) -> None:
        with self.lock:
            self._calls[call.call_id] = call

    def send(self, phone: Phone, data: bytes) -> None:
        self.socket_of(phone).sendto(data, self._pbx_address)

    def send_until_answered(
        self,
        phone: Phone,
        data: bytes,
        key: tuple[str, int, str],
        then: Callable[[sip.SipMessage], None] | None = None,
    ) -> None:
        """Send, and again until a message with this Call-ID, CSeq and method comes, of which `then` is told."""
        with self.lock:
            self._resending[key] = Resending(self.socket_of(phone), data)
            if then is not None:
                self._waiting[key] = then
        self.send(phone, data)

    def settle(self, key: tuple[str, int, str]) -> None:
        """What was sent under this key has arrived."""
        with self.lock:
            self._resending.pop(key, None)

    def remember_answer(self, request: sip.SipMessage, data: bytes) -> None:
        with self.lock:
            self._answers[request.branch, request.method] = data

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._inside, selectors.EVENT_READ)
            selector.register(self._outside, selectors.EVENT_READ)
            while not self._stop.is_set():
                for key, _ in selector.select(0.2):
                    self._read(key.fileobj)  # type: ignore[arg-type]
                self._resend()

    def _read(self, source: socket.socket) -> None:
        for _ in range(100):
            try:
                data = source.recv(65536)
            except OSError:
                return
            if len(data) > 4:
                with self.lock:
                    self._take(sip.parse(data), source)

    def _take(self, message: sip.SipMessage, source: socket.socket) -> None:
        call = self._calls.get(message.get("call-id"))
        if message.status is not None:
            key = (message.get("call-id"), message.cseq, message.method)
            self._resending.pop(key, None)
            then = self._waiting.pop(key, None) if message.status >= 200 else self._waiting.get(key)
            if then is not None:
                then(message)
            elif call is not None:
                call.take_late_answer(message)
            return
        known = self._answers.get((message.branch, message.method))
        if known is not None:
            source.sendto(known, self._pbx_address)
        elif call is not None:
            call.take_request(message)
        else:
            self._take_new(message, source)

    def _take_new(self, message: sip.SipMessage, source: socket.socket) -> None:
        phone = self._phones.get(sip.user_in(message.request_uri))
        if message.method == "INVITE" and phone is not None and self.socket_of(phone) is source:
            phone.take_invite(message)
        elif message.method != "ACK":
            code, reason = (200, "OK") if message.method in ("OPTIONS", "NOTIFY") else (404, "Not Found")
            source.sendto(sip.answer(message, code, reason, tag=sip.token()), self._pbx_address)

    def _resend(self) -> None:
        now = time.monotonic()
        with self.lock:
            for key, item in list(self._resending.items()):
                if now < item.due:
                    continue
                item.count += 1
                if item.count >= len(_RESEND_S):
                    del self._resending[key]
                    continue
                item.due = now + _RESEND_S[item.count]
                item.socket.sendto(item.data, self._pbx_address)


def _socket(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    made.bind((host, port))
    made.setblocking(False)
    return made
