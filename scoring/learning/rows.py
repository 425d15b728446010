"""Talks as numbers: what the heads see of each judged turn, what the shipped heads say of it, and what people say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring import ngrams
from scoring.blend import Said
from scoring.dialogue import answered
from scoring.heads import ATTITUDES, Floats, Heads, opinions
from scoring.learning.talks import SATISFIED_FROM, Mark, Talk
from scoring.mood import Encodes, said

Integers = NDArray[np.int64]
#: What can be learnt of a turn, and how many classes each has.
TARGETS = {"attitude": len(ATTITUDES), "dissatisfied": 2, "anger": 2}
UNKNOWN = -1
FOLDS = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Rows:
    """n turns of several talks, in order."""

    said: Said
    counted: Sequence[ngrams.Counted]  #: pieces of each turn, for the vocabulary
    shipped: dict[str, Floats]  #: (n, classes) by target
    others: Floats
    truth: dict[str, Integers]  #: (n,) by target, UNKNOWN where nobody said
    talk_of: Integers  #: (n,) the talk's index
    languages: NDArray[np.str_]
    queues: NDArray[np.str_]
    folds: Integers  #: 0 to FOLDS - 1, the same within a group

    def __len__(self) -> int:
        return len(self.talk_of)

    def taken(self, keep: NDArray[np.bool_]) -> Said:
        """Those turns of them."""
        at = np.flatnonzero(keep).tolist()
        return Said(
            features=self.said.features[at],
            texts=[self.said.texts[n] for n in at],
            agents=[self.said.agents[n] for n in at],
        )


class Encoded:
    """Vectors of many texts, made once: encodes without a model what `rows_of` asks for; with `whole`, every turn of the talks."""

    def __init__(self, talks: Sequence[Talk], encoder: Encodes, *, whole: bool = False) -> None:
        each = (text for talk in talks for text in ([turn.text for turn in talk.turns] if whole else _looked_at(talk)))
        texts = sorted({text for text in each if text.strip()})
        self._vectors = encoder.encode(texts) if texts else np.zeros((0, 384), np.float32)
        self._places = {text: n for n, text in enumerate(texts)}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, width); each must be a judged turn of the talks or what was said just before one, or with `whole` any turn."""
        return self._vectors[[self._places[text] for text in texts]]


def _looked_at(talk: Talk) -> Iterator[str]:
    answers = answered(talk.turns)
    for n in talk.chosen:
        yield talk.turns[n].text
        if (at := answers[n]) is not None:
            yield talk.turns[at].text


def rows_of(talks: Sequence[Talk], encoder: Encodes, heads: Heads, seed: int = 0) -> Rows:
    """Every turn that is judged. `seed` puts groups into other folds."""
    marks = [(talk.marks.get(n, Mark()), at) for at, talk in enumerate(talks) for n in talk.chosen]
    features = np.empty(
        (len(marks), heads.attitude.weights.shape[1])
    )  # filled talk by talk: they are most of the memory
    texts: list[str] = []
    agents: list[str] = []
    for talk in talks:
        if talk.chosen:
            part = said(talk.turns, talk.chosen, answered(talk.turns), encoder, heads)
            features[len(texts) : len(texts) + len(part.texts)] = part.features
            texts += part.texts
            agents += part.agents
    same: dict[str, str] = {}
    talk_of = np.array([at for _, at in marks], np.int64)
    languages = np.array([talk.language for talk in talks])[talk_of]
    shipped = {name: np.zeros((len(marks), classes)) for name, classes in TARGETS.items()}
    for language in np.unique(languages):
        mine = languages == language
        for name, logits in heads.shipped_logits(features[mine], str(language)).items():
            shipped[name][mine] = logits
    return Rows(
        said=Said(features=features, texts=texts, agents=agents),
        counted=[ngrams.kept(ngrams.counts(text, agent), same) for text, agent in zip(texts, agents, strict=True)],
        shipped=shipped, others=opinions(shipped), truth=_truth([mark for mark, _ in marks]), talk_of=talk_of, languages=languages,
        queues=np.array([talk.queue or "" for talk in talks])[talk_of],
        folds=np.array([fold_of(talk.group, seed) for talk in talks])[talk_of],
    )  # fmt: skip


def fold_of(group: str, seed: int = 0, folds: int = FOLDS) -> int:
    """The same on every machine."""
    return int(hashlib.sha256(f"{seed}:{group}".encode()).hexdigest()[:8], 16) % folds


def _truth(marks: Sequence[Mark]) -> dict[str, Integers]:
    def known(value: bool | None) -> int:
        return UNKNOWN if value is None else int(value)

    return {
        "attitude": np.array([ATTITUDES.index(one.label) if one.label else UNKNOWN for one in marks]),
        "dissatisfied": np.array(
            [known(None if one.satisfaction is None else one.satisfaction < SATISFIED_FROM) for one in marks]
        ),
        "anger": np.array([known(one.angry) for one in marks]),
    }
