"""Persian text as words to be compared: what writers and models do differently with the same sounds is evened out.

Spaces are free in Persian spelling (می‌روم, می روم, میروم; کتاب‌ها, کتاب ها, کتابها): prefixes and suffixes are joined to
their word, and به is parted from its own. Spoken forms become written ones where the spoken one means nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from avasanj.persian import ZWNJ, letters
from transcription import persian_numbers
from transcription.word_lists import listed, paired

_ASIDE = re.compile(r"\[[^\]]*\]|<[^>]*>|\([^)]*\)")  # [خنده]
_THOUSANDS = re.compile(r"(?<=\d)[٬,،](?=\d{3}(?!\d))")
#: the sign of the fraction; a slash too, where it isn't a date's
_POINT = re.compile(r"(?<=\d)[٫.](?=\d)")
_FRACTION = re.compile(r"(?<![\d/])(\d+)/(\d+)(?![\d/])")
_BETWEEN = re.compile(r"(?<=\d)(?=[ء-ی])|(?<=[ء-ی])(?=\d)")
_WORD = re.compile(rf"\d+(?:\.\d+)?|[^\W\d_{ZWNJ}]+(?:{ZWNJ}+[^\W\d_{ZWNJ}]+)*")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_PREFIXES = frozenset({"می", "نمی", "همی"})
_SUFFIXES = frozenset(
    listed(
        "ها های هایی هایم هایت هایش هایمان هایتان هایشان هام هات هاش هامون هاتون هاشون هاست هارو تر تری ترین ترینها ترها"
    )
)
#: joined to a word that ends in a silent ه only: elsewhere they may be words
_AFTER_HE = frozenset(listed("ام ات اش ای اند ایم اید مان تان شان"))
#: ب written to its word where it is the preposition به
_WITH_BE = frozenset(
    listed("""
    بعنوان بصورت بخاطر بنظر بزودی بخوبی بسختی بندرت بسرعت بطور بطوری بویژه بهرحال بجای بدنبال بدلیل بعلت بوسیله بموقع بشدت
    بدرستی براحتی بسادگی بتدریج بغیر بهمراه بخصوص بمنظور بهیچوجه بمدت بازای باضافه باندازه باتفاق بنام بسمت بسوی بحدی بقدری
    بدست بخیر بجز بسلامت بامید بلطف بعهده
    """)
)
#: the same word otherwise spelt, and spoken forms that mean nothing else
_ONE_SPELLING = paired("""
    الآن: الان, مساله: مسیله, مسوول: مسیول, مسولیت: مسیولیت, مسوولیت: مسیولیت, هییت: هیات, اطاق: اتاق, طهران: تهران,
    بلیط: بلیت, اتوموبیل: اتومبیل, تومن: تومان, آنرا: آن را, اینرا: این را, انشاالله: ان شا الله, انشالله: ان شا الله,
    ایشالا: ان شا الله, ماشالله: ما شا الله, لطفن: لطفا, حتمن: حتما, واقعن: واقعا, اصلن: اصلا, دیگه: دیگر, دیگهای: دیگری, اگه: اگر,
    اون: آن, اونا: آنها, اونها: آنها, اینا: اینها, اونجا: آنجا, همون: همان, همونجا: همانجا, خودمون: خودمان,
    خودتون: خودتان, خودشون: خودشان, برامون: برایمان, براتون: برایتان, براشون: برایشان, برام: برایم, برات: برایت,
    براش: برایش, تلفنتون: تلفنتان, شمارتون: شمارهتان, اسمتون: اسمتان, میدون: میدان, خیابون: خیابان, تهرون: تهران,
    نون: نان, جون: جان, آقایون: آقایان, خانوم: خانم, بفرمایین: بفرمایید, بفرماین: بفرمایید, ببخشین: ببخشید,
    بزارید: بگذارید, بذارید: بگذارید, بذارین: بگذارید, بذار: بگذار
""")
#: stems of the present tense as spoken and as written; after می or نمی the spoken form means nothing else
_STEMS = paired("""
    خوا: خواه, تون: توان, دون: دان, مون: مان, رسون: رسان, گ: گوی, ش: شو, ر: رو, د: ده, یا: آی, ا: آی, ذار: گذار, زار: گذار,
    کن: کن, زن: زن, گیر: گیر, رس: رس, خر: خر, بین: بین, فرست: فرست, مال: مال
""")
_ENDINGS = {"م": "م", "ی": "ی", "ه": "د", "یم": "یم", "ین": "ید", "ید": "ید", "ن": "ند"}
#: what may be another word: می‌دید (saw), میان (between)
_OTHER_VERBS = frozenset({"دید", "رید", "یاید", "یاه", "اید", "اه", "ان", "خواه", "مالید"})
_VERBS = {
    before + stem + ending: before + written + proper
    for before in ("می", "نمی")
    for stem, written in _STEMS.items()
    for ending, proper in (_ENDINGS | ({"د": "د"} if stem in {"خوا", "یا", "ا"} else {})).items()
    if stem + ending not in _OTHER_VERBS
}
_HE, _YE = "ه", "ی"


def words(text: str) -> list[str]:
    """The words of a Persian text (with whatever else is in it), in their one form."""
    plain = _STRETCHED.sub(r"\1", _ASIDE.sub(" ", letters(text)))
    plain = plain.replace("%", " درصد ").replace("٪", " درصد ")
    plain = _FRACTION.sub(r"\1.\2", _POINT.sub(".", _THOUSANDS.sub("", plain)))
    tokens = [part for word in _WORD.findall(_BETWEEN.sub(" ", plain)) for part in _parted(word)]
    return [part for word in _joined(persian_numbers.evened(tokens)) for part in _spelt(word)]


def _parted(word: str) -> Iterator[str]:
    """A word as its parts: at ZWNJ where one of them is a number or به, else in one piece."""
    parts = [part for part in word.split(ZWNJ) if part]
    if parts[0] == "به" and len(parts) > 1:
        yield "به"
        parts = parts[1:]
    numbers = [persian_numbers.is_number(part) for part in parts]
    if len(parts) > 1 and (
        all(n or p == persian_numbers.AND for n, p in zip(numbers, parts, strict=True)) or _counts(parts)
    ):
        yield from parts
    elif len(parts) > 1 and parts[-1] == _YE and parts[-2].endswith(_HE):  # خانه‌ی ما, as خانهٔ ما
        yield "".join(parts[:-1])
    else:
        yield "".join(parts)


def _counts(parts: Sequence[str]) -> bool:
    """Ordinals written apart: بیست‌ام, سی‌ام, ۲۳‌ام."""
    return len(parts) == 2 and persian_numbers.is_number(parts[0]) and parts[1] in persian_numbers.ORDINAL_ENDS


def _spelt(token: str) -> list[str]:
    if token in _WITH_BE:
        return ["به", token.removeprefix("ب")]
    return _ONE_SPELLING.get(token, token).split()


def _joined(tokens: Sequence[str]) -> list[str]:
    """Prefixes joined to what follows and suffixes to what goes before, and spoken verbs written."""
    out: list[str] = []
    prefix = ""
    for token in tokens:
        if prefix:
            out.append(prefix + token)
            prefix = ""
        elif token in _PREFIXES:
            prefix = token
        elif out and _belongs(token, out[-1]):
            out[-1] += token
        elif not (token == _YE and out and out[-1].endswith(_HE)):
            out.append(token)
    return [_VERBS.get(word, word) for word in ([*out, prefix] if prefix else out)]


def _belongs(token: str, before: str) -> bool:
    if persian_numbers.is_number(before):
        return False
    return token in _SUFFIXES or (token in _AFTER_HE and before.endswith(_HE))
