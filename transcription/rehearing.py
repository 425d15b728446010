"""Making another transcript of a call, by another model than the center's own."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from avasanj.database import Database, utc_now
from avasanj.errors import LastingError
from avasanj.log import get_logger
from avasanj.notify import announce
from avasanj.settings import Settings
from telephony.storage import let_go
from transcription import hot_words, stage
from transcription.at_hand import legs_at_hand
from transcription.engine import LATER, SpeechEngine
from transcription.engines import engine_of
from transcription.speakers_ear import ear_for
from transcription.tables import Rehearing
from transcription.versions import carry_over, current, put_in_place

_log = get_logger(__name__)


class SpareEngine:
    """One more speech engine, of another model than the center's own; the last one asked for is kept until `unload`."""

    def __init__(self, settings: Settings, make: Callable[[Settings], SpeechEngine] = engine_of) -> None:
        self._settings, self._make = settings, make
        self._one_at_a_time = threading.Lock()
        self._model = ""
        self._engine: SpeechEngine | None = None

    @contextmanager
    def of(self, model: str) -> Iterator[SpeechEngine]:
        """The engine of this model, for the block alone; what another model had in memory is given back first."""
        with self._one_at_a_time:
            if self._engine is None or self._model != model:
                self._drop()
                self._engine = self._make(self._settings.model_copy(update={"speech_model": model}))
                self._model = model
            yield self._engine

    def unload(self) -> None:
        """Give the memory back, once what runs is done."""
        with self._one_at_a_time:
            self._drop()

    def leave(self) -> None:
        """For good, when the process ends: what runs is given up (`SpeechEngine.leave`)."""
        if self._engine is not None:
            self._engine.leave()

    def _drop(self) -> None:
        if self._engine is not None:
            self._engine.unload()
        self._engine = None


def hear_again(settings: Settings, database: Database, spare: SpareEngine, asked_id: uuid.UUID) -> None:
    """Make the transcript that was asked for. Done again without harm: what is done stays as it is.

    Raises LastingError when the model can't be loaded, Away where the recordings can't be reached now.
    """
    with database.read() as session:
        asked = session.get(Rehearing, asked_id)
        if asked is None or asked.done_at is not None:
            return
        call = stage.load_call(session, asked.call_id)
    legs, _ = legs_at_hand(settings, call)
    with spare.of(asked.model) as engine:
        language, sure = stage.spoken_language(settings, engine, call, legs, LATER)
        with database.read() as session:
            hot = hot_words.chosen(session, language)
        ear = ear_for(settings, call, legs)
        made, said, problems = stage.heard(engine, call.id, legs, language, hot=hot, urgency=LATER, ear=ear)
    if not legs or len(problems) == len(legs):
        raise LastingError("None of the call's recordings can be read any more. Bring them back, then ask again.")
    made.turns, made.language_probability = stage.rows_of(said), sure
    made.current, made.set_aside_at = False, utc_now()
    with database.transaction() as session:
        asked = session.get_one(Rehearing, asked_id, with_for_update=True)
        if asked.done_at is not None:
            return
        session.add(made)
        session.flush()
        asked.done_at, asked.transcript_id = utc_now(), made.id
        now = current(session, call.id)
        if now is not None:
            carry_over(session, now, made)
        if asked.make_current:
            put_in_place(session, now, made)
        announce(session, "call", call.id)
    for recording in call.recordings:
        let_go(settings, recording.path)
    _log.info("call_transcribed_again", call=str(call.id), turns=len(said), current=asked.make_current)
