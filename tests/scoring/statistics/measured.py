"""Measures anew what docs/statistics.md says was measured: `python -m tests.scoring.statistics.measured` (about two minutes).

How often intervals of a mean hold the truth, and how long figures over 100,000 evaluations take.
"""

from __future__ import annotations

import dataclasses
import datetime
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from avasanj.database import Database
from avasanj.migrate import upgrade
from avasanj.postgres import EmbeddedPostgres
from scoring.statistics.intervals import Sample, mean_interval
from scoring.statistics.periods import Calendar, Length, period, periods
from scoring.statistics.questions import question_figures, together
from scoring.statistics.scope import By, Scope
from scoring.statistics.scores import changes, figures, standings
from tests.scoring.statistics.rows import START, fill

Scores = NDArray[np.float64]
WEIGHTS = np.array([15.0, 15, 10, 10, 10, 10, 10, 20])
TIMES = 3000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """How scores come about: each question met in `met` of the calls."""

    met: float
    failed: float = 0.0  #: share of calls that are failed, at 0
    mixed: bool = False  #: good and bad calls: the questions of one hang together

    @property
    def mean(self) -> float:
        return 100 * self.met * (1 - self.failed)

    def scores(self, random: np.random.Generator, n: int) -> Scores:
        chance = random.beta(4 * self.met, 4 * (1 - self.met), (TIMES, n, 1)) if self.mixed else self.met
        made = (random.random((TIMES, n, len(WEIGHTS))) < chance) @ WEIGHTS
        return np.where(random.random((TIMES, n)) < self.failed, 0.0, made)


def plain_t(scores: Scores, truth: float) -> float:
    n, mean, spread = scores.shape[1], scores.mean(axis=1), scores.std(axis=1, ddof=1)
    half = stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n)
    return float(((np.maximum(0, mean - half) <= truth) & (truth <= np.minimum(100, mean + half))).mean())


def ours(scores: Scores, truth: float) -> float:
    samples = (Sample(n=len(one), mean=float(one.mean()), spread=float(one.std(ddof=1))) for one in scores)
    return float(np.mean([(found := mean_interval(one)) is not None and found.holds(truth) for one in samples]))


def bootstrap(scores: Scores, truth: float) -> float:
    """BCa on a tenth of the samples; equal scores give it nothing to resample."""
    held = []
    for one in scores[: TIMES // 10]:
        if one.std() == 0:
            held.append(one[0] == truth)
            continue
        found = stats.bootstrap((one,), np.mean, n_resamples=500, method="BCa", rng=1).confidence_interval
        held.append(found.low <= truth <= found.high)
    return float(np.mean(held))


def coverage() -> None:
    random = np.random.default_rng(1)
    forms = [Form(met=met) for met in (0.85, 0.95, 0.99)]
    for form in [*forms, Form(met=0.85, mixed=True), Form(met=0.9, failed=0.03)]:
        for n in (5, 20):
            scores = form.scores(random, n)
            told = " ".join(f"{way.__name__} {way(scores, form.mean):.2f}" for way in (plain_t, ours, bootstrap))
            print(f"met {form.met} failed {form.failed} mixed {form.mixed} calls {n}: {told}", flush=True)


def speed(database: Database) -> None:
    scope = Scope(
        since=START - datetime.timedelta(days=1), until=START + datetime.timedelta(days=60), scorecard="service"
    )
    calendar = Calendar(zone="Asia/Tehran", jalali=True)
    weeks = periods(Length.WEEK, 6, START + datetime.timedelta(days=35), calendar)
    month = period(Length.MONTH, START + datetime.timedelta(days=25), calendar)
    with database.transaction() as session:
        fill(session, 100_000)
    with database.read() as session:
        asked: dict[str, Callable[[], object]] = {
            "all": lambda: figures(session, scope),
            "agents with ranks": lambda: standings(figures(session, scope, [By.AGENT]), least_calls=20),
            "teams and queues": lambda: figures(session, scope, [By.TEAM, By.QUEUE]),
            "weeks": lambda: figures(session, scope, [By.PERIOD], periods=weeks),
            "agents, two months": lambda: changes(session, scope, month, [By.AGENT]),
            "questions": lambda: question_figures(session, scope),
            "questions and agents": lambda: question_figures(session, scope, [By.AGENT]),
            "two questions as one": lambda: together(session, scope, ["q1", "q2"]),
        }
        for name, ask in asked.items():
            began = time.monotonic()
            ask()
            print(f"{name}: {time.monotonic() - began:.2f} s", flush=True)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="av-pg-", dir="/tmp"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        upgrade(server.url())
        database = Database(server.url())
        speed(database)
        database.close()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    coverage()


if __name__ == "__main__":
    main()
