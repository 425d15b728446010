"""Bytes to messages, wherever the network cuts them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.channel_headers import channel_bytes, channel_named
from telephony.frames import Framer, Kind, Message, Sieve

ODD = "رضا\u200cی محمدی\u2028دوم\u0085سوم\x0bچهارم\rپنجم\nششم"


def _texts(messages: list[Message]) -> list[tuple[str, str, dict[str, str]]]:
    return [(message.kind, message.name, message.fields) for message in messages]


def test_every_cut_of_a_stream_gives_the_same_messages() -> None:
    stream = f"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: x\r\n\r\nEvent: Hangup\r\nName: {ODD}\r\nEmpty: \r\n\r\n".encode()
    whole = _texts(Framer().feed(stream)[1])
    assert [name for _, name, _ in whole] == ["Success", "Hangup"]
    assert whole[1][2]["Name"] == ODD
    for cut in range(len(stream) + 1):
        framer = Framer()
        assert _texts(framer.feed(stream[:cut])[1] + framer.feed(stream[cut:])[1]) == whole


@given(st.data())
def test_any_cutting_of_a_recorded_stream_gives_the_same_messages(data: st.DataObject) -> None:
    stream = (Path(__file__).resolve().parent.parent / "streams" / "22-hold.txt").read_bytes()[:20_000]
    whole = _texts(Framer().feed(stream)[1])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    framer, found = Framer(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += framer.feed(stream[start:end])[1]
    assert _texts(found) == whole


def test_messages_of_one_segment_keep_their_order() -> None:
    stream = b"".join(b"Event: E%d\r\n\r\n" % number for number in range(500))
    assert [message.name for message in Framer().feed(stream)[1]] == [f"E{number}" for number in range(500)]


def test_repeated_headers_are_kept() -> None:
    message = Framer().feed(b"Response: Success\r\nOutput: a: 1\r\nOutput: \r\nOutput: b\r\n\r\n")[1][0]
    assert message.all("Output") == ["a: 1", "", "b"]
    assert message.get("Output") == "a: 1"


def test_offsets_name_the_first_byte_of_each_message() -> None:
    stream = b"Event: A\r\n\r\nEvent: B\r\nX: 1\r\n\r\n"
    framer = Framer()
    messages = framer.feed(stream[:5])[1] + framer.feed(stream[5:])[1]
    assert [stream[message.offset :][:8] for message in messages] == [b"Event: A", b"Event: B"]


def test_a_message_without_end_costs_bounded_memory_and_the_next_is_read() -> None:
    framer = Framer(max_frame_bytes=1000)
    for _ in range(100):
        assert framer.feed(b"x" * 1000) == (b"", [])
    assert len(framer._rest) < 2100
    assert [message.name for message in framer.feed(b"\r\n\r\nEvent: Next\r\n\r\n")[1]] == ["Next"]
    assert framer.skipped == 1


@given(st.binary(max_size=400))
def test_rubbish_never_raises(rubbish: bytes) -> None:
    for message in Framer().feed(rubbish + b"\r\n\r\n")[1]:
        assert message.kind in Kind
        assert "\0" not in "".join(message.fields.values())


def test_names_are_whole_also_where_a_known_one_begins_the_same_or_no_line_follows() -> None:
    stream = b"Event: Hangup\r\nA: 1\r\n\r\nEvent: Hangups\r\nA: 1\r\n\r\nEvent: Hangupx\r\n\r\nEvent: Hangup\r\n\r\nEvent: Hangup\r\nA: 2\r\n\r\n"
    messages = Framer().feed(stream)[1]
    assert [message.name for message in messages] == ["Hangup", "Hangups", "Hangupx", "Hangup", "Hangup"]
    assert [message.get("A") for message in messages] == ["1", "1", "", "", "2"]


def test_a_header_without_a_space_after_its_colon_is_read_too() -> None:
    message = Framer().feed(b"Event: X\r\nA:1\r\nB: 2\r\nC:\r\n\r\n")[1][0]
    assert [message.get(key) for key in "ABCD"] == ["1", "2", "", ""]
    assert message.fields == {"A": "1", "B": "2", "C": ""}


def test_made_up_names_fill_no_memory() -> None:
    sieve = Sieve({})
    framer = Framer(sieve=sieve)
    for number in range(3000):
        framer.feed(b"Event: Flood%d\r\nA: 1\r\n\r\n" % number)
    assert len(sieve.kinds) <= 1000
    assert [message.name for message in framer.feed(b"Event: AfterTheFlood\r\nA: 1\r\n\r\n")[1]] == ["AfterTheFlood"]


def test_a_sieve_holds_events_back_and_counts_each_of_them() -> None:
    sieve = Sieve({"Dull": False, "Odd": lambda raw: b"Tells: yes" in raw})
    dull, telling = b"Event: Dull\r\nA: 1\r\n\r\n", b"Event: Odd\r\nTells: yes\r\n\r\n"
    odd, answer = b"Event: Odd\r\nTells: no\r\n\r\n", b"Response: Success\r\nMessage: Dull\r\n\r\n"
    framer = Framer(sieve=sieve)
    stream = [dull, telling, odd, dull, telling]
    whole, messages = framer.feed(b"".join(stream))
    assert whole == b"".join(stream)
    assert [message.get("Tells") for message in messages] == ["yes", "yes"]
    assert [whole[message.offset :][: len(telling)] for message in messages] == [telling, telling]
    assert framer.passed_over == 3
    assert [message.kind for message in framer.feed(dull + answer + odd + telling)[1]] == [Kind.RESPONSE, Kind.EVENT]
    assert framer.passed_over == 5


def named(message: Message, prefix: str = "") -> tuple[str, str, str]:
    return channel_named(message, prefix, channel_bytes(message.raw, prefix))


@pytest.mark.parametrize("prefix", ["", "Dest"])
@pytest.mark.parametrize("order", list(itertools.permutations(("Channel", "Uniqueid", "Linkedid"))))
def test_what_names_a_channel_is_found_in_any_order(prefix: str, order: tuple[str, ...]) -> None:
    lines = [f"Event: X\r\nOtherUniqueid: no\r\n{prefix}Context: c"]
    lines += [f"{prefix}{key}: {key} of {ODD}\r\n{prefix}Filler: 1" for key in order]
    message = Framer().feed("\r\n".join([*lines, "", ""]).encode())[1][0]
    expected = tuple(f"{key} of {ODD}" for key in ("Channel", "Uniqueid", "Linkedid"))
    assert named(message, prefix) == expected
    adjacent = Framer().feed(
        "\r\n".join(["Event: X", *(f"{prefix}{key}: {key} of {ODD}" for key in order), "", ""]).encode()
    )
    assert named(adjacent[1][0], prefix) == expected


def test_what_does_not_name_a_channel_is_empty() -> None:
    assert named(Message("Event: X\r\nUniqueid: 1.1")) == ("", "1.1", "")
    assert named(Message("Event: X\r\nChannel: a\r\nUniqueid: 1.1")) == ("a", "1.1", "")
    assert named(Message("Event: X")) == ("", "", "")
