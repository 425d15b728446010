"""The machine beside people: what counts, what doesn't, and from when a changed question starts anew."""

import datetime

import pytest

from scoring.reviews.tables import Origin, ReviewKind
from scoring.scorecard import Kind
from scoring.statistics.agreement import Band, Counted, agreement, band, comparable
from scoring.statistics.intervals import Share
from tests.scoring.cards import question

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)


def counted(machine: str, person: str, n: int, *, kind: str = ReviewKind.REVIEW, origin: str = Origin.GIVEN) -> Counted:
    return Counted(kind=kind, origin=origin, machine=machine, person=person, n=n)


@pytest.mark.parametrize(
    ("hits", "n", "expected"),
    [
        (19, 19, Band.TOO_FEW),
        (11, 20, Band.RED),
        (12, 20, Band.YELLOW),
        (159, 200, Band.YELLOW),
        (16, 20, Band.GREEN),
        (0, 0, Band.TOO_FEW),
    ],
)
def test_bands_begin_where_supervisors_expect_them(hits: int, n: int, expected: Band):
    assert band(Share(hits=hits, n=n)) == expected


def test_what_the_machine_left_to_people_is_no_error_and_no_hit():
    found = agreement(question(), [counted("yes", "yes", 30), counted("unsure", "no", 50)], current=True)
    assert (found.given.hits, found.given.n, found.left_to_people) == (30, 30, 50)
    assert found.band == Band.GREEN
    assert found.kappa is None, "always the same answer tells nothing beyond chance"


def test_errors_have_a_direction():
    rows = [counted("yes", "yes", 40), counted("yes", "no", 12), counted("no", "yes", 3), counted("no", "no", 10)]
    found = agreement(question(), rows, current=True)
    assert found.errors == [("yes", "no", 12), ("no", "yes", 3)]
    assert found.given.value == pytest.approx(50 / 65)
    assert found.band == Band.YELLOW
    assert found.kappa is not None
    assert found.kappa.value == pytest.approx(0.425, abs=0.01)
    assert found.kappa.interval.low > 0


def test_what_was_let_stand_stands_beside_and_weighs_only_where_people_mostly_correct():
    kept = counted("yes", "yes", 25, origin=Origin.KEPT)
    thorough = agreement(question(), [counted("yes", "no", 6), counted("yes", "yes", 24), kept], current=True)
    assert (thorough.on.hits, thorough.on.n) == (24, 30)
    assert (thorough.with_kept.hits, thorough.with_kept.n) == (49, 55)
    correcting = agreement(question(), [counted("yes", "no", 6), kept], current=True)
    assert (correcting.given.hits, correcting.given.n) == (0, 6)
    assert (correcting.on.hits, correcting.on.n) == (25, 31), (
        "only corrections would make the machine look always wrong"
    )


def test_calibrations_and_disputes_stand_apart():
    rows = [
        counted("yes", "yes", 4),
        counted("yes", "no", 9, kind=ReviewKind.DISPUTE),
        counted("yes", "no", 2, kind=ReviewKind.CALIBRATION),
        counted("yes", "yes", 8, kind=ReviewKind.CALIBRATION),
    ]
    found = agreement(question(), rows, current=False)
    assert (found.given.n, found.disputes.n, found.blind.hits, found.blind.n) == (4, 9, 8, 10)
    assert found.stored()["band"] == "too_few"


def test_scales_are_weighed_by_how_far_apart_the_answers_lie():
    def of(*pairs: tuple[str, str]) -> float:
        rows = [counted(machine, person, 10) for machine, person in pairs]
        found = agreement(question(kind=Kind.SCALE), [*rows, counted("na", "3", 2)], current=True).kappa
        assert found is not None
        assert found.weighted
        return found.value

    near = of(("1", "1"), ("3", "2"), ("4", "5"), ("5", "5"))
    far = of(("1", "1"), ("3", "5"), ("4", "1"), ("5", "5"))
    assert near > far + 0.3


def test_equal_answers_are_equal_however_they_are_written():
    assert comparable("3.0", Kind.SCALE) == comparable("3", Kind.SCALE)
    assert comparable("b,a", Kind.CHOICES) == comparable("a,b", Kind.CHOICES)
    assert comparable("na", Kind.NUMBER) == "na"
    assert comparable("b,a", Kind.CHOICE) == "b,a"
