"""Workers killed with -9, all of them killed, the database gone: nothing is lost, and no effect outside is repeated."""

from __future__ import annotations

import subprocess
import time
from collections import defaultdict
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.peers.receiver import Receiver
from tests.pipeline.product import Product, make_archive, wait_until

CUSTOMERS, EACH = 10, 3
CALLS = CUSTOMERS * EACH
MAIN = ("work", "--name", "main", "--queue", "intake", "--queue", "scoring", "--queue", "sync")
SPEECH = ("work", "--name", "speech", "--queue", "speech")
ALL = ("work", "--name", "second")

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(420)]


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(10)


def check_nothing_lost_or_repeated(product: Product, receiver: Receiver) -> None:
    engine = create_engine(product.postgres.url())
    with engine.connect() as connection:
        count = lambda query: connection.execute(text(query)).scalar_one()  # noqa: E731
        assert count("select count(*) from telephony.call") == CALLS
        assert count("select count(*) from scoring.mood") == CALLS
        assert count("select count(*) from scoring.evaluation") == CALLS
        assert count("select count(*) from crm_sync.timeline where customer_id is not null") == CALLS
        assert count("select count(*) from crm_sync.customer") == CUSTOMERS
        assert count("select count(*) from avasanj.stuck_work") == 0
        assert count("select count(*) from crm_sync.follow_up") == count(
            "select count(distinct (call_id, rule)) from crm_sync.follow_up"
        )
    engine.dispose()
    # A receiver acts once on an event id, however often it is sent: what counts is each id's first arrival.
    firsts = {}
    for event in receiver.accepted:
        firsts.setdefault(event["id"], event["body"]["data"])
    assert len(firsts) == CALLS
    by_customer = defaultdict(list)
    for data in firsts.values():
        by_customer[data["customer"]["id"]].append(data["call"]["started_at"])
    assert all(times == sorted(times) for times in by_customer.values()), "a customer's calls arrived out of order"
    print(f"{len(receiver.accepted)} deliveries of {len(firsts)} events")


def scored(product: Product) -> int:
    engine = create_engine(product.postgres.url())
    try:
        with engine.connect() as connection:
            return int(connection.execute(text("select count(*) from scoring.mood")).scalar_one())
    finally:
        engine.dispose()


def delivered(receiver: Receiver) -> bool:
    return len(set(receiver.ids())) >= CALLS


def test_workers_killed_and_a_database_stopped_lose_and_repeat_nothing(models_dir: Path) -> None:
    with (
        Receiver() as receiver,
        Product(models_dir, webhook_url=receiver.url, import_acts_within_days=36500) as product,
    ):
        make_archive(product.folder / "archive", customers=CUSTOMERS, calls_each=EACH)
        product.postgres.start()
        taken_in = product.run("import", str(product.folder / "archive"))
        assert taken_in.returncode == 0, taken_in.stderr
        main, speech = product.start(*MAIN), product.start(*SPEECH)

        wait_until(lambda: scored(product) >= 5, 90, "the first calls scored")
        kill(main)
        main = product.start(*MAIN)
        wait_until(lambda: scored(product) >= 12, 90, "calls scored after a worker was killed")
        kill(speech)
        kill(main)
        main, speech = product.start(*MAIN), product.start(*SPEECH)
        wait_until(lambda: scored(product) >= 20, 90, "calls scored after all workers were killed")
        product.postgres.kill()
        time.sleep(20)
        assert main.poll() is None, "the workers outlive the database's absence"
        product.postgres.start()
        wait_until(lambda: delivered(receiver), 150, f"all {CALLS} events delivered")
        time.sleep(2)
        check_nothing_lost_or_repeated(product, receiver)


def test_a_worker_that_never_comes_back_is_taken_over(models_dir: Path) -> None:
    with (
        Receiver() as receiver,
        Product(models_dir, webhook_url=receiver.url, import_acts_within_days=36500) as product,
    ):
        make_archive(product.folder / "archive", customers=CUSTOMERS, calls_each=EACH)
        product.postgres.start()
        assert product.run("import", str(product.folder / "archive")).returncode == 0
        lost = product.start(*ALL)
        wait_until(lambda: scored(product) >= 5, 90, "the first calls scored")
        kill(lost)
        product.start("work", "--name", "other")
        wait_until(lambda: delivered(receiver), 200, f"all {CALLS} events delivered by the other worker")
        check_nothing_lost_or_repeated(product, receiver)
