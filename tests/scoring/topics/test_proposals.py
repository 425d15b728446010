"""Proposals on a real database: the same from run to run, decided on by a person, and dismissed for good."""

import datetime
import threading
import uuid

import numpy as np
import pytest
from sqlalchemy import select

from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.people import AuditEntry
from scoring.topics import lists, proposals
from scoring.topics.periodic import Daily
from scoring.topics.tables import CallAbout, CallTopic, Proposal, ProposalState
from tests.scoring.topics.calls import NOW, add_about, add_call
from tests.scoring.topics.test_groups import made

TEXTS = ("Will my phone roam in Turkey?", "My loyalty points are gone.", "They lost my suitcase.")


@pytest.fixture
def calls(database: Database) -> Database:
    """Sixty calls about three subjects without a topic, and about none."""
    vectors, labels = made(60, 3, seed=5)
    for n, (vector, label) in enumerate(zip(vectors, labels, strict=True)):
        call_id = add_call(database, ago=datetime.timedelta(days=1, minutes=n))
        text = f"{TEXTS[label]} Case {n}." if label >= 0 else f"Something else, number {n}."
        add_about(database, call_id, text=text, vector=vector)
    return database


def members(proposal: Proposal) -> list[uuid.UUID]:
    return [uuid.UUID(one) for one in proposal.members]


def test_a_second_run_proposes_the_same(calls: Database):
    first = proposals.propose(calls, now=NOW)
    assert len(first) == 3
    assert {word for one in first for word in one.words["en"]} >= {"roam", "loyalty", "suitcase"}
    assert all(example["call_id"] in one.members for one in first for example in one.examples)
    second = proposals.propose(calls, now=NOW)
    assert {one.id: one.members for one in second} == {one.id: one.members for one in first}


def test_a_dismissed_group_does_not_come_back_when_it_grows(calls: Database):
    first, *others = proposals.propose(calls, now=NOW)
    with calls.transaction() as session:
        proposals.dismiss(session, first.id)
    vectors = np.frombuffer(first.vectors, "<f2").astype(np.float32).reshape(-1, 384)
    for n in range(15):
        vector = vectors[n % len(vectors)] + 0.01 * np.random.default_rng(n).normal(size=384)
        call_id = add_call(calls, ago=datetime.timedelta(hours=1, minutes=n))
        add_about(calls, call_id, text=f"{first.examples[0]['text']} again", vector=vector / np.linalg.norm(vector))
    left = proposals.propose(calls, now=NOW)
    assert {one.id for one in left} == {one.id for one in others}


def test_naming_a_proposal_makes_a_topic_and_gives_it_its_calls(calls: Database):
    proposal = proposals.propose(calls, now=NOW)[0]
    with calls.transaction() as session:
        topics = proposals.name(session, proposal.id, "abroad", {"en": "Abroad", "fa": "خارج از کشور"})
    topic = topics.find("abroad")
    assert topic is not None
    assert topic.like.en[0] == proposal.examples[0]["text"]
    with calls.read() as session:
        assert lists.current(session) == topics
        rows = session.scalars(select(CallTopic).where(CallTopic.topic == "abroad")).all()
        assert {(row.call_id, row.driver, row.method) for row in rows} == {
            (one, True, "group") for one in members(proposal)
        }
        assert session.get_one(CallAbout, members(proposal)[0]).driver == "abroad"
        assert session.get_one(Proposal, proposal.id).state == ProposalState.NAMED
        assert {"topics.named", "topic_proposal.named"} <= set(session.scalars(select(AuditEntry.action)))
    assert len(proposals.propose(calls, now=NOW)) == 2


def test_joining_adds_the_examples_to_the_topic(calls: Database):
    proposal = proposals.propose(calls, now=NOW)[0]
    with calls.transaction() as session:
        topics = proposals.join(session, proposal.id, "plan_change")
    topic = topics.find("plan_change")
    assert topic is not None
    assert proposal.examples[0]["text"] in topic.like.en
    assert topic.phrases == lists.shipped().find("plan_change").phrases  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("key", "title", "words"),
    [("billing", "Bills", "already"), ("A b", "Bills", "small letters"), ("bills", " ", "title")],
)
def test_what_cant_be_a_topic_is_refused(calls: Database, key, title, words):
    proposal = proposals.propose(calls, now=NOW)[0]
    with calls.transaction() as session, pytest.raises(InputError, match=words):
        proposals.name(session, proposal.id, key, {"en": title, "fa": ""})


def test_a_list_is_kept_in_versions_and_brought_back(database: Database):
    with database.transaction() as session:
        shipped = lists.source(session)
        assert lists.import_list(session, shipped, "topics.yaml").version == 0, "nothing changed"
        made_one = lists.import_list(
            session, "topics:\n  - {key: a, title: {en: A, fa: آ}, like: {en: [a b c]}}\n", "mine.yaml"
        )
        assert (made_one.version, len(made_one.topics)) == (1, 1)
        assert len(lists.restore(session, 0).topics) == len(lists.shipped().topics)
        assert [one.version for one in lists.versions(session)] == [2, 1]
        with pytest.raises(InputError, match="no version 9"):
            lists.source(session, 9)


def test_two_who_name_at_once_lose_neither_topic(calls: Database):
    first, second, _ = proposals.propose(calls, now=NOW)
    entered, named = threading.Event(), []

    def other() -> None:
        entered.set()
        with calls.transaction() as session:
            proposals.name(session, second.id, "second", {"en": "Second"})
        named.append(second.id)

    thread = threading.Thread(target=other)
    with calls.transaction() as session:
        proposals.name(session, first.id, "first", {"en": "First"})
        thread.start()
        assert entered.wait(5)
        thread.join(0.5)
        assert not named, "whoever comes second waits"
    thread.join(10)
    with calls.read() as session:
        there = lists.current(session)
    assert there.find("first")
    assert there.find("second")


def test_proposals_are_made_once_a_day_whoever_asks(calls: Database):
    one, other = Daily(calls), Daily(calls)
    assert one.run(NOW)
    assert not one.run(NOW + datetime.timedelta(hours=1))
    assert not other.run(NOW + datetime.timedelta(hours=2)), "another worker did it"
    assert other.run(NOW + datetime.timedelta(days=1))
    with calls.read() as session:
        assert proposals.count_open(session) == 3


def test_a_worker_asks_once_a_day_where_nothing_is_proposed(database: Database):
    daily = Daily(database)
    assert daily.run(NOW)
    assert not daily.run(NOW + datetime.timedelta(hours=22))
