"""What one check found."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.StrEnum):
    """How it is. Only a fault makes the doctor's exit status 1."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


MARKS = {State.OK: "✓", State.WARNING: "!", State.FAULT: "✗"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the report. `mend` says what to do about a warning or a fault."""

    check: str
    state: State
    text: str
    mend: str | None = None


def well(check: str, text: str) -> Finding:
    return Finding(check=check, state=State.OK, text=text)


def warning(check: str, text: str, mend: str) -> Finding:
    return Finding(check=check, state=State.WARNING, text=text, mend=mend)


def fault(check: str, text: str, mend: str) -> Finding:
    return Finding(check=check, state=State.FAULT, text=text, mend=mend)
