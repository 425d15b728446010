"""Word and character errors: counts that are right for any two sequences, and Persian and English spelling evened out."""

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avasanj.persian import ZWNJ
from transcription.word_errors import Errors, align, compare, errors, words

few = st.lists(st.sampled_from("abcd"), max_size=8)
PIECES = """
    می نمی ها های ه ی به بیست و سه نه صد هزار میلیون یک صفر نیم ممیز م ام ۲۳ 0 5 3.5 سوم ب خانه شه 0912
"""
persian = st.lists(st.sampled_from(PIECES.split()), max_size=10)
text = st.one_of(persian.map(" ".join), persian.map("\u200c".join), st.text(max_size=40))


def shortest(one: str, other: str) -> tuple[int, int]:
    """Edits of the shortest way and the fewest substitutions on any such way, by the plain table."""
    table: dict[tuple[int, int], tuple[int, int]] = {}
    for i, j in product(range(len(one) + 1), range(len(other) + 1)):
        ways = [(0, 0)] if i == j == 0 else []
        ways += [(table[i - 1, j][0] + 1, table[i - 1, j][1])] if i else []
        ways += [(table[i, j - 1][0] + 1, table[i, j - 1][1])] if j else []
        if i and j:
            changed = one[i - 1] != other[j - 1]
            ways.append((table[i - 1, j - 1][0] + changed, table[i - 1, j - 1][1] + changed))
        table[i, j] = min(ways)
    return table[len(one), len(other)]


@settings(max_examples=300, deadline=None)
@given(few, few, few)
def test_errors_are_those_of_the_shortest_way_the_same_both_ways_and_never_longer_than_a_detour(a, b, c) -> None:
    there, back = errors(a, b), errors(b, a)
    assert (there.edits, there.substitutions) == shortest(a, b)
    assert (back.substitutions, back.deletions, back.insertions) == (
        there.substitutions,
        there.insertions,
        there.deletions,
    )
    assert errors(a, c).edits <= there.edits + errors(b, c).edits
    assert abs(len(a) - len(b)) <= there.edits <= max(len(a), len(b))


@settings(max_examples=200, deadline=None)
@given(few, few)
def test_an_alignment_names_every_place_once_in_order_and_has_as_many_errors(a, b) -> None:
    pairs = align(a, b)
    assert [i for i, _ in pairs if i is not None] == list(range(len(a)))
    assert [j for _, j in pairs if j is not None] == list(range(len(b)))
    assert sum(i is None or j is None or a[i] != b[j] for i, j in pairs) == errors(a, b).edits


@settings(max_examples=400, deadline=None)
@given(text, text, st.sampled_from(["fa", "en"]))
def test_any_text_is_like_itself_and_joining_words_only_lessens_errors(one, other, language) -> None:
    assert compare(one, one, language).words.edits == 0
    assert compare(one, one, language).characters.edits == 0
    found = compare(one, other, language).words
    assert found.length == len(words(one, language))
    assert found.edits <= errors(words(one, language), words(other, language)).edits


def test_a_rate_is_errors_for_each_word_said_and_none_where_nothing_was() -> None:
    said = compare("one two three four", "one too three for five", "en").words
    assert said == Errors(substitutions=1, insertions=2, deletions=0, length=4) or said.edits == 3
    assert said.rate == 0.75
    assert compare("", "some words", "en").words == Errors(insertions=2)
    assert compare("", "some words", "en").words.rate is None
    assert compare("two words", "", "en").words.rate == 1.0
    assert (said + compare("a b", "a", "en").words).length == 6


#: each line: spellings of one thing
PERSIAN = """
بیست و سه نفر | ۲۳ نفر | 23 نفر | ٢٣ نفر | بیست‌و‌سه نفر
سال هزار و چهارصد و سه | سال ۱۴۰۳ | سال 1403
دوازده هزار و پانصد تومن | ۱۲٬۵۰۰ تومان | 12,500 تومان | ۱۲ هزار و ۵۰۰ تومن
سه و نیم میلیون | ۳٫۵ میلیون | ۳/۵ میلیون | 3500000
دو هزار میلیارد تومان | ۲۰۰۰ میلیارد تومان
صفر نهصد و دوازده سیصد و چهل و پنج شصت و هفت هشتاد و نه | ۰۹۱۲ ۳۴۵ ۶۷ ۸۹ | 09123456789 | صفر نه یک دو سه چهار پنج شش هفت هشت نه
بیست و سوم آبان | ۲۳م آبان | ۲۳ام آبان | ۲۳‌ام آبان
سی‌ام آذر | ۳۰ام آذر | سی ام آذر
دومین بار | ۲مین بار
هیجده درصد | هجده درصد | ۱۸٪ | ۱۸ ٪
سه ممیز هفتاد و پنج | ۳٫۷۵
ساعت نه صبح | ساعت ۹ صبح
نه، نمی‌خواهم | نه نمی خواهم | نه نمیخواهم
می‌روم خانه | می روم خانه | میروم خانه | مي‌روم خانه
کتاب‌های من | کتاب های من | کتابهای من | کتابهاي من
خانهٔ ما | خانه‌ی ما | خانه ی ما | خانۀ ما
رفته‌ام | رفته ام
بزرگ‌ترین مشکل | بزرگ ترین مشکل | بزرگترین مشکل
وقت بخیر | وقت به خیر | وقت به‌خیر
به‌عنوان نمونه | به عنوان نمونه | بعنوان نمونه
مسئولیت | مسؤولیت | مسوولیت
حتماً | حتما | حتمــا | حَتماً
کار دیگه‌ای هست | کار دیگه ای هست | کار دیگری هست
هیچ‌کس نیامد | هیچ کس نیامد | هیچکس نیامد
سه‌شنبه | سه شنبه | ۳ شنبه
گفت‌وگو | گفت و گو | گفتوگو
نمی‌تونم، می‌گه نمی‌شه | نمی‌توانم می‌گوید نمی‌شود
آن را دیدم | آنرا دیدم | اون را دیدم
[خنده] سلام! | سلام
پیامک SMS | پیامک sms
"""

ENGLISH = """
Twenty-three people | 23 people | twenty three people
one hundred and five | 105 | a hundred and five | one hundred five
two thousand and twenty-six | 2026 | two thousand twenty six | twenty twenty six | 2,026
the twenty-third of May | the 23rd of may
My number is five five five, one two three four | my number is 555-1234 | my number is 5551234
double five oh one | five five oh one | 5501
three point five percent | 3.5% | 3.5 percent
$1,234.50 | 1234.50 dollars
three million | 3 million | 3,000,000
It's here; we can't, won't and don't | it is here we can not will not and do not
The customer’s call | the customer's call | the customers call
I'm gonna call | I am going to call
colour, centre, organised, cancelled, cheque | color center organized canceled check
ten thirty a.m. | 10:30 AM
e-mail Mr. Smith, okay? Um | email mister smith ok
the U.S.A. | the USA
[noise] hello (laughs) | hello
first and third | 1st and 3rd
"""


@pytest.mark.parametrize(
    ("language", "line"),
    [(language, line) for language, lines in (("fa", PERSIAN), ("en", ENGLISH)) for line in lines.strip().splitlines()],
)
def test_spellings_of_one_thing_are_no_errors(language: str, line: str) -> None:
    spellings = [one.strip() for one in line.split("|")]
    for one, other in product(spellings, repeat=2):
        assert compare(one, other, language).words.edits == 0, (
            one,
            words(one, language),
            other,
            words(other, language),
        )


@pytest.mark.parametrize(
    ("language", "said", "heard", "edits"),
    [
        ("fa", "می‌خواهم", "نمی‌خواهم", 1),
        ("fa", "بیست و سه نفر", "بیست و چهار نفر", 1),
        ("fa", "سی‌ام آذر", "سیم آذر", 1),
        ("fa", "گفتگو کردیم", "گفت‌وگو کردیم", 1),  # a letter more
        ("fa", "کارت من", "کار من", 1),
        ("fa", "روی میز", "را میز", 1),
        ("fa", "۰۹۱۲۳۴۵۶۷۸۹", "۰۹۱۲ ۳۴۵ ۶۷ ۸۸", 1),
        ("fa", "ممنون از شما", "از شما", 1),
        ("fa", "دو سه چهار", "دو", 2),
        ("fa", "یک دو سه", "۱۲۳", 0),
        ("fa", "ده دو", "۱۲", 2),
        ("fa", "نه این کار را نکردم", "این کار را کردم", 2),
        ("en", "log in now", "login now", 2),  # English spaces are not free
        ("en", "four for two", "for four two", 2),
        ("en", "twenty three", "twenty four", 1),
        ("en", "your hour", "yor hor", 2),
        ("en", "I can", "I can't", 1),
        ("en", "one two three", "1 2 4", 1),
    ],
)
def test_what_is_another_word_is_an_error(language: str, said: str, heard: str, edits: int) -> None:
    assert compare(said, heard, language).words.edits == edits


def test_spaces_alone_change_neither_rate_nor_length() -> None:
    found = compare("هیچ‌کس این‌جا گفت و گو نکرد", "هیچ کس اینجا گفت‌وگو نکرد", "fa")
    assert (found.words.edits, found.characters.edits) == (0, 0)
    assert found.words.length == len(words("هیچ‌کس این‌جا گفت و گو نکرد", "fa"))


def test_character_errors_tell_a_near_miss_from_a_wrong_word() -> None:
    near, far = (compare("موجودی حساب من", heard, "fa") for heard in ("موجودی حصاب من", "موجودی تلفن من"))
    assert near.words.edits == far.words.edits == 1
    assert near.characters.edits == 1
    assert far.characters.edits > 2


def test_other_languages_are_compared_without_english_rules_breaking_their_letters() -> None:
    assert words("Grüße aus Köln, 25 °C", "de") == ["grüsse", "aus", "köln", "25", "c"]
    assert words("مرحبا بكم", "ar") == ["مرحبا", "بكم"]


def test_real_texts_written_with_other_spaces_letters_and_digits_have_no_errors(shared: Path) -> None:
    """Reviews, orders and sentences as people wrote them; 16,500 words of them were looked at so, these are a part."""
    files = sorted((shared / "eval" / "text").glob("fa-*.jsonl"))
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [json.loads(line).get("text") or "" for line in lines[::50]]
    arabic, digits = str.maketrans("یک", "يك"), str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
    total = 0
    for one in texts:
        for other in (one.replace(ZWNJ, " "), one.replace(ZWNJ, ""), one.translate(arabic), one.translate(digits)):
            found = compare(one, other, "fa").words
            assert found.edits == 0, (one, other)
            total += found.length
    assert total > 4_000
