"""Muting a running recording for somebody who may see its call, written down."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from avasanj import login
from avasanj.errors import InputError, LastingError
from dashboard.access import Person
from telephony import pausing
from telephony.tables import RecordingRequest


def ask_to_mute(session: Session, who: Person, call_id: uuid.UUID, *, mute: bool) -> RecordingRequest:
    """Ask for it in the person's name. Raises InputError, in words, where there is no running recording to be muted."""
    try:
        request = pausing.ask(session, call_id, mute=mute, by=who.id)
    except LastingError as fault:
        raise InputError(fault.text, **fault.values) from None
    login.audit(session, who.id, "recording.muted" if mute else "recording.resumed", call_id, request=request.id)
    return request
