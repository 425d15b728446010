"""What counts as a hold where the ledger knows of none."""

from scoring.dialogue import Turn
from scoring.spans import silences
from tests.scoring.dialogues import samples


def turn(party: str, start_s: float, end_s: float) -> Turn:
    return Turn(position=0, party=party, start_s=start_s, end_s=end_s, text="hello")


def test_a_long_gap_between_the_agents_turns_is_a_hold():
    turns = [turn("agent", 0, 5), turn("customer", 12, 14), turn("agent", 40, 45)]
    assert silences(turns) == ((5, 40),)


def test_a_customer_who_tells_a_long_story_is_not_on_hold():
    assert silences([turn("agent", 0, 5), turn("customer", 6, 38), turn("agent", 40, 45)]) == ()


def test_a_short_pause_is_no_hold():
    assert silences([turn("agent", 0, 5), turn("agent", 9, 12)]) == ()


def test_the_holds_of_the_sample_calls_are_found_and_no_others():
    for sample in samples():
        assert len(silences(sample.turns)) == len(sample.holds), sample.id
