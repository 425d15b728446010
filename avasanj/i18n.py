"""Texts for people, in two languages. Message ids are the English texts; the Persian ones lie in `locale/fa/*.po`, one file a room."""

from __future__ import annotations

import functools
import gettext
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("fa", "en")
RTL = frozenset({"fa"})
LOCALE_DIR = Path(__file__).parent / "locale"
#: U+2068 and U+2069 keep a value's direction from turning the sentence around it
ISOLATE, ISOLATE_END = "\u2068", "\u2069"
_PLACE = re.compile(r"%\\?\((\w+)\\?\)s")
_PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark a text for translation where it is written; it is translated where it is shown."""
    return message


def catalogue(language: str) -> Catalog:
    """All rooms' texts in `language`, as one catalogue. Raises ValueError where two rooms translate one id differently."""
    merged = Catalog(locale=language, charset="utf-8")
    for path in sorted((LOCALE_DIR / language).glob("*.po")):
        with path.open("rb") as file:
            room = read_po(file, locale=language)
        for message in room:
            if not message.id or not message.string:
                continue
            known = merged.get(message.id, message.context)
            if known is not None and known.string != message.string:
                raise ValueError(
                    f"{path.name} translates {message.id!r} as {message.string!r}, another room as {known.string!r}. Use one."
                )
            merged.add(message.id, message.string, context=message.context)
    return merged


@functools.cache
def translator(language: str) -> gettext.NullTranslations:
    """Gettext translations for "fa" or "en"; English is the ids themselves, and so is a text that nobody has translated."""
    if language == "en":
        return gettext.NullTranslations()
    file = io.BytesIO()
    write_mo(file, catalogue(language))
    file.seek(0)
    return gettext.GNUTranslations(file)


def digits(text: object, language: str) -> str:
    """`text` with its digits as `language` writes them. Not for numbers that people copy."""
    return str(text).translate(_PERSIAN_DIGITS) if language == "fa" else str(text)


def reason(stored: Mapping[str, Any] | None, language: str) -> str:
    """A stored reason `{"id": English text, "values": {...}}` in `language`; "" for None.

    Numbers and times take the language's digits; words that somebody said keep theirs.
    """
    if not stored:
        return ""
    values = {
        name: f"{ISOLATE}{_value(value_in(value, language), language)}{ISOLATE_END}"
        for name, value in stored.get("values", {}).items()
    }
    text = translator(language).gettext(str(stored["id"]))
    return text % values if values else text


def value_in(value: object, language: str) -> object:
    """A value as it stands within a text of `language`: a title `{"en": …, "fa": …}` in that language, a stored reason translated,
    several of them in a row; anything else as it is.
    """
    if isinstance(value, Mapping):
        return reason(value, language) if "id" in value else value.get(language) or next(iter(value.values()), "")
    if isinstance(value, list | tuple):
        return ("، " if language == "fa" else ", ").join(str(value_in(one, language)) for one in value)
    return value


def english(text: str, values: Mapping[str, object]) -> str:
    """A text with its values as an English sentence for logs, the command line and data: without marks of direction."""

    def plain(value: object) -> object:
        if isinstance(value, Mapping):
            return english(str(value["id"]), value.get("values", {})) if "id" in value else value_in(value, "en")
        return ", ".join(str(plain(one)) for one in value) if isinstance(value, list | tuple) else value

    return text % {name: plain(value) for name, value in values.items()} if values else text


def stored_in_language(stored: str | None, known: tuple[str, ...], language: str) -> str:
    """An English sentence that was stored with its values filled in, in `language`, its values kept.

    `known` are the message ids that it may come from; one that comes from none of them is given back as it is, unless it is
    itself an id.
    """
    if not stored or language == "en":
        return stored or ""
    for message, pattern in _patterns(known):
        if (match := pattern.fullmatch(stored)) is not None:
            values = {name: f"{ISOLATE}{value}{ISOLATE_END}" for name, value in match.groupdict().items()}
            return translator(language).gettext(message) % values
    return translator(language).gettext(stored)


@functools.cache
def _patterns(known: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((message, re.compile(_pattern(message), re.DOTALL)) for message in known)


def _pattern(message: str) -> str:
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>.+?)"

    return _PLACE.sub(group, re.escape(message))


def _value(value: object, language: str) -> str:
    plain = f"{value:g}" if isinstance(value, float) else str(value)
    return plain if any(character.isalpha() for character in plain) else digits(plain, language)
