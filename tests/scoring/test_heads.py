"""Heads: probabilities, features with and without a turn before, and the file they are kept in."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import heads
from scoring.dissatisfaction import HAND_SET, SOUND
from scoring.heads import ATTITUDES, SPREAD, Calibration, LinearHead, Said, softmax
from scoring.history import COLUMNS
from scoring.train import DATA

LOGITS = st.lists(st.floats(min_value=-1e4, max_value=1e4), min_size=2, max_size=4)


def head(**calibrations: Calibration) -> LinearHead:
    weights = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    return LinearHead(classes=ATTITUDES, weights=weights, bias=np.array([0.0, 0.5, 0.0]), calibrations=calibrations)


@given(LOGITS)
def test_probabilities_add_up_to_one_however_far_the_logits_lie(row):
    found = softmax(np.array([row]))
    assert found.sum() == pytest.approx(1)
    assert found.argmax() == np.argmax(row) or np.isclose(found.max(), found[0, np.argmax(row)])


def test_a_calibration_scales_and_shifts_the_logits_of_its_language_alone():
    made = head(fa=Calibration(scale=2.0, shift=(0.0, 1.0, 0.0)))
    features = np.array([[0.3, -0.2]])
    assert made.logits(features)[0] == pytest.approx([0.3, 0.3, -0.1])
    assert made.probabilities(features, "fa") == pytest.approx(softmax(np.array([[0.6, 1.6, -0.2]])))
    assert made.probabilities(features, "en") == pytest.approx(softmax(np.array([[0.3, 0.3, -0.1]])))


def test_where_nobody_spoke_before_the_context_is_nothing_at_all():
    turns, contexts = np.ones((2, 2), np.float32), np.array([[0, 0], [0.5, 0.7]], np.float32)
    found = heads.features(turns, contexts, np.array([0.9, 0.8, 0.1, 0.2]))
    past = np.zeros((2, COLUMNS))
    assert found == pytest.approx(
        np.hstack([np.array([[0.1, 0.2, 0, 0], [0.1, 0.2, 0.4, 0.5]]) * SPREAD, past]), abs=1e-5
    )


def test_anger_is_negative_and_of_angers_kind():
    made = heads.shipped()
    plain = np.zeros((1, 2 * 384 + COLUMNS))
    expected = made.attitude.probabilities(plain, "fa")[0, 0] * made.anger.probabilities(plain, "fa")[0, 1]
    assert made.judge(Said(features=plain, texts=[""], agents=[""]), "fa").angry == pytest.approx([expected])


def test_a_language_without_fitted_weights_gets_those_set_by_hand():
    assert heads.shipped().call_weights("de") is HAND_SET
    assert heads.shipped().call_weights("fa") is not HAND_SET


def test_what_is_written_is_read_back_the_same():
    one = heads.shipped()
    again = heads.loads(heads.dumps(one))
    assert heads.dumps(again) == heads.dumps(one)
    assert again.version == one.version
    assert again.attitude.classes == ATTITUDES
    assert again.dissatisfied.classes == ("no", "yes")


def test_the_shipped_heads_were_trained_on_the_shipped_turns_and_calls():
    turns, calls = (
        b"".join(path.read_bytes() for path in sorted(DATA.glob(f"{kind}-*.jsonl"))) for kind in ("turns", "calls")
    )
    provenance = heads.shipped().provenance
    assert provenance["data_sha256"] == hashlib.sha256(turns + calls).hexdigest()
    assert sum(provenance["turns"].values()) == turns.count(b'"id":')
    assert sum(provenance["calls"].values()) == calls.count(b'"id":')


def test_the_shipped_heads_hold_their_figures_on_what_was_held_out():
    held_out = heads.shipped().provenance["held_out"]
    for language in ("en", "fa"):
        assert held_out["attitude"][language]["auc"] >= 0.87
        assert held_out["dissatisfied"][language]["auc"] >= 0.8
        assert held_out["dissatisfied"]["in_calls"][language]["auc"] >= 0.87
        assert held_out["calls"][language]["fitted"]["auc"] >= 0.95
        for head in ("attitude", "dissatisfied"):
            assert held_out[head][language]["ece"] <= 0.06
            assert held_out[head]["in_calls"][language]["ece"] <= 0.06
    assert held_out["anger"]["fa"]["auc"] >= 0.88
    assert held_out["anger"]["fa"]["ece"] <= 0.06


def test_the_shipped_weights_of_calls_point_where_sense_does():
    for language in ("en", "fa"):
        weights = heads.shipped().calls[language]
        assert set(weights.by_name) == set(HAND_SET.by_name)
        assert all(weight >= 0 for name, weight in weights.by_name.items() if name != "slope")
        assert {name: weights.by_name[name] for name in SOUND} == {name: HAND_SET.by_name[name] for name in SOUND}
    assert {*heads.shipped().attitude.calibrations} == {"en", "fa"}
