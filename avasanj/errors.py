"""Errors that say what failed, with which value, and what to do; their class says whether to try again."""

from __future__ import annotations

from typing import Any

from avasanj.i18n import english


class AvasanjError(Exception):
    """Base of the product's own errors. `retry` tells the pipeline whether trying again can help.

    `text` is a message id of the catalogue with %(name)s for each of `values`, so that a page can say it in the reader's
    language; as a string the error is the English sentence. A value may be a title in both languages or a stored reason, which
    the page says in the reader's language too (`avasanj.i18n.value_in`).
    """

    retry = False

    def __init__(self, text: str = "", **values: object) -> None:
        super().__init__(english(text, values))
        self.text, self.values = text, values

    @property
    def stored(self) -> dict[str, Any]:
        """The error as a reason to keep, or to name within another text."""
        kept = (str, int, float, dict, list)
        return {"id": self.text, "values": {k: v if isinstance(v, kept) else str(v) for k, v in self.values.items()}}


class PassingError(AvasanjError):
    """A fault of the moment (a file not yet there, a service away): trying again later can help."""

    retry = True


class LastingError(AvasanjError):
    """A fault that stays until a person mends something: trying again by itself cannot help."""


class SettingsError(LastingError):
    """A setting is missing or wrong; the text names it and an example that works."""


class InputError(LastingError):
    """What was handed in (a file, a row, a form) can't be used; the text names the place."""


class AccessError(LastingError):
    """The person or program is not allowed to do this."""
