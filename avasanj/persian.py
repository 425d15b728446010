"""Persian (and English) text in the one form in which it is compared and searched."""

from __future__ import annotations

import re
import unicodedata

ZWNJ = "\u200c"
_LETTERS = str.maketrans(
    {
        "ي": "ی",
        "ى": "ی",
        "ې": "ی",
        "ك": "ک",
        "ڪ": "ک",
        "ة": "ه",
        "ۀ": "ه",
        "ە": "ه",
        "ہ": "ه",
        "ھ": "ه",
        "أ": "ا",
        "إ": "ا",
        "ٱ": "ا",
        "ؤ": "و",
        "ئ": "ی",
        "ـ": None,
        "\u0670": None,
    }
)
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_DIACRITICS = re.compile("[\u064b-\u065f\u0670]")
#: marks of direction, joiners and hyphens that nobody sees
_INVISIBLE = re.compile("[\u00ad\u200b\u200d-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_WORDS = re.compile(r"\w+")
_SPACES = re.compile(r"\s+")


def ascii_digits(text: str) -> str:
    """Persian and Arabic digits as 0–9; everything else untouched."""
    return text.translate(_DIGITS)


def letters(text: str) -> str:
    """One spelling per letter, no diacritics and nothing invisible but ZWNJ, ASCII digits, casefolded."""
    text = unicodedata.normalize("NFKC", text).translate(_LETTERS)
    return ascii_digits(_INVISIBLE.sub("", _DIACRITICS.sub("", text))).casefold()


def normalise(text: str) -> str:
    """The form for matching and search, not for display.

    One spelling per letter, no diacritics, ZWNJ as a space, ASCII digits, casefolded.
    """
    return _SPACES.sub(" ", letters(text).replace(ZWNJ, " ")).strip()


def name_key(name: str) -> str:
    """A name for comparison: as `normalise`, with آ as ا and without any space."""
    return normalise(name).replace("آ", "ا").replace(" ", "")


def searchable(text: str) -> str:
    """The words of a text in the form for search, a space between two; punctuation is left out."""
    return " ".join(_WORDS.findall(normalise(text)))
