"""The ways in which a Persian word is written and said: formal and colloquial, joined and apart, with letters that sound alike."""

from __future__ import annotations

import re

#: Letters that sound alike are taken for one another: people and recognisers mix them up.
_ALIKE = str.maketrans("ثصذضظطحغ", "سسزززتهق")
#: Words that are said or written in several ways.
_SAME = (
    "اگر اگه", "دیگر دیگه", "یک یه", "ان اون", "انها اونا اونها", "همان همون", "برایتان براتون برای شما", "است ه هست",
    "چطور چه طور چجوری چه جوری", "جان جون", "خانه خونه", "تومان تومن", "می شود می شه", "می توانم می تونم",
    "می توانید می تونید می تونین", "اینطور این طور", "بفرمایید بفرمایین بفرما", "ببخشید ببخشین", "خواهش خاهش",
    "همکاران همکارا همکارام", "نمی دانم نمی دونم", "متاسفم متاسفیم متاسفانه", "پیامک اس ام اس", "واقعا واقعن", "حتما حتمن",
)  # fmt: skip


def fold(text: str) -> str:
    """Letters that sound alike as one; as long as it was."""
    return text.translate(_ALIKE)


def _variants() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in _SAME:
        words = [fold(word) for word in _grouped(row)]
        for word in words:
            found[word] = tuple(dict.fromkeys([*found.get(word, ()), *words]))
    return found


def _grouped(row: str) -> list[str]:
    """The words of a row of `_SAME`; a می or نمی belongs to the word behind it, and so do برای شما, چه طور, این طور and اس ام اس."""
    joined = re.sub(r"\b(ن?می|چه|این|برای|اس ام|هر) (?=\w)", lambda m: m[1].replace(" ", "_") + "_", row)
    return [word.replace("_", " ") for word in joined.split()]


VARIANTS = _variants()


def spelled(word: str) -> str:
    """A Persian word in the ways in which it is written and said."""
    if word in VARIANTS:
        return "(?:" + "|".join(one.replace(" ", " ?") for one in VARIANTS[word]) + ")"
    stem, ending = _ending(word)
    for prefix in ("نمی", "می", "بی"):
        if stem.startswith(prefix) and len(stem) >= len(prefix) + 2:
            return f"{prefix} ?{stem.removeprefix(prefix)}{ending}"
    return stem + ending


def _ending(word: str) -> tuple[str, str]:
    """A word without its last letters, and the ways in which those are said: کنید and کنین, شماره‌تان and شماره‌تون."""
    if len(word) >= 4 and word.endswith("ید"):
        return word[:-2], "ی[دن]"
    if len(word) >= 4 and (word.endswith("نند") or (word.startswith(("می", "نمی")) and word.endswith("ند"))):
        return word[:-1], "د?"
    if len(word) >= 5 and word.endswith(("تان", "مان", "شان")):
        return word[:-2], "[او]ن"
    return word, ""


def certain(run: str) -> str:
    """The letters of a word that are in all its spellings."""
    stem = _ending(run)[0]
    for prefix in ("نمی", "می", "بی"):
        if stem.startswith(prefix) and len(stem) >= len(prefix) + 2:
            return stem.removeprefix(prefix)
    return stem
