"""Promises that an agent makes: what, who will do it, and by when. Pure; Persian and English."""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from scoring.dialogue import AGENT, Turn, evidence
from scoring.due import due_at
from scoring.phrase_patterns import ARABIC
from scoring.phrases import Hit, Phrases, Prepared, prepare

_PHRASES = Path(__file__).parent / "data" / "promise_phrases.yaml"
#: A promise without any phrase takes as many words.
LEAST_WORDS = 3
#: A sentence with its sign; a question is no promise.
_SENTENCE = re.compile(r"[^.!?؟\n]+[.!?؟]*")
#: "…, all right?" asks for leave and not whether.
_TAG = re.compile(r"[,،]?\s*(?:all right|okay|ok|is that okay|خوبه|باشه)\s*[?؟]$", re.IGNORECASE)
#: What makes of a promise a condition, an offer, a guess, or tells of what is usual. Sought from the sentence's start to the promise.
_UNLESS = re.compile(
    r"\b(?:unless|in case|should (?:it|you|that|this|they)|(?:once|after|when|until|if) you\b|would you|do you want"
    r"|(?:might|may|could|would) |maybe|perhaps|normally|usually|typically|hopefully|doubt|not think|not sure"
    r"|not promise|said|told|promised|was going|were going|nobody|no one|only)"
    r"|(?<!\w)(?:اگه|اگر|چنانچه|در ?صورت(?:ی)?|ان ?شا ?(?:ا|ء)?لله|انشالله|به ?شرطی|شاید|ممکنه|احتمالا|معمولا|قبلش"
    r"|قرار بود|گفت\w*|بعید|فکر نکنم"
    r"|مایل\w*|می ?خوا[یه]\w*|می ?تون\w*|هیچ ?کس|کسی|باید"
    r"|وقتی (?:\w+ ){1,6}?\w+(?:ین|ید)(?!\w)|بعد از (?:\w+ ){0,3}شما|تا وقتی|قول نمی ?\w+|فقط)(?!\w)"
)
#: "if" is a condition, but not in "find out if", and not when it asks for leave.
_IF = re.compile(
    r"(?<!see )(?<!ask )(?<!check )(?<!out )(?<!know )(?<!wonder )\bif\b(?! that is (?:ok|okay|all right|fine))"
)
_BETWEEN = re.compile(r"\b(?:nobody|no one|why|unless|whether|if|would|could|might)\b")
_AFTERWARDS = re.compile(r"(?<!\w)(?:once you|اگه|اگر|در صورتی که|در صورت)(?!\w)")
#: Calls to *us*, and what machines do by themselves.
_NOT_OURS = re.compile(
    r"(?<!\w)(?:با ما|به ما|برای ما|برامون|(?:برنامه|سیستم|دستگاه|اپ) (?:خودش|بعد)|the (?:app|system|machine|website))(?!\w)"
)
_OTHERS = re.compile(
    r"\b(?:he|she|they|someone|somebody|colleague|team|manager|supervisor|technician|engineers?|people|branch|department|plumber|courier"
    r"|driver|fitter|electrician)\b|(?<!\w)(?:همکار\w*|کارشناس\w*|تکنسین\w*|مدیر\w*"
    r"|سرپرست\w*|نصاب\w*|تعمیر ?کار\w*|سرویس ?کار\w*|پیک\w*|واحد)(?!\w)"
)
#: How speech says "going to" and "will call"; fillers that stand between the words of a promise.
_GOING_TO = re.compile(r"(?:[’']| )(?:m|re|s|am|are|is) (?:going to|gonna)\b", re.IGNORECASE)
_DOING = re.compile(
    r"\b(i|we)(?: am| are|[’'](?:m|re)) (send|email|text|post|refund|dispatch|shipp|escalat)ing\b", re.IGNORECASE
)
_FILLERS = re.compile(r"\b(?:just|also|actually|definitely|certainly|personally|probably) ", re.IGNORECASE)
_WILL_BE_DOING = re.compile(
    r"(\bwill|[’']ll) be (call|ring|phon|contact|email|text|send|post|refund|deliver|com|visit|arrang|ship|fix|speak|talk|giv|pass"
    r"|let)ing\b",
    re.IGNORECASE,
)
_WITH_E = frozenset({"phon", "com", "arrang", "giv", "escalat"})
#: Words that begin anew: what was said before them neither conditions nor doubts what is promised after them.
_ANEW = re.compile(
    r"\b(?:but|anyway|what (?:i|we) will do is|so (?=(?:i|we) (?:will|am going|are going)))|(?<!\w)(?:ولی|اما|پس|بنابراین|حالا من)(?!\w)"
)
#: "This is … calling from …": whoever rings says so in the form that promises («از شرکت … تماس می‌گیرم»). A time makes a promise of it.
_FROM_HERE = re.compile(r"(?<!بعد )(?<!قبل )(?<!پس )(?<!\w)از (?!همین|این)(?:(?!می )\w+ ){1,8}$")
_CALLING = re.compile(r"(?:تماس\w*|زنگ\w*) (?:\w+ )*?می ?(?:گیرم|گیریم|زنم|زنیم)$")
_SOON = re.compile(
    r"(?<!\w)(?:فردا\w*|پسفردا|امروز|امشب|شب|صبح|ظهر|عصر|بعدازظهر|ساعت|دقیقه|روز|هفته|دیگه|دوباره|مجدد\w*|بعدا|شنبه|\w+شنبه)(?!\w)"
)
#: What becomes right by itself once the customer has done something.
_BIDDING = re.compile(r"(?<!\w)\w*(?<!نباش)(?:کنید|کنین|بزنید|بزنین|بدید|بدین|بگیرید|بگیرین|بشید|بشین)(?!\w)")
_BY_ITSELF = re.compile(r"می ?(?:شه|شود)$")
#: What the agent does in the call itself: hold, put through, look up, take down. Nearly every call has it, and it looks like a promise.
_AT_ONCE = re.compile(
    r"\b(?:(?:put|putting|transfer|transferring|connect|connecting) you|hold (?:on|the line)|on hold|bear with me"
    r"|(?:one|a) (?:moment|second)|(?:will|am|let me) (?:(?:check|checking|look|looking) (?:that|it|this|up|at)"
    r"|(?:confirm|confirming|take|taking|check|checking|note|pull up|bring up) (?:your|some|down)|ask you))\b"
    r"|(?<!\w)(?:گوشی (?:دست|خدمت|رو|را|لطفا)\w*|پشت خط (?:باش|بمون|بمان|منتظر|نگه)\w*|وصل ?(?:تون|تان)"
    r"|(?:چند|یه|یک) (?:لحظه|ثانیه)|لحظه ?ای)(?!\w)"
    r"|(?<!\w)الان (?:\w+ ){0,3}?(?:چک|بررسی|نگاه|استعلام)(?!\w)"
)
_MYSELF = re.compile(r"^(?:i|it is) |(?<!\w)(?:می|خواه) ?\w*م$")


class Kind(enum.StrEnum):
    """What is promised."""

    CALL_BACK = "call_back"
    TELL = "tell"  #: to find out and tell
    MESSAGE = "message"  #: a text, an e-mail, a letter, a document
    REFUND = "refund"
    VISIT = "visit"  #: somebody comes
    PASS_ON = "pass_on"  #: to take it up with somebody in the center # noqa: S105
    FIX = "fix"
    DELIVER = "deliver"  #: goods


#: What the customer is to hear: whether they did can be seen in the ledger.
CONTACT = frozenset({Kind.CALL_BACK, Kind.TELL})


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One promise. `due_at` in UTC, None when no time was named; `by` is agent (I), center (we, or nobody named) or colleague."""

    turn: Turn
    due_at: datetime.datetime | None
    kind: Kind = Kind.CALL_BACK
    by: str = "agent"
    words: str = ""  #: the sentence in search form
    meant: bool = False  #: heard by its meaning alone: about one in ten is none

    def stored(self) -> dict[str, Any]:
        due, more = self.due_at.isoformat() if self.due_at else None, {"meant": True} if self.meant else {}
        return evidence(self.turn, due_at=due, kind=self.kind.value, by=self.by, **more)


def promises(turns: Sequence[Turn], started_at: datetime.datetime, timezone: str) -> list[Promise]:
    """The agent's promises that the customer will hear from the center, in order: what follow-ups are opened for."""
    return [one for one in all_promises(turns, started_at, timezone) if one.kind in CONTACT]


def all_promises(
    turns: Sequence[Turn],
    started_at: datetime.datetime,
    timezone: str,
    meant: Mapping[str, Kind] = MappingProxyType({}),
) -> list[Promise]:
    """Everything that the agent promises, in order; what is repeated is told once, with its time.

    `started_at` (aware) is the playback's second 0: "by four" and «تا فردا ظهر» are read from there, in the center's `timezone`.
    `meant` says of texts in which no phrase was heard what they promise by their meaning.
    """
    found: list[Promise] = []
    for turn in turns:
        if turn.party != AGENT:
            continue
        said_at = started_at + datetime.timedelta(seconds=turn.end_s)
        told = read(turn.text)
        for kind, by, words in told or _meant(turn.text, meant):
            due = due_at(words, said_at, timezone) or due_at(turn.text, said_at, timezone)
            _add(found, Promise(turn=turn, due_at=due, kind=kind, by=by, words=words, meant=not told))
    return found


def untold(turns: Sequence[Turn]) -> list[str]:
    """What the agent says that may be a promise and in which no phrase was heard: questions and a word or two are none.

    Nor is what a phrase denies, conditions, doubts or reports, or what is done at once: vectors hardly tell these from promises.
    """
    return [
        turn.text
        for turn in turns
        if turn.party == AGENT
        and len(turn.text.split()) >= LEAST_WORDS
        and not _TAG.sub("", turn.text.strip()).endswith(("?", "؟"))
        and not read(turn.text)
        and not _is_none(turn.text)
    ]


def _is_none(text: str) -> bool:
    """Of a text in which no promise was heard: whether words in it say that there is none."""
    text = _as_written(text)
    words = prepare(text).text
    against = (_UNLESS, _IF, _AFTERWARDS, _NOT_OURS, _AT_ONCE)
    return any(one.search(words) for one in against) or any(phrases.find(text) for phrases in by_kind().values())


def _meant(text: str, meant: Mapping[str, Kind]) -> list[tuple[Kind, str, str]]:
    words = prepare(text).text
    return [(meant[text], _by(words, words), words)] if text in meant else []


def read(text: str) -> list[tuple[Kind, str, str]]:
    """What a turn promises: kind, who will do it, and the sentence in search form."""
    found = []
    text = _as_written(text)
    if not any(phrases.find(text) for phrases in by_kind().values()):
        return []
    for match in _SENTENCE.finditer(text):
        sentence = _TAG.sub("", match[0].strip())
        if sentence.endswith(("?", "؟")):
            continue
        prepared = prepare(sentence)
        hits = [
            (kind, hit)
            for kind, phrases in by_kind().items()
            for hit in phrases.find(sentence)
            if _said(hit) and _stands(prepared, hit)
        ]
        found += [(kind, _by(hit.words, prepared.text), prepared.text) for kind, hit in _each_once(hits)]
    return found


@lru_cache(maxsize=1)
def by_kind() -> dict[Kind, Phrases]:
    read = yaml.safe_load(_PHRASES.read_text(encoding="utf-8"))
    return {Kind(kind): Phrases(patterns) for kind, patterns in read.items()}


def _as_written(text: str) -> str:
    """Speech as the phrases are written: "we're just gonna", "I'll be calling"."""
    text = _GOING_TO.sub(" will", _FILLERS.sub("", text))
    text = _DOING.sub(lambda m: f"{m[1]} will {_verb(m[2])}", text)
    return _WILL_BE_DOING.sub(lambda m: f"{m[1]} {_verb(m[2])}", text)


def _verb(stem: str) -> str:
    """Of a verb without -ing."""
    return "ship" if stem.lower() == "shipp" else f"{stem}e" if stem.lower() in _WITH_E else stem


def _said(hit: Hit) -> bool:
    """Persian phrases hold their verb, which denies itself; what comes after is another clause («زنگ می‌زنیم نگران نباشین»)."""
    return bool(ARABIC.search(hit.words)) or not hit.negated


def _stands(prepared: Prepared, hit: Hit) -> bool:
    """Whether nothing takes the promise back: a condition, an offer, a guess, somebody else's doing."""
    before, after = prepared.text[: hit.start], prepared.text[hit.end :]
    whole, before = before, _ANEW.split(before)[-1]
    if _UNLESS.search(before) or _IF.search(before) or _IF.search(after) or _AFTERWARDS.search(after):
        return False
    if _BETWEEN.search(hit.words):
        return False
    if ARABIC.search(hit.words) and (
        _UNLESS.search(hit.words) or _introduces(whole, hit.words) or _follows_by_itself(before, hit.words)
    ):
        return False
    return not _NOT_OURS.search(prepared.text)


def _introduces(before: str, words: str) -> bool:
    """Whether the agent only says where they call from."""
    return bool(_CALLING.search(words) and _FROM_HERE.search(before) and not _SOON.search(before + words))


def _follows_by_itself(before: str, words: str) -> bool:
    return bool(_BY_ITSELF.search(words) and _BIDDING.search(before))


def _each_once(hits: Sequence[tuple[Kind, Hit]]) -> list[tuple[Kind, Hit]]:
    """One hit a kind; of two that end in the same word the longer; to see to something in order to tell is one promise."""
    kept: list[tuple[Kind, Hit]] = []
    for kind, hit in sorted(hits, key=lambda one: (-(one[1].end - one[1].start), one[1].start)):
        taken = any(kind == other or _same_end(hit, there) for other, there in kept)
        if not taken:
            kept.append((kind, hit))
    kinds = {kind for kind, _ in kept}
    if kinds & CONTACT:
        kept = [one for one in kept if one[0] != Kind.PASS_ON]
    if kinds >= CONTACT:
        kept = [one for one in kept if one[0] != Kind.TELL]
    return sorted(kept, key=lambda one: one[1].start)


def _same_end(one: Hit, other: Hit) -> bool:
    last = max(one.start, one.end - len(one.words.split()[-1]))
    others = max(other.start, other.end - len(other.words.split()[-1]))
    return last < other.end and others < one.end


def _by(words: str, sentence: str) -> str:
    if _OTHERS.search(words) or (ARABIC.search(words) and _OTHERS.search(sentence) and not _MYSELF.search(words)):
        return "colleague"
    return "agent" if _MYSELF.search(words) else "center"


def _add(found: list[Promise], new: Promise) -> None:
    """Take a promise up, unless it says again what was said; one that adds the time takes the first one's place."""
    for place in range(len(found) - 1, -1, -1):
        known = found[place]
        if not _alike(known, new):
            continue
        if known.meant and not new.meant:  # the words that say it tell more
            found[place] = replace(new, due_at=new.due_at or known.due_at)
            return
        if new.due_at is None or known.due_at == new.due_at:
            return
        if known.due_at is None:
            found.pop(place)
        break
    found.append(new)


def _alike(known: Promise, new: Promise) -> bool:
    if known.kind in CONTACT and new.kind in CONTACT:
        return True
    if known.kind != new.kind:
        return False
    one, other = set(known.words.split()), set(new.words.split())
    return len(one & other) >= 0.5 * min(len(one), len(other))
