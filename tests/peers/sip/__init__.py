"""A small SIP phone of our own, for what ready phones can't be made to do: many side by side, each told every step.

`Exchange` holds the sockets and threads, `Phone` a number that calls and is called, `Call` one conversation. All blocking calls
are bounded and raise `PhoneError`. Times are seconds since 1970, taken when a message was sent or came.
"""

from tests.peers.sip.call import Call
from tests.peers.sip.dialog import PhoneError
from tests.peers.sip.exchange import Exchange
from tests.peers.sip.phone import Phone

__all__ = ["Call", "Exchange", "Phone", "PhoneError"]
