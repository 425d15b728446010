"""Spoken Persian numbers as digits and digits as words: one form for "بیست و سه", "۲۳" and "23".

A number that has a word of its own (سه, بیست, هزار) becomes that word, since as a word it may be part of a name (سه‌شنبه)
or mean something else (نه is nine and no); every other number becomes digits. Where several stand side by side and are as
long as a phone number, they become one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transcription.word_lists import listed

AND = "و"
HALF = "نیم"
POINT = "ممیز"
_SMALL = listed("صفر یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده")
_TENS = listed("بیست سی چهل پنجاه شصت هفتاد هشتاد نود")
_HUNDREDS = listed("صد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد")
_SCALES = {"هزار": 10**3, "میلیون": 10**6, "میلیارد": 10**9, "تریلیون": 10**12}
_WORD_OF: dict[int, str] = (
    dict(enumerate(_SMALL))
    | {20 + 10 * i: word for i, word in enumerate(_TENS)}
    | {100 * (i + 1): word for i, word in enumerate(_HUNDREDS)}
    | {value: word for word, value in _SCALES.items()}
)
#: as they are said or otherwise written
_OTHERWISE = {
    "یه": 1, "شیش": 6, "دوازه": 12, "پونزده": 15, "شونزده": 16, "هیفده": 17, "هفتده": 17, "هیجده": 18, "هژده": 18, "هیژده": 18,
    "یکصد": 100, "دیویست": 200, "دوصد": 200, "چارصد": 400, "پونصد": 500, "شیشصد": 600, "شصصد": 600, "هفصد": 700, "هشصد": 800,
    "چار": 4, "ملیون": 10**6, "ملیارد": 10**9,
}  # fmt: skip
_VALUE_OF = {word: value for value, word in _WORD_OF.items()} | _OTHERWISE
_SCALE_VALUES = frozenset(_SCALES.values())
_ORDINAL_OF = {value: f"{word}م" for value, word in _WORD_OF.items() if value} | {3: "سوم", 30: "سیام"}
_ORDINAL_VALUE = {word: value for value, word in _ORDINAL_OF.items() if value <= 100} | {"شیشم": 6}
#: after a number's digits: ۲۳م, ۲۳ام, ۲۳مین
ORDINAL_ENDS = {"م": "م", "ام": "م", "مین": "مین", "امین": "مین"}
#: said of a little and of an egg's yolk: not of the first and the hundredth
_ONLY_WITHIN = {"یکم"}
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
#: so many digits side by side are one number that was read out in groups
_PHONE_DIGITS = 7
#: longer ones are no part of a number in words
_PART_DIGITS = 9


@dataclass(frozen=True, kw_only=True)
class _Number:
    text: str  #: its digits
    value: int | None  #: None for one with leading noughts or a point
    end: str = ""  #: م or مین of an ordinal

    @property
    def words(self) -> str:
        """As it stands alone."""
        if self.value is None or self.value not in _WORD_OF:
            return self.text + self.end
        if not self.end:
            return _WORD_OF[self.value]
        ordinal = _ORDINAL_OF.get(self.value, _WORD_OF[self.value] + "م")
        return ordinal if self.end == "م" else ordinal + "ین"


def is_number(token: str) -> bool:
    """Whether a word is a number or part of one: بیست, ۲۰, هزار."""
    return token in _VALUE_OF or bool(_DIGITS.fullmatch(token))


def evened(tokens: Sequence[str]) -> list[str]:
    """The words with every number in its one form."""
    out: list[str] = []
    run: list[_Number] = []
    for item in _numbers(tokens):
        if isinstance(item, _Number) and not item.end:
            run.append(item)
            continue
        out += _written(run)
        run = []
        out.append(item.words if isinstance(item, _Number) else item)
    return out + _written(run)


def digits(token: str) -> str:
    """The digits of a number word or of digits; "" for any other word."""
    return str(_VALUE_OF[token]) if token in _VALUE_OF else token if token.isdecimal() else ""


def _written(run: Sequence[_Number]) -> list[str]:
    """Numbers side by side: as one where they are as long as a phone number that is read out in groups."""
    together = "".join(number.text for number in run)
    if len(run) > 1 and together.isdecimal() and len(together) >= _PHONE_DIGITS:
        return [together]
    return [number.words for number in run]


def _numbers(tokens: Sequence[str]) -> Iterator[str | _Number]:
    at = 0
    while at < len(tokens):
        number, end = _read(tokens, at)
        yield tokens[at] if number is None else number
        at = at + 1 if number is None else end


def _read(tokens: Sequence[str], at: int) -> tuple[_Number | None, int]:
    """The number that begins at a word, and the place after it."""
    if tokens[at].isdecimal() and (tokens[at][0] == "0" or len(tokens[at]) > _PART_DIGITS):
        return _Number(text=tokens[at], value=0 if tokens[at] == "0" else None), at + 1
    total, end, place, below, ordinal = 0.0, at, at, 10**15, ""
    while not ordinal:
        value, after, ordinal = _group(tokens, place, within=place > at)
        scale = 1 if ordinal else _scale(tokens, after)
        if (after == place and scale == 1) or scale >= below:
            return _made(tokens, total, end, "") if end > at else (None, at)
        total, end, below = total + value * scale, after + (scale > 1), scale
        while scale > 1 and _scale(tokens, end) > scale:  # هزار میلیارد
            total, end = total * _scale(tokens, end), end + 1
        if scale > 1 and (_word(tokens, end), _word(tokens, end + 1)) == (AND, HALF):
            total, end = total + scale / 2, end + 2
        if scale == 1 or _word(tokens, end) != AND:
            break
        place = end + 1
    return _made(tokens, total, end, ordinal)


def _made(tokens: Sequence[str], total: float, end: int, ordinal: str) -> tuple[_Number, int]:
    """The number with what may stand after it: the end of an ordinal, or a point and a fraction."""
    if total != int(total):
        return _Number(text=f"{total:.6f}".rstrip("0"), value=None), end
    if not ordinal and _word(tokens, end) in ORDINAL_ENDS:
        ordinal, end = ORDINAL_ENDS[tokens[end]], end + 1
    if not ordinal and _word(tokens, end) == POINT and end + 1 < len(tokens):
        fraction, after = _read(tokens, end + 1)
        if fraction is not None and fraction.text.isdecimal():
            return _Number(text=f"{int(total)}.{fraction.text}".rstrip("0").rstrip("."), value=None), after
    return _Number(text=str(int(total)), value=int(total), end=ordinal), end


def _group(tokens: Sequence[str], at: int, *, within: bool) -> tuple[float, int, str]:
    """Hundreds, tens and units with و between them, or digits: the value, the place after it, and م or مین of an ordinal.

    A group of no words has the value 1: هزار is one thousand. `within` a larger number even یکم is a number.
    """
    if _DIGITS.fullmatch(_word(tokens, at)):
        digits = tokens[at]
        return (1.0, at, "") if digits[0] == "0" and within else (float(digits), at + 1, "")
    value, end, place, below = 0.0, at, at, 1000
    while True:
        word = _word(tokens, place)
        part, ordinal = _ordinal(word, within=within or end > at) or (_VALUE_OF.get(word, below), "")
        if part >= below or (part == 0 and end > at):
            break
        value, end, below = value + part, place + 1, _below(part)
        if ordinal:
            return value, end, ordinal
        if _word(tokens, end) != AND:
            break
        if _word(tokens, end + 1) == HALF:
            return value + 0.5, end + 2, ""
        place = end + 1
    return (value, end, "") if end > at else (1.0, at, "")


def _below(part: int) -> int:
    """What may follow after و is smaller than this: after hundreds up to 99, after tens up to 9, after units nothing."""
    if part >= 100:
        return 100
    return 10 if part >= 20 else 0


def _ordinal(word: str, *, within: bool) -> tuple[int, str] | None:
    """Value and ending of سوم and سومین; what may mean something else only after another number."""
    if word in _ORDINAL_VALUE:
        return (_ORDINAL_VALUE[word], "م") if within or word not in _ONLY_WITHIN else None
    stem = word.removesuffix("ین")
    return (_ORDINAL_VALUE[stem], "مین") if stem != word and stem in _ORDINAL_VALUE else None


def _scale(tokens: Sequence[str], at: int) -> int:
    value = _VALUE_OF.get(_word(tokens, at), 1)
    return value if value in _SCALE_VALUES else 1


def _word(tokens: Sequence[str], at: int) -> str:
    return tokens[at] if at < len(tokens) else ""
