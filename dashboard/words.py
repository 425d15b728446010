"""What the ledger says, in words that people use. Every text is a message id of the catalogue."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from avasanj.errors import InputError
from avasanj.i18n import N_, translator
from scoring import card_file
from telephony.tables import Call, CallState, Direction, Disposition, Source

UNSURE_FROM = 0.35

STATES = {
    CallState.RINGING: N_("ringing"),
    CallState.WAITING: N_("waiting"),
    CallState.TALKING: N_("talking"),
    CallState.ENDED: N_("ended"),
}
DIRECTIONS = {Direction.INBOUND: N_("incoming"), Direction.OUTBOUND: N_("outgoing"), Direction.INTERNAL: N_("internal")}
AGENT_STATES = {
    "free": N_("free"),
    "ringing": N_("ringing"),
    "talking": N_("talking"),
    "wrapping_up": N_("wrapping up"),
    "paused": N_("on pause"),
    "logged_out": N_("logged out"),
}
PARTIES = {"customer": N_("customer"), "agent": N_("agent"), "mixed": N_("both")}
#: measure of a party -> its name, what it means, digits after the point
MEASURES = {
    "talk_s": (N_("spoke"), N_("Their own talk time; holds and pauses left out."), 0),
    "talk_share": (N_("share"), N_("Of both parties' talk time."), 0),
    "words_per_minute": (N_("words a minute"), N_("Of their own talk time."), 0),
    "response_s": (
        N_("answered after, s"),
        N_("Seconds from the other's last sound to their first; the middle one of all."),
        1,
    ),
    "longest_response_s": (N_("longest answer, s"), N_("The longest of these, up to ten seconds."), 1),
    "talk_over_s": (
        N_("spoke into the other, s"),
        N_("Began while the other was speaking and went on; “mm-hm” doesn't count."),
        1,
    ),
    "level_dbfs": (
        N_("line level, dB"),
        N_("How loud the line was. It says nothing of the person, and no score uses it."),
        0,
    ),
}
LANGUAGES = {"fa": N_("Persian"), "en": N_("English")}
TRANSCRIPT_FORMS = {
    "text": N_("plain text"),
    "vtt": N_("subtitles, WebVTT"),
    "srt": N_("subtitles, SRT"),
    "csv": N_("table, CSV"),
    "json": N_("for programs, JSON"),
}
ROLES = {"agent": N_("agent"), "supervisor": N_("supervisor"), "administrator": N_("administrator")}
FOLLOW_UP_STATES = {"open": N_("open"), "done": N_("done"), "dropped": N_("not needed")}
PBX_STATES = {
    "connected": N_("connected"),
    "connecting": N_("connecting"),
    "refused": N_("log-in refused"),
    "unprivileged": N_("privileges missing"),
    "lost": N_("connection lost"),
    "paused": N_("left alone"),
    "stopped": N_("stopped"),
}
CONNECTION_STATES = {"active": N_("active"), "paused": N_("paused")}
QUEUES = {
    "intake": N_("taking calls in"),
    "speech": N_("listening"),
    "again": N_("listening again"),
    "scoring": N_("scoring"),
    "sync": N_("sending to other systems"),
}
STAGES = {
    "ledger": N_("writing it to the ledger"),
    "intake": N_("taking the call in"),
    "playback": N_("making the playback file"),
    "prepare_playback": N_("making the playback file"),
    "transcribe": N_("writing the transcript"),
    "transcribe_again": N_("making another transcript"),
    "score": N_("scoring"),
    "topics_again": N_("reading stored calls for their topics"),
    "place": N_("finding the customer"),
    "sync": N_("opening follow-ups"),
    "deliver": N_("sending to another system"),
}
METHODS = {
    "rule": N_("found by a rule"),
    "likeness": N_("found by likeness of meaning"),
    "ledger": N_("from the call's events"),
    "measure": N_("measured in the recording"),
    "model": N_("answered by a language model"),
    "condition": N_("from an earlier answer"),
    "person": N_("answered by a person"),
}
ANSWERS = {"yes": N_("yes"), "no": N_("no"), "unsure": N_("unsure"), "na": N_("does not apply")}
WORK = {
    "transcribing": N_("being transcribed…"),
    "scoring": N_("being scored…"),
    "stuck": N_("stuck"),
    "awaited": N_("waits for its recording"),
    "unheard": N_("the recording can't be used"),
    "unrecorded": N_("no recording"),
}
MOODS = {"calm": N_("calm"), "unsure": N_("unclear"), "dissatisfied": N_("dissatisfied")}

_WAITED = {
    Disposition.ABANDONED: N_("The customer waited %(wait)s and hung up"),
    Disposition.TIMED_OUT: N_("The customer waited %(wait)s and nobody answered"),
}
_OUTCOMES = {
    Disposition.ANSWERED: N_("Answered"),
    Disposition.ABANDONED: N_("The customer hung up before anybody answered"),
    Disposition.TIMED_OUT: N_("Nobody was there to answer"),
    Disposition.NO_AGENT: N_("Nobody was there to answer"),
    Disposition.BUSY: N_("The line was busy"),
    Disposition.FAILED: N_("The call did not get through"),
    Disposition.VOICEMAIL: N_("The customer spoke to voicemail"),
}


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A message id with its values; seconds are shown as a clock."""

    id: str
    seconds: dict[str, float | None]


def outcome(call: Call) -> Sentence:
    """How an ended call came out, as a sentence: "The customer waited 3:40 and hung up"."""
    if call.wait_s is not None and call.disposition in _WAITED:
        return Sentence(id=_WAITED[Disposition(call.disposition)], seconds={"wait": call.wait_s})
    known = _OUTCOMES.get(Disposition(call.disposition)) if call.disposition else None
    return Sentence(id=known or STATES[CallState(call.state)], seconds={})


def extension(interface: str) -> str:
    """What people call a line: 1001 for PJSIP/1001 and for Local/1001@from-queue/n."""
    return interface.partition("/")[2].partition("@")[0] or interface


def numberless(call: Call) -> bool:
    """Whether no number came with an imported call, which is not the same as one that the caller hides."""
    raw = call.called_raw if call.direction == Direction.OUTBOUND else call.caller_raw
    return call.source == Source.IMPORTED and call.customer_e164 is None and not raw


def listed(queues: list[str], language: str) -> str:
    """The names of queues in one line."""
    translate = translator(language).gettext
    return ("، " if language == "fa" else ", ").join(translate(QUEUES.get(queue, queue)) for queue in queues)


def mood(dissatisfied: float | None, above: float) -> str | None:
    """Key of MOODS for a probability; `above` is the center's limit from which a call counts as dissatisfied."""
    if dissatisfied is None:
        return None
    return "dissatisfied" if dissatisfied >= above else "unsure" if dissatisfied >= min(UNSURE_FROM, above) else "calm"


@functools.cache
def scorecard(key: str, language: str) -> str:
    """A scorecard's title; one that this version does not ship is shown by its key."""
    try:
        return card_file.shipped(key).title[language]
    except (InputError, OSError):
        return key


def bars(curve: list[Any], most: int = 12) -> list[int]:
    """The mood curve as at most `most` heights from 1 (calm) to 5 (very unhappy), in the order of the customer's turns."""
    negatives = [float(point["negative"]) for point in curve]
    if not negatives:
        return []
    count = min(most, len(negatives))
    heights = []
    for index in range(count):
        part = negatives[
            index * len(negatives) // count : max(
                (index + 1) * len(negatives) // count, index * len(negatives) // count + 1
            )
        ]
        heights.append(1 + min(4, int(max(part) * 5)))
    return heights
