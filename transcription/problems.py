# ruff: noqa: E501 - a text is one line, so that it can be found by its words
"""What can be wrong with a speech model or its device: English sentences with values, given in either language when shown."""

from __future__ import annotations

from avasanj.i18n import N_, stored_in_language

NO_MODEL = N_("There is no speech model in %(folder)s. Run `avasanj models fetch`, or set AVASANJ_SPEECH_MODEL.")
FILE_MISSING = N_(
    "The speech model in %(folder)s is not whole: %(file)s is missing. Fetch or convert the model again, or set AVASANJ_SPEECH_MODEL to another."
)
FILE_WRONG = N_(
    "The speech model in %(folder)s can't be used: %(file)s %(fault)s. Fetch or convert the model again, or set AVASANJ_SPEECH_MODEL to another."
)
TOO_LARGE = N_(
    "The speech model %(model)s needs about %(needed)s MB, and %(device)s has %(free)s MB free. Choose a smaller model in AVASANJ_SPEECH_MODEL, free memory, or let another take its place with AVASANJ_SPEECH_FALLBACK_MODEL or AVASANJ_SPEECH_FALLBACK_DEVICE."
)
NO_DRIVER = N_(
    "AVASANJ_SPEECH_DEVICE says %(device)s, but no graphics card can be used here (%(fault)s). Install NVIDIA's driver, set AVASANJ_SPEECH_DEVICE=cpu, or allow the processor in its place with AVASANJ_SPEECH_FALLBACK_DEVICE=cpu."
)
NO_SUCH_DEVICE = N_(
    "AVASANJ_SPEECH_DEVICE says %(device)s, but this machine has only %(count)s graphics card(s), counted from 0. Set AVASANJ_SPEECH_DEVICE to one that is there, or to cpu."
)
WRONG_TYPE = N_(
    "AVASANJ_SPEECH_COMPUTE_TYPE is %(type)s, which %(device)s can't compute. It can: %(types)s. Set one of them, or auto."
)
NOT_LOADED = N_(
    "The speech model %(model)s can't be loaded on %(device)s: %(fault)s. Run `avasanj doctor`, and check AVASANJ_SPEECH_MODEL, AVASANJ_SPEECH_COMPUTE_TYPE and AVASANJ_SPEECH_DEVICE."
)
NO_ROOM_FOR_ONE = N_(
    "The device of the speech model %(model)s has too little free memory even for a single window of speech. Free memory on it, choose a smaller model in AVASANJ_SPEECH_MODEL, or let another take its place with AVASANJ_SPEECH_FALLBACK_MODEL or AVASANJ_SPEECH_FALLBACK_DEVICE."
)

_ALL = (
    NO_MODEL, FILE_MISSING, FILE_WRONG, TOO_LARGE, NO_DRIVER, NO_SUCH_DEVICE, WRONG_TYPE, NOT_LOADED, NO_ROOM_FOR_ONE,
)  # fmt: skip


def in_language(stored: str | None, language: str) -> str:
    """A stored sentence in "fa" or "en"; one that is none of ours comes back as it is."""
    return stored_in_language(stored, _ALL, language)
