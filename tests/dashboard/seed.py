"""A small call center's day for looking at pages: calls in every state, in both languages, with sound. All names and numbers are made up."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.database import Database, utc_now
from avasanj.people import Role, StuckWork, User, Worker
from avasanj.settings import Settings
from crm_sync.tables import Connection, Customer, CustomerPhone, FollowUp, OutboxEvent, TimelineEntry
from scoring.tables import Answer, Evaluation, Mood
from telephony import problems
from telephony.tables import AgentSpan, Call, HoldSpan, Pbx, Recording
from transcription.tables import Playback, Transcript, Turn

PASSWORD = "long enough to keep"
_RATE_HZ = 16_000
_SPACE = uuid.UUID("6a7d2c2e-7c50-4a57-a9a8-3f0c8e4b9a11")

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


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """Ids of what was made, by a short name."""

    admin: uuid.UUID
    supervisor: uuid.UUID
    agent: uuid.UUID
    calls: dict[str, uuid.UUID] = field(default_factory=dict)
    customers: dict[str, uuid.UUID] = field(default_factory=dict)
    follow_ups: dict[str, uuid.UUID] = field(default_factory=dict)


def call_id(name: str) -> uuid.UUID:
    return uuid.uuid5(_SPACE, name)


def seed(database: Database, settings: Settings) -> Seeded:
    """Fill an empty, migrated database and the media folder."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    hashed = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8192),)).hash(PASSWORD)
    now = utc_now()
    with database.transaction() as session:
        people = _people(session, hashed)
        customers = _customers(session, now)
        session.flush()
        calls = _calls(session, settings, now, customers)
        session.flush()
        owed = _follow_ups(session, now, customers, people)
        _health(session, now)
    return Seeded(**people, calls=calls, customers={key: c.id for key, c in customers.items()}, follow_ups=owed)


def _people(session: Session, hashed: str) -> dict[str, uuid.UUID]:
    made = {
        "admin": User(login="admin", name="نرگس کاویانی", role=Role.ADMINISTRATOR, password_hash=hashed, language="fa"),
        "supervisor": User(
            login="super", name="Martin Hale", role=Role.SUPERVISOR, password_hash=hashed, language="en"
        ),
        "agent": User(
            login="agent",
            name="لیلا محمدی",
            role=Role.AGENT,
            password_hash=hashed,
            language="fa",
            agent_name="لیلا محمدی",
        ),
    }
    session.add_all(made.values())
    session.flush()
    return {key: user.id for key, user in made.items()}


def _customers(session: Session, now: datetime.datetime) -> dict[str, Customer]:
    def one(name: str | None, *numbers: str, days: int = 400, sample: bool = False) -> Customer:
        phones = [CustomerPhone(e164=number) for number in numbers]
        return Customer(name=name, phones=phones, sample=sample, created_at=now - datetime.timedelta(days=days))

    made = {
        "sara": one("سارا احمدی", "+989125550134", "+982155501340", days=1500),
        "reza": one("رضا کریمی", "+989355550177"),
        "unnamed": one(None, "+989195550162", days=2),
        "olivia": one("Olivia Brandt", "+14165550127", sample=True),
        "father": one("خانواده نوری (پدر)", "+982155501999"),
        "daughter": one("خانواده نوری (دختر)", "+982155501999"),
    }
    session.add_all(made.values())
    return made


def _calls(
    session: Session, settings: Settings, now: datetime.datetime, customers: dict[str, Customer]
) -> dict[str, uuid.UUID]:
    def add(name: str, ago_min: float, **facts: Any) -> Call:
        at = now - datetime.timedelta(minutes=ago_min)
        base: dict[str, Any] = {
            "pbx": "main", "linked_id": f"1763800000.{len(made)}", "source": "live", "direction": "inbound", "state": "ended",
            "disposition": "answered", "queue": "پشتیبانی", "called_raw": "02155500000", "started_at": at, "wait_s": 12.0, "language": "fa",
        }  # fmt: skip
        call = Call(id=call_id(name), **(base | facts))
        session.add(call)
        session.flush()
        made[name] = call.id
        return call

    made: dict[str, uuid.UUID] = {}
    sara, reza, olivia = customers["sara"], customers["reza"], customers["olivia"]

    add("ringing", 0.2, state="ringing", disposition=None, wait_s=None, customer_e164="+989365550119", queue="فروش")
    waiting = add(
        "waiting",
        1.7,
        state="waiting",
        disposition=None,
        wait_s=None,
        customer_e164="+989125550134",
        caller_name="سارا احمدی",
    )
    waiting.queued_at = waiting.started_at
    talking = add("talking", 4.2, state="talking", disposition=None, customer_e164="+989355550177", wait_s=31.0)
    talking.answered_at = talking.started_at + datetime.timedelta(seconds=31)
    session.add(
        AgentSpan(
            call_id=talking.id,
            position=0,
            interface="PJSIP/1002",
            agent_name="لیلا محمدی",
            started_at=talking.answered_at,
        )
    )
    _place(session, talking, reza)

    angry = add("angry", 42, customer_e164="+989125550134", wait_s=70.0, holds=1, hold_s=20.0)
    _spoken(session, settings, angry, ANGRY_FA, agent="لیلا محمدی", source="avasanj-script", hold=True)
    _place(session, angry, sara)
    _judge(session, angry, ANGRY_FA, 0.87, 54.0)

    calm = add("calm", 95, customer_e164="+989355550177", queue="فروش")
    _spoken(session, settings, calm, CALM_FA, agent="امیر رضایی", source="avasanj-script")
    _place(session, calm, reza)
    _judge(session, calm, CALM_FA, 0.06, 96.0, unsure=False)

    abandoned = add(
        "abandoned", 130, disposition="abandoned", customer_e164="+989195550162", wait_s=220.0, hung_up_by="customer"
    )
    abandoned.ended_at = abandoned.started_at + datetime.timedelta(seconds=220)
    _place(session, abandoned, customers["unnamed"])

    english = add(
        "english",
        60 * 26,
        source="sample",
        customer_e164="+14165550127",
        queue="support",
        language="en",
        caller_name="Olivia Brandt",
    )
    _spoken(
        session,
        settings,
        english,
        ANGRY_EN,
        agent="Dana Whitfield",
        source="whisper",
        model="whisper-base int8",
        language="en",
        hold=True,
    )
    _place(session, english, olivia)
    _judge(session, english, ANGRY_EN, 0.71, 68.0)

    happy = add("happy", 60 * 50, source="sample", customer_e164="+14165550112", queue="support", language="en")
    _spoken(
        session,
        settings,
        happy,
        CALM_EN,
        agent="Priya Nair",
        source="whisper",
        model="whisper-base int8",
        language="en",
    )
    _judge(session, happy, CALM_EN, 0.04, 100.0, unsure=False)

    weak = add("weak", 60 * 28, customer_e164="+989125550134", complete=False)
    cut_off = problems.text(problems.CUT_OFF, file="/var/spool/asterisk/monitor/weak-2-r.wav")
    session.add(Recording(call_id=weak.id, party="agent", path="weak-2-r.wav", problem=cut_off))
    _spoken(
        session, settings, weak, CALM_FA, agent="لیلا محمدی", source="whisper", model="whisper-base int8", too_weak=True
    )
    _place(session, weak, sara)
    _judge(session, weak, CALM_FA, 0.42, None, unsure=True)

    working = add(
        "working", 3, customer_e164="+989355550177", ended_at=now - datetime.timedelta(minutes=1), talk_s=96.0
    )
    session.add(
        AgentSpan(
            call_id=working.id,
            position=0,
            interface="PJSIP/1003",
            agent_name="امیر رضایی",
            started_at=working.started_at,
        )
    )
    session.add(
        Recording(call_id=working.id, party="agent", path="/var/spool/asterisk/monitor/working-r.wav", offset_s=10.0)
    )
    _place(session, working, reza)

    broken = add("broken", 200, customer_e164=None, talk_s=61.0, queue=None, direction="outbound")
    session.add(
        AgentSpan(
            call_id=broken.id, position=0, interface="PJSIP/1003", agent_name="امیر رضایی", started_at=broken.started_at
        )
    )
    problem = problems.text(problems.EMPTY, file="/var/spool/asterisk/monitor/broken-r.wav")
    session.add(
        Recording(call_id=broken.id, party="agent", path="/var/spool/asterisk/monitor/broken-r.wav", problem=problem)
    )

    shared = add("shared", 300, customer_e164="+982155501999")
    _spoken(session, settings, shared, CALM_FA, agent="امیر رضایی", source="avasanj-script")
    candidates = [str(customers["father"].id), str(customers["daughter"].id)]
    session.add(TimelineEntry(call_id=shared.id, customer_id=None, candidates=candidates, at=shared.started_at))
    _judge(session, shared, CALM_FA, 0.08, 92.0, unsure=False)

    stuck = add("stuck", 360, customer_e164="+989195550162", talk_s=180.0)
    session.add(
        AgentSpan(
            call_id=stuck.id, position=0, interface="PJSIP/1002", agent_name="لیلا محمدی", started_at=stuck.started_at
        )
    )
    session.add(Recording(call_id=stuck.id, party="customer", path="/var/spool/asterisk/monitor/stuck-t.wav"))
    _place(session, stuck, customers["unnamed"])
    return made


def _place(session: Session, call: Call, customer: Customer) -> None:
    session.add(TimelineEntry(call_id=call.id, customer_id=customer.id, at=call.started_at))


def _times(lines: list[Line]) -> list[tuple[float, float]]:
    times, at_s = [], 0.0
    for _, silence_s, spoken_s, _, _ in lines:
        times.append((round(at_s + silence_s, 2), round(at_s + silence_s + spoken_s, 2)))
        at_s = times[-1][1]
    return times


def _spoken(
    session: Session, settings: Settings, call: Call, lines: list[Line], *, agent: str, source: str, model: str | None = None,
    language: str = "fa", too_weak: bool = False, hold: bool = False,
) -> None:  # fmt: skip
    times = _times(lines)
    duration_s = times[-1][1] + 0.6
    wait_s = call.wait_s or 0.0
    call.answered_at = call.started_at + datetime.timedelta(seconds=wait_s)
    call.ended_at = call.answered_at + datetime.timedelta(seconds=duration_s)
    call.talk_s = duration_s
    session.add(
        AgentSpan(
            call_id=call.id,
            position=0,
            interface="PJSIP/1002",
            agent_name=agent,
            started_at=call.answered_at,
            ended_at=call.ended_at,
        )
    )
    for party in ("customer", "agent"):
        session.add(
            Recording(
                call_id=call.id,
                party=party,
                path=f"/var/spool/asterisk/monitor/{call.linked_id}-{party[0]}.wav",
                offset_s=wait_s,
            )
        )
    if hold:
        longest = max(range(1, len(lines)), key=lambda index: lines[index][1])
        start = call.answered_at + datetime.timedelta(seconds=times[longest - 1][1] + 0.5)
        session.add(
            HoldSpan(
                call_id=call.id,
                started_at=start,
                ended_at=call.answered_at + datetime.timedelta(seconds=times[longest][0] - 0.5),
                by="agent",
            )
        )
    session.add(_playback(settings, call.id, lines, times, duration_s))
    transcript = Transcript(call_id=call.id, language=language, source=source, model=model, too_weak=too_weak)
    transcript.turns = [
        Turn(
            position=index,
            party=line[0],
            start_s=start,
            end_s=end,
            text=line[4],
            confidence=0.9 if source == "whisper" else None,
        )
        for index, (line, (start, end)) in enumerate(zip(lines, times, strict=True))
    ]
    session.add(transcript)


def _playback(
    settings: Settings, id_: uuid.UUID, lines: list[Line], times: list[tuple[float, float]], duration_s: float
) -> Playback:
    """Murmur in place of speech: one pitch a party, swelling like syllables."""
    sound = np.zeros((int(duration_s * _RATE_HZ), 2), dtype=np.float32)
    random = np.random.default_rng(id_.int % 2**32)
    for line, (start, end) in zip(lines, times, strict=True):
        at = np.arange(int((end - start) * _RATE_HZ)) / _RATE_HZ
        swell = np.abs(np.sin(at * 9 + random.uniform(0, 3))) * np.abs(
            np.sin(at * 2.3 + random.uniform(0, 3)) * 0.5 + 0.5
        )
        channel, pitch_hz = (0, 190.0) if line[0] == "customer" else (1, 130.0)
        first = int(start * _RATE_HZ)
        sound[first : first + len(at), channel] = (
            0.3 * (0.5 + (line[3] or 0.4)) * swell * np.sin(2 * np.pi * pitch_hz * at)
        )
    file = Path(settings.media_dir) / id_.hex[:2] / f"{id_}.ogg"
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, sound, _RATE_HZ, format="OGG", subtype="OPUS")
    blocks = np.array_split(np.abs(sound), 600)
    peaks = {
        party: [round(float(block[:, channel].max()), 3) for block in blocks]
        for channel, party in enumerate(("customer", "agent"))
    }
    return Playback(call_id=id_, path=f"{id_.hex[:2]}/{id_}.ogg", duration_s=duration_s, peaks=peaks)


def _judge(
    session: Session, call: Call, lines: list[Line], dissatisfied: float, score: float | None, *, unsure: bool = True
) -> None:
    times = _times(lines)
    spoken = [(i, *times[i], line[3], line[4]) for i, line in enumerate(lines) if line[3] is not None]
    curve = [
        {"turn": i, "start_s": a, "end_s": b, "negative": bad, "neutral": (1 - bad) * 0.7, "positive": (1 - bad) * 0.3}
        for i, a, b, bad, _ in spoken
    ]
    worst = sorted(spoken, key=lambda item: -(item[3] or 0))[:3]
    evidence = [
        {"turn": i, "start_s": a, "end_s": b, "text": text, "dissatisfied": bad}
        for i, a, b, bad, text in worst
        if (bad or 0) > 0.4
    ]
    contributions = [
        {
            "name": "worst_three",
            "label": {"id": "The three unhappiest moments", "values": {}},
            "value": worst[0][3],
            "weight": 1.42 if dissatisfied > 0.5 else -0.9,
        },
        {
            "name": "mean",
            "label": {"id": "Mood over the whole call", "values": {}},
            "value": 0.4,
            "weight": 0.83 if dissatisfied > 0.5 else -0.6,
        },
        {
            "name": "last_turns",
            "label": {"id": "Mood at the end", "values": {}},
            "value": spoken[-1][3],
            "weight": 0.21,
        },
        {
            "name": "wait",
            "label": {"id": "Long wait before the answer", "values": {}},
            "value": call.wait_s,
            "weight": 0.12,
        },
    ]
    session.add(
        Mood(
            call_id=call.id,
            dissatisfied=dissatisfied,
            model="e5-small head 1",
            curve=curve,
            evidence=evidence,
            contributions=contributions,
        )
    )
    agent = session.scalar(select(AgentSpan.agent_name).where(AgentSpan.call_id == call.id))
    evaluation = Evaluation(
        call_id=call.id, span_position=0, agent_name=agent, scorecard="service", scorecard_version=1, score=score
    )
    evaluation.needs_person = unsure
    evaluation.counts = call.source != "sample"
    evaluation.answers = _answers(lines, times, unsure=unsure)
    session.add(evaluation)


def _answers(lines: list[Line], times: list[tuple[float, float]], *, unsure: bool) -> list[Answer]:
    def words(index: int) -> list[dict[str, Any]]:
        start, end = times[index]
        return [{"party": lines[index][0], "start_s": start, "end_s": end, "text": lines[index][4], "turn": index}]

    rows: list[tuple[str, str, str, str, float, str, list[dict[str, Any]]]] = [
        ("greeting", "Greeting", "سلام و خوشامد", "yes", 0.97, "rule", words(0)),
        ("own_name", "Says own name", "معرفی خود", "yes", 0.93, "rule", words(0)),
        ("customer_confirmed", "Confirms who is calling", "تأیید هویت مشتری", "yes", 0.84, "likeness", words(2)),
        ("courtesy", "Courtesy", "ادب و احترام", "yes", 0.88, "likeness", words(2)),
        (
            "hold_announced",
            "Hold announced",
            "اعلام انتظار پیش از نگه‌داشتن",
            "no" if unsure else "na",
            0.91,
            "ledger",
            words(4) if unsure else [],
        ),
        (
            "next_step",
            "Solution or next step",
            "راه‌حل یا گام بعدی",
            "unsure" if unsure else "yes",
            0.55,
            "likeness",
            words(-2),
        ),
        ("closing", "Closing", "پایان مناسب مکالمه", "no" if unsure else "yes", 0.86, "rule", words(-2)),
        ("forbidden_words", "No forbidden words", "بدون واژه‌ی ممنوع", "yes", 0.99, "rule", []),
    ]
    return [
        Answer(
            position=i, question=key, title={"en": en, "fa": fa}, value=value, points=10.0 if value == "yes" else 0.0, points_possible=10.0,
            confidence=confidence, method=method, evidence=evidence, reason=None,
        )
        for i, (key, en, fa, value, confidence, method, evidence) in enumerate(rows)
    ]  # fmt: skip


def _follow_ups(
    session: Session, now: datetime.datetime, customers: dict[str, Customer], people: dict[str, uuid.UUID]
) -> dict[str, uuid.UUID]:
    def add(
        name: str, call: str, customer: str, rule: str, due_min: float, reason: dict[str, Any], **facts: Any
    ) -> None:
        made[name] = FollowUp(
            call_id=call_id(call),
            customer_id=customers[customer].id,
            rule=rule,
            due_at=now + datetime.timedelta(minutes=due_min),
            reason=reason,
            **facts,
        )
        session.add(made[name])
        session.flush()

    made: dict[str, FollowUp] = {}
    unhappy = {"id": "The customer was dissatisfied (likelihood %(percent)s of 100)", "values": {"percent": "87"}}
    promise = {"id": "The agent promised: “%(words)s”", "values": {"words": ANGRY_FA[8][4]}}
    missed = {"id": "The caller waited %(wait)s and hung up", "values": {"wait": "3:40"}}
    add("late", "angry", "sara", "dissatisfied", -35, unhappy)
    add("promise", "angry", "sara", "promise", 50, promise, owner_id=people["agent"])
    add("missed", "abandoned", "unnamed", "abandoned", 110, missed)
    add(
        "named",
        "english",
        "olivia",
        "promise",
        60 * 20,
        {"id": promise["id"], "values": {"words": ANGRY_EN[6][4]}},
        owner_name="Dana Whitfield",
    )
    done: dict[str, Any] = {
        "state": "done",
        "closed_at": now - datetime.timedelta(minutes=30),
        "closed_by": people["supervisor"],
    }
    add(
        "done",
        "calm",
        "reza",
        "manual-1",
        -60,
        {"id": "Opened by hand", "values": {}},
        note="فاکتور رسمی برایش فرستاده شد.",
        **done,
    )
    session.flush()
    return {name: found.id for name, found in made.items()}


def _health(session: Session, now: datetime.datetime) -> None:
    session.add(
        Pbx(
            name="main",
            state="connected",
            since=now - datetime.timedelta(hours=30),
            version="22.6.0",
            last_event_at=now,
        )
    )
    lost = problems.text(problems.UNREACHABLE, address="192.0.2.7:5038", fault="connection refused")
    session.add(Pbx(name="branch", state="lost", since=now - datetime.timedelta(minutes=12), detail=lost))
    connection = Connection(
        name="webhook", kind="webhook", url="https://crm.example.org/hooks/avasanj", state="paused", failures=12
    )
    connection.detail = "The receiver answered 500 twelve times in a row."
    session.add(connection)
    session.flush()
    event = OutboxEvent(
        event_id=uuid.uuid4(),
        connection_id=connection.id,
        call_id=call_id("angry"),
        kind="call.scored",
        partition="x",
        ordered_at=now,
    )
    event.state, event.attempts, event.last_reply = "ready", 12, "500 Internal Server Error"
    event.placed_at, event.next_try_at = now - datetime.timedelta(minutes=40), now + datetime.timedelta(minutes=3)
    dead = OutboxEvent(
        event_id=uuid.uuid4(),
        connection_id=connection.id,
        call_id=call_id("calm"),
        kind="call",
        partition="y",
        ordered_at=now - datetime.timedelta(minutes=95),
        payload={"call": str(call_id("calm"))},
    )
    dead.state, dead.attempts, dead.last_reply = "dead", 1, "422 Unprocessable: field 'agent' is unknown"
    session.add_all([event, dead])
    # seen tomorrow: alive for as long as the tests take
    seen = {"started_at": now - datetime.timedelta(hours=30), "seen_at": now + datetime.timedelta(days=1)}
    session.add(Worker(executor_id="host-a:up-1", queues=["intake", "speech", "scoring", "sync"], **seen))
    gone = now - datetime.timedelta(minutes=6)
    session.add(Worker(executor_id="host-b:work-1", queues=["speech"], started_at=gone, seen_at=gone))
    error = "Recording for call 1763800000.12 is not at /var/spool/asterisk/monitor/stuck-t.wav after 30 s. Check MixMonitor's folder."
    session.add(
        StuckWork(
            workflow_id=f"transcribe:{call_id('stuck')}",
            stage="transcribe",
            subject_id=str(call_id("stuck")),
            error=error,
        )
    )
