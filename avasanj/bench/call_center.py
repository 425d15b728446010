"""A center's stored calls, made up by the thousand: talk in both languages, no two calls alike, straight into the database."""

from __future__ import annotations

import datetime
import json
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

import psycopg

TURN_S, PAUSE_S = 4.0, 0.5
_AT_A_TIME = 1000
_AGENTS = (
    "Emma Collins",
    "Kevin Marsh",
    "Sara Lindqvist",
    "نگار صادقی",
    "رضا کاظمی",
    "مریم یوسفی",
    "Daniel Price",
    "هانیه راد",
)
_QUEUES = ("service", "support", "sales", "billing")
_NAMES = {
    "en": ("Hayes", "Turner", "Novak", "Ellis", "Porter", "Quinn", "Barker", "Lowe", "Mercer", "Doyle", "Finch", "Archer"),
    "fa": ("احمدی", "رستمی", "کریمی", "موسوی", "صالحی", "نوری", "اکبری", "شریفی", "قاسمی", "حیدری", "رضوانی", "فلاح"),
}  # fmt: skip
#: Put behind some sentences, so that no two calls hold the same words: an order, an amount, a day.
_TAILS = {
    "en": ("It was order number {n}.", "That came to {n} pounds.", "I wrote it down as case {n}.", "My name is {name}."),
    "fa": ("شماره سفارشم {n} بود.", "مبلغش شد {n} تومن.", "کد پیگیری {n} رو دادن بهم.", "من {name} هستم."),
}  # fmt: skip
_START = datetime.datetime(2026, 5, 1, 6, tzinfo=datetime.UTC)
_CALL = (
    "id pbx linked_id source direction state disposition queue caller_name customer_e164 started_at answered_at ended_at "
    "wait_s ring_s talk_s hold_s holds transfers language complete updated_at"
)
_SPAN = "call_id position interface agent_name started_at ended_at hold_s ring_s"
_RECORDING = "call_id party path offset_s"
_HOLD = "call_id started_at ended_at by"
_TRANSCRIPT = "id call_id current language source too_weak speakers_guessed dropped made_at changed_at"
_TURN = "transcript_id position party start_s end_s text plain confidence"
_EVALUATION = (
    "id call_id span_position agent_name scorecard scorecard_version score passed needs_person counts kept_out failed doubted "
    "critical sections answered made_at"
)
_ANSWER = (
    "evaluation_id position question title value points points_possible confidence method made_by evidence reason kind critical "
    "fatal needs_person"
)
#: Slow to keep up row by row; made again when all rows are there, but for the search of words, which a replay never uses.
_DROPPED = (
    "set synchronous_commit = off",
    "set session_replication_role = replica",
    "drop index transcription.ix_turn_plain",
    "alter table transcription.turn drop constraint uq_turn_transcript_id_position",
)
_MADE_AGAIN = (
    "alter table transcription.turn add constraint uq_turn_transcript_id_position unique (transcript_id, position)",
    "analyze",
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The form that the calls are to have been scored by: its key, version and questions with their weights."""

    key: str
    version: int
    questions: Sequence[tuple[str, float]]


def fill(url: str, calls: int, turns: int, standing: Standing, say: Callable[[int], None], seed: int = 1) -> None:
    """Calls of so many turns over half a year, half of them Persian, each with a transcript and a standing evaluation.

    Half the sentences are those of the written training calls, the other half carry a name or a number of their own. The standing
    answers are drawn, not given: a replay then finds many that change, which costs it more than a real form would.
    """
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1)) as connection:
        cursor = connection.cursor()
        for statement in _DROPPED:
            cursor.execute(statement)
        for first in range(0, calls, _AT_A_TIME):
            rows = _Rows(random.Random(seed * 1_000_003 + first), turns, standing)  # noqa: S311 - made-up talk
            for number in range(first, min(calls, first + _AT_A_TIME)):
                rows.add(number)
            for table, columns, lines in rows.tables():
                names = ", ".join(columns.split())
                with cursor.copy(f"copy {table} ({names}) from stdin") as copy:
                    copy.write("".join(lines))
            connection.commit()
            say(min(calls, first + _AT_A_TIME))
        for statement in _MADE_AGAIN:
            cursor.execute(statement)
        connection.commit()


class _Rows:
    """Lines in the text form of COPY."""

    def __init__(self, chance: random.Random, turns: int, standing: Standing) -> None:
        self._chance, self._turns, self._standing = chance, turns, standing
        self._lines: dict[str, list[str]] = {table: [] for table, _ in _TABLES}

    def tables(self) -> Iterator[tuple[str, str, list[str]]]:
        for table, columns in _TABLES:
            yield table, columns, self._lines[table]

    def add(self, number: int) -> None:
        chance = self._chance
        id_, transcript = (uuid.UUID(int=chance.getrandbits(128), version=4) for _ in range(2))
        language = "fa" if number % 2 else "en"
        began = _START + datetime.timedelta(seconds=150.0 * number)
        length_s = self._turns * (TURN_S + PAUSE_S)
        ended = began + datetime.timedelta(seconds=length_s + 12)
        name, agent = chance.choice(_NAMES[language]), chance.choice(_AGENTS)
        phone = f"+1416555{chance.randrange(10_000):04d}"
        held = chance.random() < 0.15
        self._put(
            "telephony.call", id_, "bench", id_, "live", "inbound", "ended", "answered", chance.choice(_QUEUES), name, phone,
            began, began + datetime.timedelta(seconds=12), ended, 12, 6, length_s, 20 if held else 0, int(held), 0, language, "t", ended,
        )  # fmt: skip
        self._put("telephony.agent_span", id_, 0, f"PJSIP/{1000 + _AGENTS.index(agent)}", agent, began, ended, 0, 6)
        for party in ("agent", "customer"):
            self._put("telephony.recording", id_, party, f"/{id_}-{party}.wav", 0)
        if held:
            hold = began + datetime.timedelta(seconds=40)
            self._put("telephony.hold_span", id_, hold, hold + datetime.timedelta(seconds=20), "agent")
        self._put("transcription.transcript", transcript, id_, "t", language, "whisper", "f", "f", "[]", ended, ended)
        self._talk(transcript, language, name)
        self._evaluate(id_, agent, ended)

    def _talk(self, transcript: uuid.UUID, language: str, name: str) -> None:
        chance, lines, spoken = self._chance, self._lines["transcription.turn"], _sentences()[language]
        key = str(transcript)
        for position in range(self._turns):
            party = "customer" if position % 2 else "agent"
            text = chance.choice(spoken[party])
            if chance.random() < 0.5:
                tail = chance.choice(_TAILS[language])
                text = f"{text} {tail.format(n=chance.randrange(1, 99_999), name=name)}"
            start_s = position * (TURN_S + PAUSE_S)
            said = text.translate(_ESCAPED)
            lines.append(f"{key}\t{position}\t{party}\t{start_s}\t{start_s + TURN_S}\t{said}\t{said.casefold()}\t0.9\n")

    def _evaluate(self, call: uuid.UUID, agent: str, at: datetime.datetime) -> None:
        chance, key = self._chance, uuid.UUID(int=self._chance.getrandbits(128), version=4)
        values = [chance.choice(("yes", "yes", "no")) for _ in self._standing.questions]
        asked = [
            (question, weight, value)
            for (question, weight), value in zip(self._standing.questions, values, strict=True)
        ]
        got = sum(weight for _, weight, value in asked if value == "yes")
        self._put(
            "scoring.evaluation", key, call, 0, agent, self._standing.key, self._standing.version, got, "t", "f", "t", "[]", "f",
            "[]", "[]", "[]", 1, at,
        )  # fmt: skip
        for position, (question, weight, value) in enumerate(asked):
            self._put(
                "scoring.answer", key, position, question, "{}", value, weight if value == "yes" else 0, weight, 0.95, "rule",
                _MADE_BY, "[]", _REASON, "yes_no", "f", "f", "f",
            )  # fmt: skip

    def _put(self, table: str, *values: object) -> None:
        self._lines[table].append("\t".join(map(str, values)) + "\n")


_TABLES = (
    ("telephony.call", _CALL),
    ("telephony.agent_span", _SPAN),
    ("telephony.recording", _RECORDING),
    ("telephony.hold_span", _HOLD),
    ("transcription.transcript", _TRANSCRIPT),
    ("transcription.turn", _TURN),
    ("scoring.evaluation", _EVALUATION),
    ("scoring.answer", _ANSWER),
)
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": " ", "\n": " ", "\r": " "})
_MADE_BY = json.dumps({"question": "0" * 12, "model": None})
_REASON = json.dumps({"id": "Nothing of the kind was heard", "values": {}})
_KEPT: dict[str, dict[str, list[str]]] = {}


def _sentences() -> dict[str, dict[str, list[str]]]:
    """What agents and customers say in the written calls, by language and party."""
    if not _KEPT:
        for language in ("en", "fa"):
            text = (resources.files("scoring") / "data" / f"calls-{language}.jsonl").read_text(encoding="utf-8")
            said: dict[str, list[str]] = {"agent": [], "customer": []}
            for line in text.splitlines():
                for turn in json.loads(line)["turns"]:
                    said[turn["party"]].append(turn["text"])
            _KEPT[language] = said
    return _KEPT
