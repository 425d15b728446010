"""Workers that put calls into words, as processes: each takes as many calls as its machine is set to, and leaves at once."""

from __future__ import annotations

import csv
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from telephony.tables import Party
from tests.pipeline.product import COLUMNS, Product, wait_until
from tests.transcription.sounds import sample, write_wav
from tests.transcription.test_audio import read

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(400)]
MAIN = ("work", "--name", "main", "--queue", "intake", "--queue", "scoring", "--queue", "sync")
SPEECH = ("work", "--name", "speech", "--queue", "speech")


def speak(folder: Path, calls: int, repeats: int) -> None:
    """Calls of one party that nobody has put into words yet."""
    folder.mkdir(parents=True)
    once = read(sample("en-wrong-number", Party.CUSTOMER))
    rows = []
    for number in range(calls):
        write_wav(folder / f"{number}-customer.wav", np.concatenate([once] * repeats)[number:])
        write_wav(folder / f"{number}-agent.wav", np.zeros(8000 * 5 + number, np.float32))
        files = (f"{number}-agent.wav", f"{number}-customer.wav")
        started = f"2026-11-20T09:{number:02d}:00+00:00"
        rows.append([*files, started, "inbound", f"0912000{number:04d}", "02191000000", "Sara", "support", ""])
    with (folder / "calls.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def ask(product: Product, query: str) -> list[str]:
    engine = create_engine(product.postgres.url())
    try:
        with engine.connect() as connection:
            return [str(found) for found in connection.execute(text(query)).scalars()]
    finally:
        engine.dispose()


PENDING = "select executor_id from work.workflow_status where status = 'PENDING' and name = 'transcribe'"
HEARD = "select call_id from transcription.transcript"


def test_a_worker_leaves_a_long_call_at_once_and_the_next_one_takes_it_up(models_dir: Path) -> None:
    with Product(models_dir, import_acts_within_days=36500, queue_languages='{"support": "en"}') as product:
        speak(product.folder / "archive", calls=1, repeats=16)
        product.postgres.start()
        taken_in = product.run("import", str(product.folder / "archive"))
        assert taken_in.returncode == 0, taken_in.stderr
        product.start(*MAIN)
        leaving = product.start(*SPEECH)
        wait_until(lambda: "speech_model_loaded" in product.said(), 120, "the call is being heard")
        time.sleep(1)
        assert ask(product, HEARD) == []
        leaving.send_signal(signal.SIGTERM)
        began_s = time.monotonic()
        leaving.wait(40)
        assert time.monotonic() - began_s < 25
        assert leaving.returncode == 0, product.said()[-3000:]
        assert ask(product, "select error from avasanj.stuck_work") == []
        assert "Traceback" not in product.said()
        product.start(*SPEECH)
        wait_until(lambda: ask(product, HEARD), 240, "the call is heard after all", every_s=1)
        assert ask(product, "select error from avasanj.stuck_work") == []


def test_each_worker_takes_as_many_calls_as_its_own_machine_is_set_to(models_dir: Path) -> None:
    with Product(models_dir, import_acts_within_days=36500, queue_languages='{"support": "en"}') as product:
        speak(product.folder / "archive", calls=6, repeats=3)
        product.postgres.start()
        taken_in = product.run("import", str(product.folder / "archive"))
        assert taken_in.returncode == 0, taken_in.stderr
        product.start(*MAIN)
        waiting = "select 1 from work.workflow_status where status = 'ENQUEUED' and name = 'transcribe'"
        wait_until(lambda: len(ask(product, waiting)) == 6, 120, "all calls wait")
        product.set(speech_calls_at_once=3, data_dir=product.data)
        product.start("work", "--name", "many", "--queue", "speech")
        product.set(speech_calls_at_once=1)
        product.start("work", "--name", "one", "--queue", "speech")
        most: Counter[str] = Counter()

        def done() -> bool:
            now = Counter(name.rpartition(":")[2] for name in ask(product, PENDING))
            for name, count in now.items():
                most[name] = max(most[name], count)
            return len(ask(product, HEARD)) == 6

        wait_until(done, 240, "all calls are heard")
        assert most == {"many": 3, "one": 1}
