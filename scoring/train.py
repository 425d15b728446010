"""Training of the heads and of a call's weights on what was labelled for this project. `avasanj train` runs `main`."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj.errors import InputError
from scoring import heads
from scoring.call_fit import CallFit, fit_calls
from scoring.dialogue import CUSTOMER, answered
from scoring.dissatisfaction import Moment
from scoring.encoder import NAME, Encoder
from scoring.heads import ATTITUDES, Floats, Heads
from scoring.history import history, none
from scoring.labelled_calls import LabelledCall, read_calls
from scoring.labelled_turns import DISSATISFIED_UP_TO, LabelledTurn, check_enough, read_turns
from scoring.mood import Encodes, encode_once
from scoring.train_rows import FOLDS, Fitted, Rows, figures_by_language, fit_head, fold_of

DATA = Path(__file__).parent / "data"
OWN_TURNS = (
    "turns and calls written for this project (scoring/data/turns-*.jsonl, calls-*.jsonl; guide: docs/labelling.md)"
)
NO_YES = ("no", "yes")
#: What a row counts in training. A sentence that tells feelings apart is seldom about a company; a call's turns say what turns alone can't.
FEELING_SHARE, CALL_TURN_SHARE = 0.3, {"attitude": 1.0, "dissatisfied": 2.0}
#: What a row counts besides, as if nobody had spoken before: written comments have no agent. In a call, that would be another turn.
ALONE_SHARE = 0.5
#: In anger's head the sentences written to tell feelings apart lead, since only they say what isn't anger.
TURN_IN_ANGER = 0.05


def train(
    turns: Sequence[LabelledTurn],
    encoder: Encodes,
    data_sha256: str = "",
    source: str = "",
    calls: Sequence[LabelledCall] = (),
) -> Heads:
    """Heads from labelled turns and calls; `provenance` says what they were trained on and how they did on what was held out.

    Without calls, the weights of whole calls are those that came with this version. Raises InputError where there are too few turns.
    """
    check_enough(turns)
    made = _Labelled(turns, calls, encoder)
    spoken = ~made.feelings
    attitude = fit_head(made.rows, made.labels, ATTITUDES, made.share("attitude"), spoken & ~made.in_calls)
    dissatisfied = fit_head(made.rows, made.sad, NO_YES, made.share("dissatisfied"), spoken)
    judged = made.feelings if (made.angry[made.feelings] == 1).any() else made.angry >= 0
    anger = fit_head(made.rows, np.maximum(made.angry, 0), NO_YES, made.share_in_anger(), judged)
    call_fit = fit_calls(calls, made.paths(attitude, dissatisfied)) if calls else None
    held_out = {
        "attitude": _judged(attitude, made, made.labels),
        "dissatisfied": _judged(dissatisfied, made, made.sad),
        "anger": {"penalty": anger.penalty, **figures_by_language(anger, made.rows, np.maximum(made.angry, 0), judged)},
        "folds": FOLDS,
    }
    return Heads(
        attitude=attitude.head,
        dissatisfied=dissatisfied.head,
        anger=anger.head,
        calls=call_fit.by_language if call_fit else heads.shipped().calls,
        centre=made.centre,
        provenance=_provenance(turns, calls, data_sha256, source) | {"held_out": held_out | _call_figures(call_fit)},
    )


def _provenance(
    turns: Sequence[LabelledTurn], calls: Sequence[LabelledCall], data_sha256: str, source: str
) -> dict[str, Any]:
    def counts(rows: Sequence[LabelledTurn | LabelledCall]) -> dict[str, int]:
        return {name: sum(row.language == name for row in rows) for name in sorted({row.language for row in rows})}

    return {
        "encoder": NAME,
        "trained_on": source,
        "data_sha256": data_sha256,
        "turns": counts(turns),
        "calls": counts(calls),
        "trained_at": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _judged(fitted: Fitted, made: _Labelled, labels: NDArray[np.int64]) -> dict[str, Any]:
    """Turns that stand alone by language, and beside them those of whole calls."""
    alone, within = ~made.feelings & ~made.in_calls, made.in_calls
    found = {"penalty": fitted.penalty, **figures_by_language(fitted, made.rows, labels, alone)}
    return found | ({"in_calls": figures_by_language(fitted, made.rows, labels, within)} if within.any() else {})


def _call_figures(fit: CallFit | None) -> dict[str, Any]:
    return {"calls": dict(fit.figures)} if fit else {}


class _Labelled:
    """Turns alone, then the turns of calls, as numbers. `angry` is 1, 0, or -1 where the row doesn't say."""

    def __init__(self, turns: Sequence[LabelledTurn], calls: Sequence[LabelledCall], encoder: Encodes) -> None:
        self._calls = calls
        said = [[turn for turn in call.turns if turn.party == CUSTOMER] for call in calls]
        marks = [[mark for mark in call.turn_labels if mark] for call in calls]
        answers = [
            [at for turn, at in zip(c.turns, answered(c.turns), strict=True) if turn.party == CUSTOMER] for c in calls
        ]
        before = [
            [c.turns[at].text if at is not None else "" for at in ats] for c, ats in zip(calls, answers, strict=True)
        ]
        vectors = encode_once([t.text for t in turns] + [t.text for one in said for t in one], encoder)
        contexts = encode_once([t.agent for t in turns] + [text for one in before for text in one], encoder)
        self.sizes = [len(one) for one in said]
        spoken = np.any(contexts[: len(turns)] != 0, axis=1)
        self.centre = np.concatenate(
            [vectors[: len(turns)].mean(axis=0), contexts[: len(turns)][spoken].mean(axis=0)]
        ).astype(np.float64)
        past, at = [none(len(turns))], len(turns)
        for size, ats in zip(self.sizes, answers, strict=True):
            past.append(history(vectors[at : at + size], contexts[at : at + size], ats))
            at += size
        groups = [t.id for t in turns] + [
            c.story for c, size in zip(calls, self.sizes, strict=True) for _ in range(size)
        ]
        self.rows = Rows(
            features=heads.features(vectors, contexts, self.centre, np.vstack(past)),
            alone=heads.features(vectors, contexts * 0, self.centre),
            alone_share=np.array([ALONE_SHARE] * len(turns) + [0.0] * sum(self.sizes)),
            folds=np.array([fold_of(group) for group in groups]),
            languages=np.array(
                [t.language for t in turns]
                + [c.language for c, n in zip(calls, self.sizes, strict=True) for _ in range(n)]
            ),
        )
        flat = [mark for one in marks for mark in one]
        self.labels = np.array(
            [ATTITUDES.index(t.label) for t in turns] + [ATTITUDES.index(label) for label, _ in flat]
        )
        satisfaction = np.array([t.satisfaction for t in turns] + [one for _, one in flat])
        self.sad = (satisfaction <= DISSATISFIED_UP_TO).astype(np.int64)
        self.in_calls = np.arange(len(self.labels)) >= len(turns)
        self.feelings = np.array([t.feeling is not None for t in turns] + [False] * len(flat))
        self.angry = np.where(self.labels == 0, np.where(satisfaction == 1, 1, -1), 0)
        self.angry[: len(turns)] = [
            int(t.feeling == "anger") if t.feeling else known
            for t, known in zip(turns, self.angry[: len(turns)], strict=True)
        ]

    def share(self, head: str) -> Floats:
        """What each row counts for a head."""
        return np.where(self.feelings, FEELING_SHARE, np.where(self.in_calls, CALL_TURN_SHARE[head], 1.0))

    def share_in_anger(self) -> Floats:
        """A turn of satisfaction 2 that is negative may be angry or not: it is left out."""
        share = np.where(self.feelings, 1.0, TURN_IN_ANGER if self.feelings.any() else 1.0)
        return np.where(self.angry < 0, 0.0, share)

    def paths(self, attitude: Fitted, dissatisfied: Fitted) -> list[list[Moment]]:
        """Each call's customer turns as judged by weights that never saw its story."""
        found, at = [], len(self.labels) - sum(self.sizes)
        for call, size in zip(self._calls, self.sizes, strict=True):
            moods = attitude.head.calibrated(attitude.held_out[at : at + size], call.language)
            sad = dissatisfied.head.calibrated(dissatisfied.held_out[at : at + size], call.language)[:, 1]
            said = [turn for turn in call.turns if turn.party == CUSTOMER]
            found.append(
                [
                    Moment(
                        turn=turn,
                        negative=float(m[0]),
                        neutral=float(m[1]),
                        positive=float(m[2]),
                        dissatisfied=float(s),
                    )
                    for turn, m, s in zip(said, moods, sad, strict=True)
                ]
            )
            at += size
        return found


def main(model_dir: Path, out: Path, *, data: Sequence[Path] = (), threads: int = 2) -> dict[str, Any]:
    """Train on `data` (default: the shipped turns and calls), write the heads to `out`, give the provenance.

    Raises InputError naming the line of bad data, or when `out` can't be written.
    """
    paths = sorted(data or DATA.glob("turns-*.jsonl"))
    own = paths == sorted(DATA.glob("turns-*.jsonl"))
    call_paths = sorted(DATA.glob("calls-*.jsonl")) if own else []
    turns, calls = read_turns(paths), read_calls(call_paths)
    if not out.parent.is_dir():
        raise InputError(f"{out} can't be written: {out.parent} is not a folder. Make it, or name another file.")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [*paths, *call_paths])).hexdigest()
    source = OWN_TURNS if own else ", ".join(path.name for path in paths)
    made = train(turns, Encoder(model_dir, threads), digest, source, calls)
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_text(heads.dumps(made), encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise InputError(f"{out} can't be written: {error.strerror}.") from None
    return dict(made.provenance)
