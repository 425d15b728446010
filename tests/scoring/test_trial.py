"""A rule tried on stored calls: what it would find, within its limits, without keeping anything."""

import datetime
import uuid

import pytest
from sqlalchemy import true

from avasanj.database import Database
from scoring.card_file import rule_of
from scoring.scorecard import Rule
from scoring.trial import try_rule
from telephony.tables import AgentSpan, Call
from transcription.tables import Transcript, Turn

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
SAID = ("Good morning, Sara speaking.", "I want to cancel my line.", "You are wasting my time, hold on.")


def rule(text: str) -> Rule:
    found, _ = rule_of(text)
    assert found
    return found


@pytest.fixture
def calls(database: Database) -> Database:
    """Three calls of one agent, an hour apart; the newest says nothing that is sought."""
    with database.transaction() as session:
        for hours in range(3):
            said = SAID if hours else ("Hello.", "Hi.")
            call = Call(
                id=uuid.uuid4(), pbx="main", linked_id=f"t.{hours}", source="live", direction="inbound", state="ended", disposition="answered",
                started_at=NOW - datetime.timedelta(hours=hours), answered_at=NOW - datetime.timedelta(hours=hours),
            )  # fmt: skip
            call.spans = [AgentSpan(position=0, interface="PJSIP/1001", agent_name="Sara", started_at=call.started_at)]
            turns = [
                Turn(
                    position=n, party="agent" if n != 1 else "customer", start_s=10.0 * n, end_s=10.0 * n + 5, text=text
                )
                for n, text in enumerate(said)
            ]
            session.add(call)
            session.flush()
            session.add(Transcript(call_id=call.id, current=True, language="en", source="test", turns=turns))
    return database


def test_a_rule_finds_its_calls_newest_first_and_says_how_far_it_looked(calls: Database):
    with calls.read() as session:
        found = try_rule(session, rule("{any: {en: [good morning]}, first_s: 10}"), true())
        assert (found.looked, found.calls, found.cut_short) == (3, 2, False)
        assert found.since == NOW - datetime.timedelta(hours=2)
        assert [one.started_at for one in found.finds] == sorted((one.started_at for one in found.finds), reverse=True)
        assert found.finds[0].hits[0][1] == "good morning"
        assert try_rule(session, rule("{said_by: customer, any: {en: [good morning]}}"), true()).finds == ()
        forbidden = try_rule(session, rule("{none: {en: [wasting my time]}}"), true())
        assert [one.forbidden for one in forbidden.finds] == [True, True]


def test_a_trial_ends_when_its_time_or_its_calls_are_up(calls: Database):
    with calls.read() as session:
        hello = rule("{any: {en: [good morning, hello]}}")
        assert try_rule(session, hello, true(), seconds=0.0).cut_short
        assert try_rule(session, hello, true(), calls=1).looked == 1
        assert try_rule(session, hello, Call.queue == "nobody's").looked == 0
