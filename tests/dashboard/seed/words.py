"""What is said in the calls: made-up Persian and English."""

from __future__ import annotations

#: party, seconds of silence before, seconds spoken, displeasure (customer only), words
Line = tuple[str, float, float, float | None, str]

ANGRY_FA: list[Line] = [
    ("agent", 0.4, 3.0, None, "سلام، وقتتون بخیر، پشتیبانی آسمان‌نت، محمدی هستم. بفرمایید."),
    ("customer", 0.5, 6.0, 0.55, "سلام خانم. من از دیروز صبح اینترنت ندارم، سه بار هم زنگ زدم، هیچ‌کس جواب درست نداده."),
    ("agent", 0.4, 3.2, None, "متوجه‌ام، ببخشید که معطل شدید. شماره اشتراکتون رو می‌فرمایید؟"),
    ("customer", 0.6, 3.0, 0.30, "هفتاد و چهار، بیست و یک، صفر نه."),
    ("agent", 0.5, 2.6, None, "یه لحظه گوشی خدمتتون باشه، الان بررسی می‌کنم."),
    ("customer", 22.0, 5.4, 0.93, "خانم این چه وضعشه؟ نیم ساعته پشت خطم، باز گوشی رو گذاشتید روی موسیقی!"),
    ("agent", 0.3, 4.0, None, "حق با شماست. مشکل از مرکز مخابراته، همکارهام دارن روش کار می‌کنن."),
    ("customer", 0.4, 6.2, 0.96, "هر بار همین رو می‌گید. اگه تا امشب درست نشه، اشتراکم رو جمع می‌کنم می‌رم جای دیگه."),
    ("agent", 0.5, 5.0, None, "چشم، من پیگیری می‌کنم و تا ساعت چهار خودم باهاتون تماس می‌گیرم."),
    ("customer", 0.6, 2.2, 0.61, "امیدوارم. خداحافظ."),
]
CALM_FA: list[Line] = [
    ("agent", 0.4, 2.8, None, "سلام، روز بخیر، رضایی هستم از واحد فروش. چه کمکی از من برمیاد؟"),
    ("customer", 0.5, 4.2, 0.10, "سلام، خسته نباشید. می‌خواستم بسته‌ی یک‌ساله رو تمدید کنم."),
    ("agent", 0.4, 3.6, None, "بله حتماً. الان پنجاه گیگ هدیه هم روش داریم. فعالش کنم براتون؟"),
    ("customer", 0.6, 2.4, 0.05, "عالیه، دستتون درد نکنه."),
    ("agent", 0.4, 3.0, None, "انجام شد. اگه سؤال دیگه‌ای نیست، روزتون خوش."),
    ("customer", 0.4, 1.6, 0.03, "ممنون، خدانگهدار."),
]
ANGRY_EN: list[Line] = [
    ("agent", 0.4, 2.4, None, "Harbor Broadband, Dana speaking, how can I help?"),
    (
        "customer",
        0.4,
        5.0,
        0.48,
        "Hi. I was billed twice this month, and this is the second time I'm calling about it.",
    ),
    ("agent", 0.5, 2.2, None, "Can I have your account number, please?"),
    ("customer", 0.5, 2.8, 0.33, "It's four four one, nine zero two."),
    ("agent", 0.5, 3.0, None, "I see both charges. I'll have to ask billing, one moment."),
    ("customer", 14.0, 4.6, 0.86, "You know, last week someone promised me a refund and nothing happened."),
    ("agent", 0.4, 4.4, None, "I'm sorry about that. I'll call you back tomorrow before noon with an answer."),
    ("customer", 0.5, 2.6, 0.52, "Fine. But I want it in writing this time."),
]
CALM_EN: list[Line] = [
    ("agent", 0.4, 2.4, None, "Good morning, Harbor Broadband, this is Priya."),
    ("customer", 0.5, 3.6, 0.08, "Morning! I just wanted to say the technician was really helpful."),
    ("agent", 0.4, 2.8, None, "That's lovely to hear, I'll pass it on. Anything else?"),
    ("customer", 0.4, 1.8, 0.04, "No, that's all. Have a good day."),
]


def times(lines: list[Line]) -> list[tuple[float, float]]:
    found, at_s = [], 0.0
    for _, silence_s, spoken_s, _, _ in lines:
        found.append((round(at_s + silence_s, 2), round(at_s + silence_s + spoken_s, 2)))
        at_s = found[-1][1]
    return found
