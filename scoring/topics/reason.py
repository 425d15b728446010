"""The turn in which the customer says why they call: mostly the first of substance after the greeting. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from scoring.dialogue import AGENT, CUSTOMER, MIXED, Turn
from scoring.phrases import Phrases, plain

#: So many of the customer's turns are looked at: nobody waits longer to say what it is about.
LOOKED_AT = 6
#: A call's reason is rarely said in fewer words; "yes, hello" is no reason.
LEAST_WORDS = 3
#: What each thing is worth; set by hand on the even rows of tests/scoring/topics/calls.yaml.
_CUE, _TOPIC, _LATER, _IDENTITY = 0.5, 0.5, 0.25, 0.5
_ENOUGH_WORDS = 12

CUES = Phrases(
    (
        "(calling|phoning|ringing) (about|because|to|for|regarding)",
        "(i|we) (would like|want|need|wanted|was wondering)",
        "(i am|we are) (trying|having|looking)",
        "(i|we) have (a|got) ... (problem|question|issue|complaint)",
        "(problem|question|issue|complaint|trouble) (with|about)",
        "(can|could) (you|i|we)",
        "how (much|do|can|long)",
        "(می خوام|می خواستم|می خوایم|می خواستیم)",
        "(زنگ|تماس) (زدم|گرفتم) (برای|بابت|که|راجع)",
        "(بابت|راجع به|در مورد|درباره|به خاطر|برای) ... (زنگ|تماس|مزاحم)",
        "(مشکل|سوال|شکایت|درخواست)~ ... (دارم|داشتم|داریم)",
        "(چطور|چجوری|چقدر|چند|کی|کجا)",
        "(لازم دارم|نیاز دارم|می شه)",
    )
)
#: Who one is, not why one calls.
_IDENTITY_ASKED = re.compile(
    r"(?<!\w)(?:your (?:name|number|postcode|address|date of birth)|account number|tracking number|reference"
    r"|کد ملی|(?:اسم|نام)(?:تون|تان|شریف\w*| شریف\w*| شما)?|شماره \w*|کد \w+)(?!\w)"
)
_GREETING = re.compile(
    r"(?<!\w)(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|thanks|thank you|yes|yeah|okay|ok"
    r"|سلام|خسته نباشی\w*|وقت بخیر|روز بخیر|صبح بخیر"
    r"|عصر بخیر|شب بخیر|احوال شما|ببخشید|بله|اره|خوب هستین|ممنون|مرسی)(?!\w)"
)


def reason_turn(turns: Sequence[Turn], about: AbstractSet[int], *, outbound: bool = False) -> Turn | None:
    """The likeliest turn; None where nobody says anything of substance.

    `about` are the places (in `turns`) where a topic's phrase was heard. In an outbound call the agent says why.
    """
    told_by = {CUSTOMER, MIXED, AGENT} if outbound else {CUSTOMER, MIXED}
    rank, best, best_worth = 0, None, 0.0
    for place, turn in enumerate(turns):
        if turn.party not in told_by or not turn.text.strip():
            continue
        worth = _worth(turn, turns[place - 1] if place else None) - _LATER * rank + (_TOPIC if place in about else 0.0)
        rank += 1
        if worth > best_worth:
            best, best_worth = turn, worth
        if rank == LOOKED_AT:
            break
    return best


def substance(text: str) -> list[str]:
    """The words of a turn without greetings and the like."""
    return _GREETING.sub(" ", plain(text)).split()


def _worth(turn: Turn, before: Turn | None) -> float:
    words = substance(turn.text)
    if len(words) < LEAST_WORDS:
        return 0.0
    worth = min(len(words), _ENOUGH_WORDS) / _ENOUGH_WORDS
    if any(not hit.negated for hit in CUES.find(turn.text)):
        worth += _CUE
    if sum(word.isdigit() for word in words) > len(words) / 2:
        worth -= _IDENTITY
    if before and before.party == AGENT and _IDENTITY_ASKED.search(plain(before.text)):
        worth -= _IDENTITY
    return worth
