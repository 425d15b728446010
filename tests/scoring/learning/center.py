"""A small center: an encoder of words as wide as the real one, and calls whose customers say what their labels mean."""

from __future__ import annotations

import datetime
import uuid
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avasanj.database import Database
from avasanj.people import Role, User
from scoring.learning.gold import label_call, label_turn
from scoring.learning.talks import Mark, Talk, of_text
from telephony.tables import Call
from transcription.tables import Transcript, Turn

START = datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.UTC)
POOLS = {
    "neg": ["gromp", "fleen", "trosk", "wib"],
    "neu": ["bill", "number", "address", "invoice"],
    "pos": ["zint", "lorp", "quell", "mabe"],
}
ANY = ["the", "a", "order", "phone", "today", "street", "name"]
SATISFACTION = {"neg": 2, "neu": 3, "pos": 5}


class WideWords:
    """Texts with the same words lie close together. Instant, the same each time, as wide as what the shipped heads were trained on."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), 384)

    @staticmethod
    def _vector(text: str) -> NDArray[np.float64]:
        words = [np.random.default_rng(zlib.crc32(word.encode())).normal(size=384) for word in text.split()]
        vector = np.sum(words, axis=0) / 4 + 1.0
        return np.asarray(vector / np.linalg.norm(vector))


def said(random: np.random.Generator, label: str) -> str:
    return " ".join(random.permutation([*random.choice(POOLS[label], 2), *random.choice(ANY, 3)]))


def talks(
    count: int, seed: int = 0, shares: tuple[float, float, float] = (0.4, 0.3, 0.3), queue: str | None = None
) -> list[Talk]:
    """Single turns of a made-up language, of which the shipped heads know nothing."""
    random = np.random.default_rng(seed)
    labels = random.choice(list(POOLS), count, p=shares)
    made = []
    for n, label in enumerate(labels.tolist()):
        mark = Mark(label=label, satisfaction=SATISFACTION[label])
        one = of_text(said(random, label), mark, group=f"{queue}-{seed}-{n}", language="en", agent="how may i help")
        made.append(Talk(**{**vars(one), "queue": queue}))
    return made


def fill(database: Database, count: int, *, right: bool = True, seed: int = 0) -> uuid.UUID:
    """`count` calls of three customer turns each, labelled by one person: as the words say, or at random."""
    random = np.random.default_rng(seed)
    with database.transaction() as session:
        person = User(login=f"s{seed}", name="S", role=Role.SUPERVISOR)
        session.add(person)
        session.flush()
        for n in range(count):
            mood = "neg" if n % 2 else "pos"
            labels = ["neu", mood, mood]
            call_id = uuid.UUID(int=1000 * seed + n + 1)
            session.add(
                Call(
                    id=call_id, pbx="pbx", linked_id=str(call_id), source="live", direction="inbound", state="ended", queue="bills",
                    started_at=START + datetime.timedelta(hours=n),
                )
            )  # fmt: skip
            session.flush()
            lines = [
                line for label in labels for line in (("agent", "how may i help"), ("customer", said(random, label)))
            ]
            session.add(
                Transcript(
                    call_id=call_id, language="en", source="whisper",
                    turns=[
                        Turn(position=k, party=party, start_s=6.0 * k, end_s=6.0 * k + 5, text=text)
                        for k, (party, text) in enumerate(lines)
                    ],
                )
            )  # fmt: skip
            session.flush()
            for k, label in enumerate(labels):
                given = label if right else str(random.choice(list(POOLS)))
                label_turn(session, call_id, 2 * k + 1, person.id, label=given, satisfaction=SATISFACTION[given])
            sad = mood == "neg" if right else bool(random.integers(2))
            label_call(session, call_id, person.id, satisfaction=2 if sad else 5)
    return person.id
