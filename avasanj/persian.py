"""Persian (and English) text in the one form in which it is compared and searched."""

from __future__ import annotations

import re
import unicodedata

_LETTERS = str.maketrans(
    {
        "ي": "ی",
        "ى": "ی",
        "ك": "ک",
        "ة": "ه",
        "أ": "ا",
        "إ": "ا",
        "ؤ": "و",
        "ئ": "ی",
        "ـ": None,
        "\u200c": " ",
        "\u0670": None,
    }
)
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_DIACRITICS = re.compile("[\u064b-\u065f\u0670]")
_SPACES = re.compile(r"\s+")


def ascii_digits(text: str) -> str:
    """Persian and Arabic digits as 0–9; everything else untouched."""
    return text.translate(_DIGITS)


def normalise(text: str) -> str:
    """The form for matching and search, not for display.

    One spelling per letter, no diacritics, ZWNJ as a space, ASCII digits, casefolded.
    """
    text = unicodedata.normalize("NFKC", text).translate(_LETTERS)
    text = _DIACRITICS.sub("", text)
    return _SPACES.sub(" ", ascii_digits(text)).strip().casefold()


def name_key(name: str) -> str:
    """A name for comparison: as `normalise`, with آ as ا and without any space."""
    return normalise(name).replace("آ", "ا").replace(" ", "")
