"""What of a call's sound counts towards dissatisfaction."""

import pytest

from scoring.dissatisfaction import LINE_MOST, Line, judge
from scoring.heads import shipped
from scoring.sound import raised_voice, talk_over_s
from tests.scoring.test_dissatisfaction import path


def passage(level_db: float | None, pitch_st: float | None) -> dict[str, float | None]:
    return {"start_s": 70.0, "end_s": 72.0, "level_db": level_db, "pitch_st": pitch_st}


def test_a_voice_is_raised_as_far_as_it_is_both_louder_and_higher():
    assert raised_voice([passage(6, 3)] * 3) == 1
    assert raised_voice([passage(12, 3)] * 3) == 1
    assert raised_voice([passage(12, 0)] * 5) == 0
    assert raised_voice([passage(0, 9)] * 5) == 0


def test_one_shout_is_not_a_raised_voice_and_a_lower_one_takes_nothing_back():
    assert raised_voice([passage(6, 3)]) == pytest.approx(1 / 3, abs=1e-3)
    assert raised_voice([passage(6, 3), passage(-9, -5), passage(-9, -5)]) == pytest.approx(1 / 3, abs=1e-3)


def test_what_could_not_be_measured_is_left_out():
    assert raised_voice([]) == 0
    assert raised_voice([passage(6, None), passage(None, 3)]) == 0
    assert talk_over_s({}, "agent") == 0
    assert talk_over_s({"parties": {"agent": {"talk_over_s": None}}}, "agent") == 0
    assert talk_over_s({"parties": {"agent": {"talk_over_s": 7.5}, "customer": {"talk_over_s": 1}}}, "agent") == 7.5


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("agent_talk_over", Line(agent_talk_over_s=20)),
        ("long_silence", Line(longest_silence_s=90)),
        ("raised_voice", Line(raised_voice=2)),
    ],
)
def test_each_counts_a_little_and_is_bounded(name: str, line: Line):
    weights = {one.name: one.weight for one in judge(path(0.2, 0.2), line).contributions}
    assert 0.2 <= weights[name] <= 0.5


@pytest.mark.parametrize("language", ["en", "fa"])
def test_nothing_but_the_customers_words_carries_a_call_above_a_half(language: str):
    everything = Line(
        wait_s=3600, hold_s=3600, unannounced_holds=9, earlier_calls=9, transfers=9, agent_talk_over_s=99,
        longest_silence_s=600, raised_voice=9,
    )  # fmt: skip
    judged = judge(path(0.1, 0.15, 0.1, 0.2), everything, shipped().call_weights(language))
    assert judged.probability is not None
    assert judged.probability < 0.5
    added = [one.weight for one in judged.contributions if one.name in {"wait", "hold", "raised_voice", "transfers"}]
    assert len(added) == 4
    assert sum(added) < LINE_MOST
