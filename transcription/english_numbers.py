"""Spoken English numbers as digits: "twenty-three" and "23", "third" and "3rd", "double five" and "55"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from transcription.word_lists import listed

_SMALL = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = {word: 10 * (i + 2) for i, word in enumerate(listed("twenty thirty forty fifty sixty seventy eighty ninety"))}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_UNITS = {word: value for value, word in enumerate(_SMALL)}
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12, "hundredth": 100, "thousandth": 1000,
} | {f"{word}th": value for word, value in _UNITS.items() if value in {4, 6, 7, 10, 11} or value > 12} | {
    f"{word[:-1]}ieth": value for word, value in _TENS.items()
}  # fmt: skip
_TIMES = {"double": 2, "triple": 3}
#: so many digits side by side are one number that was read out in groups
_PHONE_DIGITS = 7
#: longer ones are no part of a number in words
_PART_DIGITS = 9


def evened(tokens: Sequence[str]) -> list[str]:
    """The words with every number in digits."""
    out: list[str] = []
    run: list[str] = []
    for item, number in _numbers(tokens):
        if number:
            run.append(item)
            continue
        out += _written(run)
        run = []
        out.append(item)
    return out + _written(run)


def _written(run: Sequence[str]) -> list[str]:
    together = "".join(run)
    return [together] if len(run) > 1 and together.isdecimal() and len(together) >= _PHONE_DIGITS else list(run)


def _numbers(tokens: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Words and numbers in turn, and whether it is a number that may be part of a longer one."""
    at = 0
    while at < len(tokens):
        text, end = _read(tokens, at)
        if end == at:
            yield tokens[at], tokens[at].isdecimal()
            at += 1
        else:
            yield text, text.isdecimal()
            at = end


def _read(tokens: Sequence[str], at: int) -> tuple[str, int]:
    """The number that begins at a word and the place after it; nothing read where none begins."""
    first, following = tokens[at], _word(tokens, at + 1)
    if first in _TIMES and (_UNITS.get(following, 10) < 10 or (len(following) == 1 and following.isdecimal())):
        return str(_UNITS.get(following, following)) * _TIMES[first], at + 2
    if first == "oh" and _is_digit(_word(tokens, at - 1) if at else "") and _is_digit(following):
        return "0", at + 1
    if first == "a" and following in {"hundred", *_SCALES}:
        text, end = _read(tokens, at + 1)
        return text, end
    return _compose(tokens, at)


def _compose(tokens: Sequence[str], at: int) -> tuple[str, int]:
    """Groups below a thousand, each with its scale, from the largest down."""
    total, end, place, below = 0.0, at, at, 10**12
    while True:
        value, after, ordinal = _group(tokens, place)
        scale = 1 if ordinal else _SCALES.get(_word(tokens, after), 1)
        if (after == place and scale == 1) or scale >= below or (end > at and after == place):
            break
        total, end, below = total + (value if after > place else 1) * scale, after + (scale > 1), scale
        if ordinal:
            return f"{int(total)}{_ordinal_end(int(total))}", end
        if scale == 1:
            break
        place = end + (_word(tokens, end) == "and")
    if end == at:
        return "", at
    if end == at + 1 and tokens[at][0] == "0":
        return tokens[at], end
    if _word(tokens, end) == "point" and total == int(total):
        digits, after = _digits(tokens, end + 1)
        if digits:
            return f"{int(total)}.{digits}", after
    return (f"{int(total)}" if total == int(total) else f"{total:.6f}".rstrip("0")), end


def _group(tokens: Sequence[str], at: int) -> tuple[float, int, bool]:
    """A number below a thousand in words, or one in digits: value, the place after it, whether it was an ordinal."""
    first = _word(tokens, at)
    if first and first.replace(".", "", 1).isdecimal() and first.isascii() and len(first) <= _PART_DIGITS:
        if _word(tokens, at + 1) == "hundred":
            return _with_rest(tokens, float(first) * 100, at + 2)
        return float(first), at + 1, False
    value, end, ordinal = _below_hundred(tokens, at)
    if not ordinal and _word(tokens, end) == "hundred" and (end == at or 0 < value < 100):
        return _with_rest(tokens, 100 * (value if end > at else 1), end + 1)
    if not ordinal and end > at and 0 < value < 10 and _word(tokens, end) == "hundredth":
        return 100 * value, end + 1, True
    return value, end, ordinal


def _with_rest(tokens: Sequence[str], hundreds: float, at: int) -> tuple[float, int, bool]:
    place = at + (_word(tokens, at) == "and")
    value, end, ordinal = _below_hundred(tokens, place)
    return (hundreds + value, end, ordinal) if end > place and value else (hundreds, at, False)


def _below_hundred(tokens: Sequence[str], at: int) -> tuple[int, int, bool]:
    word, following = _word(tokens, at), _word(tokens, at + 1)
    if word in _TENS:
        if 0 < _UNITS.get(following, 0) < 10:
            return _TENS[word] + _UNITS[following], at + 2, False
        if 0 < _ORDINALS.get(following, 0) < 10:
            return _TENS[word] + _ORDINALS[following], at + 2, True
        return _TENS[word], at + 1, False
    if word in _UNITS:
        return _UNITS[word], at + 1, False
    if word in _ORDINALS:
        return _ORDINALS[word], at + 1, True
    return 0, at, False


def _digits(tokens: Sequence[str], at: int) -> tuple[str, int]:
    """Digits that are read out one by one: five oh two."""
    out, end = "", at
    while _is_digit(_word(tokens, end)) or (out and _word(tokens, end) == "oh"):
        word = tokens[end]
        out += "0" if word == "oh" else str(_UNITS.get(word, word))
        end += 1
    return out, end


def _is_digit(word: str) -> bool:
    return _UNITS.get(word, 10) < 10 or (word.isdecimal() and word.isascii())


def _ordinal_end(value: int) -> str:
    if value % 100 in {11, 12, 13}:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")


def _word(tokens: Sequence[str], at: int) -> str:
    return tokens[at] if at < len(tokens) else ""
