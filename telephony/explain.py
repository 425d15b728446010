"""Why the ledger says of one call what it says: every conclusion as a sentence, with the event that led to it."""

from __future__ import annotations

import datetime
from pathlib import Path

from avasanj.errors import InputError
from avasanj.i18n import translator
from telephony import sentences
from telephony.channels import Numbering, peer
from telephony.history import CallHistory
from telephony.ledger import CallSnapshot
from telephony.parts import Note
from telephony.replay import Replay, as_json, placed
from telephony.tables import Direction, VisitOutcome

#: Values that name a channel: the phone or trunk is enough for a person.
_CHANNELS = frozenset({"channel", "party", "agent"})


def explain(source: Path, linked_id: str, *, numbering: Numbering, language: str = "en") -> list[str]:
    """Lines for a person, in the order of the events. Raises InputError where the source does not tell of that call."""
    told = Replay(numbering=numbering)
    histories = told.run(placed(source, told), watch=True)
    history = histories.get(linked_id)
    if history is None:
        raise InputError(_said(sentences.NO_SUCH_CALL, language, call=linked_id, file=str(source)))
    lines = []
    while history.merged_into is not None and history.merged_into in histories:
        lines.append(_said(sentences.IS_PART, language, part=history.linked_id, whole=history.merged_into))
        history = histories[history.merged_into]
    lines += [_line(note, history, language) for note in sorted(history.notes, key=lambda note: note.at)]
    call = told.calls.get(history.linked_id)
    return lines + ([] if call is None else ["", *_conclusions(call, history, numbering, language)])


def _line(note: Note, history: CallHistory, language: str) -> str:
    clock = datetime.datetime.fromtimestamp(note.at, datetime.UTC).strftime("%H:%M:%S.%f")[:-3]
    place = f"@{note.offset}"
    if note.position is not None:
        place = f"{note.position.segment}@{note.position.offset}+{note.position.message}"
    values = {key: peer(value) if key in _CHANNELS else value for key, value in note.values}
    sentence = _said(note.text, language, **values)
    return f"{clock}  {note.at - history.started_at:+9.3f} s  {note.event} {place}: {sentence}"


def _conclusions(call: CallSnapshot, history: CallHistory, numbering: Numbering, language: str) -> list[str]:
    told = as_json(call)
    outcome = sentences.OUTCOME.get(str(told["disposition"]), sentences.OUTCOME_UNKNOWN)
    hung_up = sentences.HUNG_UP.get(str(told["hung_up_by"]), sentences.HUNG_UP_UNKNOWN)
    lines = [_direction(call, history, numbering, language), _said(outcome, language), _said(hung_up, language)]
    if call.queue is not None:
        lines.append(_said(_queue(call), language, queue=call.queue))
    if call.wait_s is None:
        lines.append(_said(sentences.WAITED_UNKNOWN, language))
    else:
        waited = sentences.WAITED[bool(call.visits), call.answered_at is not None]
        lines.append(_said(waited, language, wait=_shown(call.wait_s)))
    if call.talk_s is not None:
        values = {"talk": _shown(call.talk_s), "hold": _shown(call.hold_s), "holds": str(told["holds"])}
        lines.append(_said(sentences.TALKED, language, **values))
    return lines + [_gap(gap["from_s"], gap["to_s"], language) for gap in told["gaps"]]


def _queue(call: CallSnapshot) -> str:
    if not call.visits:
        return sentences.QUEUE_REFUSED
    answered = any(visit.queue == call.queue and visit.outcome == VisitOutcome.ANSWERED for visit in call.visits)
    return sentences.QUEUE_ANSWERED if answered else sentences.QUEUE_LAST


def _gap(from_s: float | None, to_s: float | None, language: str) -> str:
    text = sentences.GAP_OPEN if from_s is None or to_s is None else sentences.GAP
    return _said(text, language, **{"from": _shown(from_s), "to": _shown(to_s)})


def _direction(call: CallSnapshot, history: CallHistory, numbering: Numbering, language: str) -> str:
    values = {"caller": call.caller_raw or "?", "called": call.called_raw or "?"}
    if call.direction is not Direction.INBOUND:
        text = sentences.OUTBOUND if call.direction is Direction.OUTBOUND else sentences.INTERNAL
        return _said(text, language, **values)
    context = history.first.context if history.first is not None else ""
    if numbering.is_inbound(context):
        return _said(sentences.INBOUND_CONTEXT, language, context=context)
    return _said(sentences.INBOUND_QUEUE if call.queue else sentences.INBOUND_CALLER, language, **values)


def _said(text: str, language: str, **values: str) -> str:
    return translator(language).gettext(text) % values


def _shown(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds:g}"
