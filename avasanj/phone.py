"""Telephone numbers: what was dialled or shown, into E.164 and back into what a person reads."""

from __future__ import annotations

from collections.abc import Sequence

import phonenumbers

from avasanj.persian import ascii_digits

#: What PBXs send when there is no number.
_HIDDEN = {
    "",
    "anonymous",
    "unknown",
    "<unknown>",
    "unavailable",
    "restricted",
    "private",
    "s",
    "asterisk",
    "h",
    "t",
    "i",
}


def is_hidden(raw: str | None) -> bool:
    """Whether this is what PBXs put in the place of a number, or of a name, that is not shown."""
    return ascii_digits(raw or "").strip().casefold() in _HIDDEN


def to_e164(
    raw: str | None, region: str, area_code: str | None = None, trunk_prefixes: Sequence[str] = ()
) -> str | None:
    """`raw` as E.164, or None when it is hidden, an extension or no possible number.

    A local number (too short to carry an area code) is read with `area_code`; a prefix that the PBX dials to reach
    its trunk is taken off first.
    """
    text = ascii_digits(raw or "").strip()
    if is_hidden(text):
        return None
    for prefix in trunk_prefixes:
        if text.startswith(prefix) and len(text) - len(prefix) > len(area_code or "") + 4:
            text = text[len(prefix) :]
            break
    candidates = [text]
    digits = "".join(c for c in text if c.isdigit())
    if area_code and not text.startswith(("+", "0")) and len(digits) <= 8:
        candidates.insert(0, f"{area_code}{digits}")
    if digits.startswith(code := str(phonenumbers.country_code_for_region(region))) and len(digits) > 10:
        candidates.append(f"+{digits}" if digits.startswith(code) else text)
    for candidate in candidates:
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def display(e164: str, region: str) -> str:
    """E.164 as people of `region` write it: national at home, international from abroad."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    home = phonenumbers.country_code_for_region(region) == number.country_code
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)
