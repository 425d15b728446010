"""Whether events can be signed and go where they should. Nothing is sent."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from avasanj.doctor.finding import Finding, fault, warning, well
from avasanj.settings import Settings

_PREFIX = "whsec_"
#: what the Standard Webhooks specification asks of a key
_KEY_BYTES = range(24, 65)
_MAKE = "Make one with `echo whsec_$(openssl rand -base64 32)` and give it to the receiver too."


def settings(settings: Settings) -> Iterator[Finding]:
    """The address and the secret's form."""
    if settings.webhook_url is None:
        yield well("webhook", "none is set")
        return
    try:
        address = urlsplit(settings.webhook_url)
        usable = address.scheme in {"http", "https"} and bool(address.hostname) and (address.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        yield fault(
            "webhook", "AVASANJ_WEBHOOK_URL is no web address.", "Write it like https://crm.example.org/hooks/avasanj."
        )
        return
    yield _secret(settings) or _plain(address) or well("webhook", f"signed events go to {address.hostname}")


def _secret(settings: Settings) -> Finding | None:
    if settings.webhook_secret is None:
        return fault("webhook", "AVASANJ_WEBHOOK_SECRET is not set, so events can't be signed.", _MAKE)
    value = settings.webhook_secret.get_secret_value().removeprefix(_PREFIX)
    try:
        key = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return fault("webhook", "AVASANJ_WEBHOOK_SECRET is not whsec_ and base64.", _MAKE)
    if len(key) not in _KEY_BYTES:
        return warning("webhook", f"AVASANJ_WEBHOOK_SECRET holds {len(key)} bytes; receivers expect 24 to 64.", _MAKE)
    return None


def _plain(address: SplitResult) -> Finding | None:
    if address.scheme == "https" or _on_this_machine(address.hostname or ""):
        return None
    return warning(
        "webhook",
        f"Events go to {address.hostname} over plain http: names and numbers can be read on the way.",
        "Use an https address.",
    )


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
