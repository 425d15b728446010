"""A call in two to four of its own sentences: why the customer called, what was done, how it ended, what was promised. Pure.

Extractive: every sentence stands in the transcript and can be played. What is chosen follows from its place in the call, from phrases, and
from how near it is to the middle of what the customer said; a vector is used where there is one already, and none is made for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from scoring.dialogue import AGENT, CUSTOMER, MIXED, Turn, evidence
from scoring.phrases import Phrases, plain
from scoring.promises import Promise
from scoring.topics.reason import substance

_FILE = Path(__file__).parents[1] / "data" / "summary_phrases.yaml"
Known = Callable[[str], NDArray[np.float32] | None]

REASON, DONE, OUTCOME, PROMISE = "reason", "done", "outcome", "promise"
EXTRACT, MODEL = "extract", "model"
#: A call of fewer turns with words is its own summary.
LEAST_TURNS = 3
MOST_WORDS = 40
_CENTRAL = 6.0  #: .05 nearer to the middle is worth .3, a third of a phrase
_SENTENCE = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St)\.|[^.!?؟\n])+[.!?؟]*")
_GOODBYE = re.compile(
    r"(?<!\w)(?:bye|goodbye|see you|خدا ?حافظ\w*|خدانگهدار|روز خوش|شب خوش|انیتسینگ الس|anything else|امر دیگه\w*)(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One sentence of a summary. `text` stands in `turn`, unless `method` says that a language model put it into words."""

    role: str
    text: str
    turn: Turn
    method: str = EXTRACT

    def stored(self) -> dict[str, Any]:
        return evidence(self.turn) | {"role": self.role, "text": self.text, "method": self.method}


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    turn: Turn
    text: str
    place: float  #: of the turn in the call, 0 to 1


def extract(turns: Sequence[Turn], reason: Turn | None, promises: Sequence[Promise], known: Known) -> list[Sentence]:
    """Two to four sentences in the order of the call; none for a call of a few words."""
    spoken = [turn for turn in turns if turn.text.strip()]
    if len(spoken) < LEAST_TURNS:
        return []
    middle = _middle(spoken, known)
    candidates = [
        _Candidate(turn=turn, text=text, place=n / (len(spoken) - 1))
        for n, turn in enumerate(spoken)
        for text in split(turn.text)
    ]
    found: list[Sentence] = []
    if reason is not None:
        found.append(Sentence(role=REASON, text=_reason(reason), turn=reason))
    if promises:
        last = promises[-1]
        found.append(Sentence(role=PROMISE, text=_promised(last), turn=last.turn))
    told = {one.turn.position for one in found}
    for role, worth in ((DONE, _done), (OUTCOME, _outcome)):
        left = [one for one in candidates if one.turn.position not in told]
        best = max(left, key=lambda one: worth(one, known, middle), default=None)
        if best is not None and worth(best, known, middle) >= 1:
            found.append(Sentence(role=role, text=best.text, turn=best.turn))
            told.add(best.turn.position)
    return sorted(found, key=lambda one: one.turn.position)


def split(text: str) -> list[str]:
    """Sentences of three words or more; very long ones, which a recogniser left without a stop, are cut."""
    parts = (" ".join(part.split()) for part in _SENTENCE.findall(text))
    return [cut(part) for part in parts if len(part.split()) >= 3]


def cut(text: str) -> str:
    words = text.split()
    return text if len(words) <= MOST_WORDS else " ".join(words[:MOST_WORDS]) + " …"


def _reason(turn: Turn) -> str:
    """The turn without greeting, two sentences at most."""
    parts = [part for part in split(turn.text) if len(substance(part)) >= 3] or split(turn.text)
    return cut(" ".join(parts[:2])) if parts else cut(turn.text.strip())


def _promised(promise: Promise) -> str:
    words = set(promise.words.split())
    return max(
        split(promise.turn.text) or [cut(promise.turn.text)], key=lambda one: len(words & set(plain(one).split()))
    )


@cache
def _phrases(name: str) -> Phrases:
    return Phrases(yaml.safe_load(_FILE.read_text(encoding="utf-8"))[name])


def _done(one: _Candidate, known: Known, middle: NDArray[np.float32] | None) -> float:
    """What the agent did or found: a phrase of doing, in the call's second and third quarter."""
    if (
        one.turn.party not in {AGENT, MIXED}
        or one.text.endswith(("?", "؟"))
        or one.place < 0.1
        or _GOODBYE.search(one.text)
    ):
        return 0.0
    phrase = 1.0 if _phrases("done").find(one.text) else 0.0
    late = 0.2 if 0.25 <= one.place <= 0.9 else 0.0
    return phrase + late + _centrality(one, known, middle) + min(len(one.text.split()), 12) / 60


def _outcome(one: _Candidate, known: Known, middle: NDArray[np.float32] | None) -> float:
    """How the customer left: a phrase of it in the call's last third."""
    if (
        one.turn.party not in {CUSTOMER, MIXED}
        or one.place < 0.6
        or _GOODBYE.search(one.text)
        or one.text.endswith(("?", "؟"))
    ):
        return 0.0
    phrase = 1.0 if _phrases("ended").find(one.text) else 0.6 if len(substance(one.text)) >= 4 else 0.0
    return phrase + 0.4 * one.place + _centrality(one, known, middle) / 2


def _middle(turns: Sequence[Turn], known: Known) -> NDArray[np.float32] | None:
    """Mean of the vectors of what the customer said, of unit length."""
    vectors = [vector for turn in turns if turn.party != AGENT and (vector := known(turn.text)) is not None]
    if not vectors:
        return None
    mean = np.mean(vectors, axis=0)
    return np.asarray(mean / (np.linalg.norm(mean) or 1.0), np.float32)


def _centrality(one: _Candidate, known: Known, middle: NDArray[np.float32] | None) -> float:
    vector = known(one.turn.text)
    return 0.0 if vector is None or middle is None else _CENTRAL * max(0.0, float(vector @ middle) - 0.85) / 2
