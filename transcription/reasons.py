"""Why a stretch of speech has no text: English sentences as they are kept, given in either language when shown."""

from __future__ import annotations

from avasanj.i18n import N_, stored_in_language
from telephony.tables import Party

REPEATS_ITSELF = N_("the text repeats itself (compression ratio %(ratio)s)")
REPEATS = N_("the text repeats “%(phrase)s”")
TOO_FAST = N_("the text is faster than anyone speaks (%(pace)s characters a second)")
#: Each is one line of `Playback.warning`, for a recording that ends before its own end.
CUT_OFF = {
    Party.CUSTOMER: N_("The customer's recording breaks off before its end."),
    Party.AGENT: N_("The agent's recording breaks off before its end."),
    Party.MIXED: N_("The recording breaks off before its end."),
}
_ALL = (REPEATS_ITSELF, REPEATS, TOO_FAST)


def in_language(stored: str, language: str) -> str:
    """A stored reason in "fa" or "en"; one that is none of ours comes back as it is."""
    return stored_in_language(stored, _ALL, language)
