"""Words of the page Topics and of a call's promises. Every text is a message id of the catalogue."""

from __future__ import annotations

from avasanj.i18n import N_

KINDS = {
    "call_back": N_("to call back"),
    "tell": N_("to find out and tell"),
    "message": N_("to send a message or document"),
    "refund": N_("to give money back"),
    "visit": N_("to send somebody"),
    "pass_on": N_("to take it up with somebody"),
    "fix": N_("to put it right"),
    "deliver": N_("to deliver"),
}
STATES = {
    "open": N_("open"),
    "kept": N_("kept"),
    "late": N_("kept late"),
    "broken": N_("not kept"),
    "unknown": N_("not known"),
}
BY = {"agent": N_("the agent"), "center": N_("the center"), "colleague": N_("a colleague")}
ROLES = {
    "reason": N_("Why they called"),
    "done": N_("What was done"),
    "outcome": N_("How it ended"),
    "promise": N_("What was promised"),
}
METHODS = {
    "rule": N_("found by a phrase"),
    "likeness": N_("found by likeness of meaning"),
    "group": N_("in a group of calls that was named"),
}
WHY = {
    "shipped": N_("the shipped one"),
    "imported": N_("imported"),
    "named": N_("a topic was named"),
    "joined": N_("calls joined to a topic"),
    "restored": N_("an earlier one again"),
}
