"""Persian verbs in all forms in which they are said, formal and colloquial, as regular expressions.

`[کردن]` finds می‌کنم, کردیم, بکنید, کنین, کرده‌اند, خواهم کرد; `[نکردن]` the denied ones. A person may be named: `[کردن:من]` I or we,
`[کردن:شما]` you and requests, `[کردن:او]` he, she, they. Letters are those of the search form (آ as ا).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

#: infinitive -> past stem, present stems (the formal one first)
STEMS: dict[str, tuple[str, ...]] = {
    "کردن": ("کرد", "کن"),
    "شدن": ("شد", "شو", "ش"),
    "بودن": ("بود", "باش"),
    "داشتن": ("داشت", "دار", "داشته باش"),
    "خواستن": ("خواست", "خواه", "خوا"),
    "توانستن": ("توانست", "توان", "تون"),
    "تونستن": ("تونست", "توان", "تون"),
    "دادن": ("داد", "ده", "د"),
    "گفتن": ("گفت", "گوی", "گو", "گ"),
    "گرفتن": ("گرفت", "گیر"),
    "زدن": ("زد", "زن"),
    "رفتن": ("رفت", "رو", "ر"),
    "امدن": ("امد", "ای", "ا", "یا"),
    "اومدن": ("اومد", "ای", "ا", "یا"),
    "اوردن": ("اورد", "اور", "ار", "یار"),
    "رسیدن": ("رسید", "رس"),
    "رساندن": ("رساند", "رسان", "رسون"),
    "فرستادن": ("فرستاد", "فرست"),
    "فرمودن": ("فرمود", "فرمای", "فرما"),
    "گذاشتن": ("گذاشت", "گذار", "ذار", "زار"),
    "برداشتن": ("برداشت", "بردار"),
    "ماندن": ("ماند", "مان", "مون"),
    "موندن": ("موند", "مان", "مون"),
    "دانستن": ("دانست", "دان", "دون"),
    "دونستن": ("دونست", "دان", "دون"),
    "دیدن": ("دید", "بین"),
    "شنیدن": ("شنید", "شنو"),
    "خواندن": ("خواند", "خوان", "خون"),
    "خوندن": ("خوند", "خوان", "خون"),
    "نوشتن": ("نوشت", "نویس"),
    "پرسیدن": ("پرسید", "پرس"),
    "پرداختن": ("پرداخت", "پرداز"),
    "خریدن": ("خرید", "خر"),
    "فروختن": ("فروخت", "فروش"),
    "گشتن": ("گشت", "گرد"),
    "گرداندن": ("گرداند", "گردان", "گردون"),
    "گردوندن": ("گردوند", "گردان", "گردون"),
    "بخشیدن": ("بخشید", "بخش"),
    "فهمیدن": ("فهمید", "فهم"),
    "کشیدن": ("کشید", "کش"),
    "بستن": ("بست", "بند"),
    "انداختن": ("انداخت", "انداز"),
    "یافتن": ("یافت", "یاب"),
    "پذیرفتن": ("پذیرفت", "پذیر"),
    "ساختن": ("ساخت", "ساز"),
    "نمودن": ("نمود", "نمای"),
    "گردیدن": ("گردید", "گرد"),
    "ریختن": ("ریخت", "ریز"),
}
_PRESENT = {"من": "(?:یم|م)", "شما": "(?:ید|ین|ی|)", "او": "(?:ند|ن|د|ه|ست|)"}
_PAST = {
    "من": "(?:یم|م|ه ?ایم|ه ?ام|م)",
    "شما": "(?:ید|ین|ی|ه ?اید|ه ?این|ه ?ای)",
    "او": "(?:ند|ن|ه ?اند|ه ?ان|ه ?است|ه|)",
}
_FUTURE = {"من": "(?:یم|م)", "شما": "(?:ید|ین|ی)", "او": "(?:ند|ن|د)"}
#: me, you, it: said with the verb, as in می‌فرستمتون
_OBJECT = "(?: ?(?:شون|تون|مون|شان|تان|مان|ش|ت))?"


def is_known(verb: str) -> bool:
    infinitive, _, person = verb.partition(":")
    return (infinitive in STEMS or infinitive.removeprefix("ن") in STEMS) and person in {"", *_PRESENT}


@cache
def source(verb: str) -> str:
    """The forms of a verb as written in a pattern, without the brackets. Raises KeyError for one that is not known."""
    infinitive, _, person = verb.partition(":")
    denied = infinitive not in STEMS
    past, *present = STEMS[infinitive.removeprefix("ن") if denied else infinitive]
    persons = [person] if person else [*_PRESENT]
    now, then, later = (_any(table[one] for one in persons) for table in (_PRESENT, _PAST, _FUTURE))
    stems = _any(sorted(present, key=len, reverse=True))
    no = "ن" if denied else ""
    going_on = f"{no}می ?{stems}{now}"
    wished = f"{'ن[یا]?' if denied else 'بی?|'}"
    wished = f"(?:{wished}){stems}{now}"
    done = f"{no}(?:می ?)?{past}{then}"
    coming = f"{no}خواه{later} ?{past}"
    return f"(?:{going_on}|{wished}|{done}|{coming}){_OBJECT}"


def needles(verb: str) -> tuple[str, ...]:
    """Letters of which one is in every form."""
    infinitive = verb.partition(":")[0]
    return STEMS[infinitive if infinitive in STEMS else infinitive.removeprefix("ن")]


def _any(parts: Iterable[str]) -> str:
    return "(?:" + "|".join(parts) + ")"
