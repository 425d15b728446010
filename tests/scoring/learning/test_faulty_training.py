"""Trainings that are damaged, lucky, interfered with, or fed the same words twice: none decides what calls are judged by."""

import dataclasses
import json
import uuid

import pytest
from sqlalchemy import text

from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.settings import Settings
from scoring import heads
from scoring.learning import retraining, versions
from scoring.learning.center import gold_talks
from scoring.learning.comparison import LEAST_GROUPS, compare, split
from scoring.learning.learn import learn
from scoring.learning.retraining import retrain
from scoring.learning.rows import Encoded
from scoring.learning.talks import joined
from scoring.stage import score
from scoring.tables import Mood
from tests.scoring.learning.center import WideWords, fill, talks


def damaged(how: str) -> str:
    data = json.loads(heads.dumps(heads.shipped()))
    if how == "nan":
        data["attitude"]["weights"][0][5] = float("nan")
    elif how == "narrow":
        data["centre"] = data["centre"][:100]
    elif how == "other encoder":
        data["provenance"]["encoder"] = "another-e5"
    elif how == "no heads":
        data = []
    return json.dumps(data)[: 4000 if how == "torn" else None]


@pytest.mark.parametrize("how", ["nan", "narrow", "other encoder", "no heads", "torn"])
def test_workers_go_on_with_the_last_good_version_and_nobody_can_take_a_damaged_one(
    database: Database, settings: Settings, how: str
):
    fill(database, 1)
    call_id = uuid.UUID(int=1)
    good = dataclasses.replace(heads.shipped(), provenance={**heads.shipped().provenance, "number": 1})
    with database.transaction() as session:
        for number in (1, 2):
            versions.keep(session, good, number=number, figures={}, counts={})
        versions.use(session, 1)
        versions.use(session, 2)
        versions._known.clear()
        session.execute(text("update scoring.head_version set heads = :it where number = 2"), {"it": damaged(how)})
    score(settings, database, WideWords(), call_id)
    with database.transaction() as session:
        assert session.get_one(Mood, call_id).model == good.version, "what really judged it is named"
        versions.use(session, 1)
        with pytest.raises(InputError, match="Train anew"):
            versions.use(session, 2)
        assert versions.current(session).number == 1


def test_two_good_calls_prove_nothing(database: Database):
    taught = learn(talks(160), WideWords()).heads
    few, many = talks(LEAST_GROUPS - 1, seed=3), talks(LEAST_GROUPS + 10, seed=3)
    found = compare(few, Encoded(few, WideWords()), heads.shipped(), taught)
    assert found.overall.low > 0
    assert not found.better
    assert compare(many, Encoded(many, WideWords()), heads.shipped(), taught).better


def test_the_more_is_tried_the_surer_it_must_be():
    taught, new = learn(talks(160), WideWords()).heads, talks(40, seed=4)
    encoded = Encoded(new, WideWords())
    once, often = (compare(new, encoded, heads.shipped(), taught, tries).overall for tries in (1, 50))
    assert often.mean == once.mean
    assert often.low < once.low < once.high < often.high


def test_a_version_that_is_taken_during_a_training_is_not_replaced_unseen(database: Database, monkeypatch):
    fill(database, 64)
    with database.transaction() as session:
        versions.keep(session, heads.shipped(), number=1, figures={}, counts={})
    learns = retraining.learn

    def meanwhile(*given, **more):
        with database.transaction() as session:
            versions.use(session, 1)
        return learns(*given, **more)

    monkeypatch.setattr(retraining, "learn", meanwhile)
    with pytest.raises(InputError, match="another version was taken"):
        retrain(database, WideWords())
    with database.read() as session:
        assert versions.current(session).number == 1
        assert len(versions.versions(session)) == 1


def test_a_customers_calls_and_the_same_words_are_never_parted(database: Database):
    fill(database, 40)
    with database.transaction() as session:
        session.execute(
            text("update telephony.call set customer_e164 = '+14165550127' where started_at::time < '12:00'")
        )
        alone = session.scalar(text("select count(*) from telephony.call where customer_e164 is null"))
    with database.read() as session:
        given = gold_talks(session)
    assert len({talk.group for talk in given}) == alone + 1
    twice = [dataclasses.replace(talk, group=f"again {n}") for n, talk in enumerate(given)]
    both = joined([*given, *twice])
    assert len({talk.group for talk in both}) == alone + 1
    learnt, held_out = split(both)
    assert not {talk.turns for talk in learnt} & {talk.turns for talk in held_out}
    short = [dataclasses.replace(talk, group=f"{n}", turns=talk.turns[:1]) for n, talk in enumerate(given)]
    assert len({talk.group for talk in joined(short)}) == len(given), "what anybody says joins nobody"


def test_what_queues_of_calls_taught_is_kept_where_no_turn_was_learnt():
    made = dataclasses.replace(heads.shipped(), call_shifts={"complaints": {"en": 0.7}})
    again = heads.loads(heads.dumps(made)).for_queue("complaints")
    assert again.call_weights("en").base == pytest.approx(heads.shipped().call_weights("en").base + 0.7, abs=1e-3)
