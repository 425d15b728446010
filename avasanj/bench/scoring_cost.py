"""What scoring a call costs beside putting it into words: processor time of both, on the sample calls."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from sqlalchemy import select

from avasanj import migrate
from avasanj.bench import archive
from avasanj.bench.figures import Figure
from avasanj.bench.measure import Say
from avasanj.bench.sandbox import sandbox
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings

#: Scoring is to take at most this share of what transcribing takes.
_MOST_PERCENT = 10.0
#: The first call loads the models; it is not counted.
_WARM = 1


def measure(settings: Settings, say: Say) -> list[Figure]:
    """Transcribe the English sample calls with the speech model that is set, then score them: service form, mood, promises."""
    from scoring.encoder import Encoder
    from scoring.models import NAME
    from scoring.stage import score
    from telephony.archive import import_folder
    from telephony.tables import Call
    from transcription.engines import engine_of
    from transcription.stage import prepare_playback, transcribe

    with sandbox(settings) as product:
        product.data.mkdir(exist_ok=True)
        server = EmbeddedPostgres(product.settings.postgres_dir)
        server.start()
        migrate.upgrade(server.url())
        database = product.database
        talks = archive.english_talks()
        import_folder(product.settings, database, archive.write_archive(product.folder / "calls", talks))
        with database.read() as session:
            ids = [*session.scalars(select(Call.id).order_by(Call.started_at))]
        for call_id in ids:
            prepare_playback(product.settings, database, call_id)
        engine = engine_of(product.settings)
        encoder = Encoder(product.settings.models_dir / NAME)  # as a worker has it
        say(f"{len(ids)} calls into words …")
        heard_s = _spent(ids, lambda call_id: transcribe(product.settings, database, engine, call_id))
        engine.unload()
        say("and scored …")
        scored_s = _spent(ids, lambda call_id: score(product.settings, database, encoder, call_id))
        calls, minutes = len(ids) - _WARM, sum(talk.length_s for talk in talks[_WARM:]) / 60
    return [
        Figure(name="calls", value=calls, unit=""),
        Figure(name="their length", value=minutes, unit="min"),
        Figure(name="processor time, into words", value=heard_s / calls, unit="s a call"),
        Figure(name="processor time, scored", value=scored_s / calls, unit="s a call"),
        Figure(name="scoring beside transcribing", value=100 * scored_s / heard_s, unit="%", below=_MOST_PERCENT),
    ]


def _spent(ids: list[uuid.UUID], do: Callable[[uuid.UUID], None]) -> float:
    """Processor seconds of this process, all its threads, over the calls after the first."""
    for call_id in ids[:_WARM]:
        do(call_id)
    began_s = time.process_time()
    for call_id in ids[_WARM:]:
        do(call_id)
    return time.process_time() - began_s
