"""Merging both legs into turns."""

from hypothesis import given
from hypothesis import strategies as st

from telephony.tables import Party
from transcription.turns import Said, merge


def said(party: str, start_s: float, end_s: float, text: str = "words", confidence: float | None = 0.9) -> Said:
    return Said(party=Party(party), start_s=start_s, end_s=end_s, text=text, confidence=confidence)


def texts(turns: list[Said]) -> list[tuple[str, str]]:
    return [(turn.party.value, turn.text) for turn in turns]


def test_a_short_pause_stays_within_a_turn() -> None:
    (turn,) = merge([said("agent", 0, 1, "good"), said("agent", 1.6, 2, "morning")])
    assert (turn.start_s, turn.end_s, turn.text) == (0, 2, "good morning")


def test_a_long_pause_begins_a_new_turn() -> None:
    assert texts(merge([said("agent", 0, 1, "one"), said("agent", 2.2, 3, "two")])) == [
        ("agent", "one"),
        ("agent", "two"),
    ]


def test_the_other_party_between_ends_a_turn() -> None:
    turns = merge([said("agent", 0, 1, "name?"), said("customer", 1.2, 1.6, "Sara"), said("agent", 1.9, 3, "thanks")])
    assert texts(turns) == [("agent", "name?"), ("customer", "Sara"), ("agent", "thanks")]


def test_a_back_channel_stays_a_small_turn_inside_the_others_turn() -> None:
    turns = merge(
        [said("agent", 0, 4, "so the box"), said("customer", 4.1, 4.5, "mm-hm"), said("agent", 4.5, 9, "has a light")]
    )
    assert texts(turns) == [("agent", "so the box has a light"), ("customer", "mm-hm")]


def test_an_interruption_leaves_both_turns_with_their_own_times() -> None:
    turns = merge(
        [said("agent", 0, 5, "let me explain"), said("customer", 3, 8, "no listen"), said("agent", 5.4, 6, "but")]
    )
    assert texts(turns) == [("agent", "let me explain"), ("customer", "no listen"), ("agent", "but")]


def test_confidence_is_weighted_by_how_much_was_said() -> None:
    (turn,) = merge([said("agent", 0, 1, "aaaaaaaaa", 1.0), said("agent", 1, 2, "b", 0.0)])
    assert turn.confidence == 0.9


def test_unknown_confidence_stays_unknown() -> None:
    (turn,) = merge([said("mixed", 0, 1, confidence=None)])
    assert turn.confidence is None


def test_stretches_without_text_leave_no_turn() -> None:
    assert merge([said("agent", 0, 1, "  ")]) == []


_STRETCHES = st.lists(
    st.builds(
        lambda party, start, length, text: said(party, start, start + length, text),
        st.sampled_from(["customer", "agent"]),
        st.floats(0, 60).map(lambda x: round(x, 2)),
        st.floats(0.05, 10).map(lambda x: round(x, 2)),
        st.text("abcdefg", min_size=1, max_size=8),
    ),
    max_size=40,
)


@given(_STRETCHES)
def test_turns_come_in_order_and_every_word_is_kept_by_its_party(stretches: list[Said]) -> None:
    turns = merge(stretches)
    assert [t.start_s for t in turns] == sorted(t.start_s for t in turns)
    for party in Party:
        kept = sorted(word for t in turns if t.party == party for word in t.text.split())
        assert kept == sorted(s.text for s in stretches if s.party == party)


@given(_STRETCHES)
def test_a_turn_spans_its_stretches_and_no_more(stretches: list[Said]) -> None:
    turns = merge(stretches)
    assert {t.start_s for t in turns} <= {s.start_s for s in stretches}
    assert {t.end_s for t in turns} <= {s.end_s for s in stretches}
    assert all(t.end_s > t.start_s for t in turns)


@given(_STRETCHES)
def test_the_order_in_which_legs_are_heard_does_not_matter(stretches: list[Said]) -> None:
    backwards = list(reversed(stretches))
    assert merge(backwards) == merge(sorted(backwards, key=lambda s: s.start_s))
