"""Every sample call comes out as its script intends, with the real encoder and the shipped heads."""

import pytest

from scoring import card_file, heads
from scoring.dialogue import Turn
from scoring.dissatisfaction import Line, customer_phrases, judge
from scoring.mood import Encodes, moments
from scoring.promises import promises
from scoring.questions import Setting, answer_all
from scoring.rules import said_by_anyone
from tests.scoring.dialogues import ANSWERS, Sample, samples, talk

pytestmark = pytest.mark.model
SAMPLES = samples()
BY_ID = [pytest.param(sample, id=sample.id) for sample in SAMPLES]


def dissatisfaction(turns: list[Turn], language: str, encoder: Encodes, line: Line | None = None) -> float:
    made = heads.shipped()
    found = judge(moments(turns, language, encoder, made), line or Line(), made.call_weights(language)).probability
    assert found is not None
    return found


def test_there_are_samples_of_both_languages():
    assert {sample.language for sample in SAMPLES} == {"en", "fa"}
    assert len(SAMPLES) >= 8


@pytest.mark.parametrize("sample", BY_ID)
def test_dissatisfaction_comes_out_as_intended(sample: Sample, encoder: Encodes):
    answers = answer_all(card_file.shipped(), sample.stretch, Setting(encoder=encoder))
    line = Line(
        hold_s=sum(end - start for start, end in sample.holds),
        unannounced_holds=sum(answer.question.key == "hold_announced" and answer.value == "no" for answer in answers),
        earlier_calls=int(sample.repeat),
        wrong_number=bool(said_by_anyone(customer_phrases()["wrong_number"].patterns, sample.turns)),
    )
    found = dissatisfaction(sample.turns, sample.language, encoder, line)
    assert found > 0.6 if sample.expect["dissatisfied"] else found < 0.4


@pytest.mark.parametrize("sample", BY_ID)
def test_the_scorecard_comes_out_as_intended(sample: Sample, encoder: Encodes):
    answers = {
        answer.question.key: answer
        for answer in answer_all(card_file.shipped(), sample.stretch, Setting(encoder=encoder))
    }
    intended = {key: ANSWERS[value] for key, value in sample.expect["scorecard"].items()}
    assert {key: answer.value for key, answer in answers.items()} == intended
    for answer in answers.values():
        assert answer.reason["id"]
        assert 0 <= answer.confidence <= 1
        if answer.value == "yes" and answer.question.rule and answer.question.rule.wanted:
            assert answer.evidence
            assert answer.evidence[0]["party"] == "agent"


@pytest.mark.parametrize("sample", BY_ID)
def test_promises_come_out_as_intended(sample: Sample):
    zone = "Asia/Tehran" if sample.language == "fa" else "America/Toronto"
    found = promises(sample.turns, sample.started_at, zone)
    assert bool(found) == ("promise" in sample.expect)
    assert all(promise.due_at for promise in found)


ANGRY = {
    "en": talk(
        ("a", "Thank you for calling, how can I help?"),
        ("c", "You've had my washing machine for five weeks and nobody has had the decency to ring me."),
        ("a", "I'm sorry, let me look."),
        ("c", "I don't want you to look, I want it back. This is a disgrace."),
        ("a", "It seems the part is still on order."),
        ("c", "That's exactly what I was told last month. You're hopeless, honestly."),
    ),
    "fa": talk(
        ("a", "سلام، بفرمایید، در خدمتم."),
        ("c", "پنج هفته‌ست ماشین لباسشویی من دست شماست، یه نفر پیدا نشده یه زنگ بزنه."),
        ("a", "عذر می‌خوام، اجازه بدید بررسی کنم."),
        ("c", "بررسی نمی‌خوام، وسیله‌م رو می‌خوام. واقعاً خجالت داره این وضع."),
        ("a", "قطعه‌ش هنوز نرسیده."),
        ("c", "ماه پیش هم همین رو گفتین. دیگه خسته شدم از دستتون."),
    ),
}
CONTENT = {
    "en": talk(
        ("a", "Good morning, how can I help?"),
        ("c", "Hi, I just wanted to check whether my order has left the warehouse."),
        ("a", "It has, it will be with you tomorrow."),
        ("c", "Oh lovely, that's sooner than I thought. Thanks ever so much for your help."),
        ("a", "You're welcome."),
        ("c", "Bye now."),
    ),
    "fa": talk(
        ("a", "سلام، صبح بخیر، بفرمایید."),
        ("c", "سلام، می‌خواستم ببینم سفارشم ارسال شده یا نه."),
        ("a", "بله، فردا به دستتون می‌رسه."),
        ("c", "چه عالی، زودتر از چیزی که فکر می‌کردم. خیلی ممنونم، لطف کردین."),
        ("a", "خواهش می‌کنم."),
        ("c", "خداحافظ."),
    ),
}
BUSINESS = {
    "en": talk(
        ("a", "Hello, how can I help?"),
        ("c", "I'd like to change the address on my policy."),
        ("a", "What is the policy number?"),
        ("c", "It's four four one, nine two."),
        ("a", "And the new address?"),
        ("c", "Twelve Mill Lane, from the first of March."),
        ("a", "That's done."),
        ("c", "Okay, thanks, bye."),
    ),
    "fa": talk(
        ("a", "سلام، در خدمتم."),
        ("c", "سلام، می‌خواستم آدرس بیمه‌نامه‌م رو عوض کنم."),
        ("a", "شماره بیمه‌نامه؟"),
        ("c", "چهل و چهار، نود و دو، یازده."),
        ("a", "آدرس جدید؟"),
        ("c", "خیابون بهار، کوچهٔ سوم، پلاک دوازده."),
        ("a", "ثبت شد."),
        ("c", "باشه، ممنون، خداحافظ."),
    ),
}


@pytest.mark.parametrize("language", ["en", "fa"])
def test_angry_content_and_business_calls_lie_apart(language: str, encoder: Encodes):
    assert dissatisfaction(ANGRY[language], language, encoder) > 0.6
    assert dissatisfaction(CONTENT[language], language, encoder) < 0.3
    assert dissatisfaction(BUSINESS[language], language, encoder) < 0.3
