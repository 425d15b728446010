"""What `avasanj replay --explain` says of each conclusion: English ids, translated like every other text."""

from __future__ import annotations

from avasanj.i18n import N_

STARTED = N_("A call began: %(channel)s called %(called)s in the context %(context)s.")
FOUND = N_("The call was found in mid-call by its channel %(channel)s: its beginning was missed.")
JOINED_QUEUE = N_("The caller entered the queue %(queue)s: they wait from here on.")
LEFT_QUEUE = N_("The caller left the queue %(queue)s.")
GAVE_UP_QUEUE = N_("The queue %(queue)s counts the caller as lost: they gave up, or the queue let them go.")
QUEUE_SAID = N_("The queue let the caller go with the word %(status)s.")
RINGS = N_("%(agent)s rings.")
RANG = N_("%(agent)s stopped ringing: %(status)s.")
PICKED_UP = N_("%(agent)s and the customer hear each other: the agent's time in the call begins.")
PARTED = N_("%(agent)s and the customer no longer hear each other: the agent's time in the call ends.")
HELD = N_("%(party)s put the other side on hold.")
RESUMED = N_("%(party)s took the other side off hold.")
TRANSFERRED_BLIND = N_("%(from)s sent the call to %(to)s without asking there first.")
TRANSFERRED_ATTENDED = N_("%(from)s handed the call to %(to)s after talking to them.")
TRANSFERRED_RINGING = N_("%(from)s handed the call to %(to)s, whose phone still rang.")
CONSULTED = N_(
    "%(agent)s called %(called)s while holding this customer: that belongs to this call and is not a transfer by itself."
)
MERGED = N_("The call %(other)s turned out to be a part of this one.")
IN_ROOM = N_("%(party)s is in the conference %(room)s: all who meet there are in one call.")
PARKED = N_("The caller was parked at %(space)s.")
FETCHED = N_("%(party)s fetched the parked caller.")
TAKEN_OVER = N_("%(party)s picked the call up that rang at %(agent)s.")
RECORDING = N_("The recording %(file)s began on %(channel)s.")
RECORDING_FOUND = N_("The PBX says that %(channel)s is recorded to %(file)s; when that began was missed.")
RECORDING_ENDED = N_("The recording on %(channel)s was stopped.")
MUTED = N_("The recording on %(channel)s was muted.")
UNMUTED = N_("The recording on %(channel)s went on.")
VOICEMAIL = N_("The caller left a message in the voicemail.")
ASKED_TO_HANG_UP = N_("%(party)s hung up: that side asked for it itself.")
AGENT_COMPLETE = N_("The queue says who ended the talk with %(agent)s: %(reason)s.")
UNSEEN_TALK = N_("%(agent)s answered here and stayed, but the events that tell of the talk were missed.")
CHANNEL_ENDED = N_("The channel %(channel)s is over.")
ENDED = N_("The call is over: no channel of it is left.")
CONNECTION_AWAY = N_("The connection to the PBX was away: events between %(from)s and here may be missing.")
CONTRADICTED = N_("What was seen does not fit together: an event that would explain it did not come.")
SILENCE = N_("Nothing was heard for more than an hour: events are missing, or the PBX's clock was set.")
GONE_UNSEEN = N_(
    "The PBX no longer lists %(channel)s: it ended while nobody listened, when it was last seen at the latest."
)
LISTED = N_("The PBX lists %(channel)s as going on.")
PBX_DIED = N_("The PBX had stopped or was killed meanwhile: it ended the call.")
PROVEN = N_("A record of the PBX's own (%(kind)s) says what was missed: %(what)s.")

# What follows from it all
INBOUND_CONTEXT = N_("Inbound: its first context, %(context)s, is one of AVASANJ_INBOUND_CONTEXTS.")
INBOUND_QUEUE = N_("Inbound: it went to a queue.")
INBOUND_CALLER = N_("Inbound: the caller %(caller)s is none of the center's own phones.")
OUTBOUND = N_("Outbound: %(caller)s, one of the center's own phones, called outside: %(called)s.")
INTERNAL = N_("Internal: one of the center's own phones called another: %(called)s.")
OUTCOME = {
    "answered": N_("Outcome: answered, since an agent and the customer heard each other."),
    "abandoned": N_("Outcome: abandoned, since the caller left before anybody answered."),
    "timeout": N_("Outcome: timed out, since nobody answered in time and the PBX gave up."),
    "no_agent": N_(
        "Outcome: no agent, since the queue took nobody in or had nobody left, or nobody was called at all."
    ),
    "busy": N_("Outcome: busy, since the phone that was called refused or was busy."),
    "failed": N_("Outcome: failed, since the number could not be reached or the PBX died first."),
    "voicemail": N_("Outcome: voicemail, since the caller left a message."),
}
OUTCOME_UNKNOWN = N_("Outcome: not known, since events were missed or the call still goes on.")
HUNG_UP = {
    "customer": N_("Hung up by the customer, whose side ended first at their own wish."),
    "agent": N_("Hung up by the agent, whose side ended first at their own wish."),
    "system": N_("Ended by the PBX: no person hung up first."),
}
HUNG_UP_UNKNOWN = N_("Nothing tells who hung up.")
QUEUE_ANSWERED = N_("Queue: %(queue)s, since one of its agents answered.")
QUEUE_LAST = N_("Queue: %(queue)s, the last in which the caller waited.")
QUEUE_REFUSED = N_("Queue: %(queue)s, to which the call went though nobody saw the caller wait there.")
WAITED = {
    (True, True): N_("Waited %(wait)s s: from entering the first queue until somebody answered."),
    (True, False): N_("Waited %(wait)s s: from entering the first queue until the waiting ended without an answer."),
    (False, True): N_("Waited %(wait)s s: from the call's start, since it entered no queue, until somebody answered."),
    (False, False): N_(
        "Waited %(wait)s s: from the call's start, since it entered no queue, until nobody rang any more."
    ),
}
WAITED_UNKNOWN = N_("How long the caller waited is not known.")
TALKED = N_("Talked %(talk)s s, on hold %(hold)s s in %(holds)s stretches.")
GAP = N_("Events may be missing from %(from)s s to %(to)s s of the call.")
GAP_OPEN = N_("Events may be missing from %(from)s s to %(to)s s of the call (? is an end that nothing tells).")
IS_PART = N_("The call %(part)s is a part of %(whole)s, which is told here.")
NO_SUCH_CALL = N_("There is no call %(call)s in %(file)s. `avasanj replay FILE` lists those that there are.")
