"""A small center on a real database: people, a published form of every kind of question, calls with their evaluations."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from avasanj.database import Database
from avasanj.people import Role, Team, User
from scoring import evaluation, library
from scoring.reviews.standing import stand_again
from scoring.rules import Stretch
from scoring.scorecard import Answered, Scorecard
from scoring.spans import AgentPart
from scoring.tables import Answer, Evaluation, Mood
from telephony.tables import AgentSpan, Call

START = datetime.datetime(2026, 11, 16, 8, 0, tzinfo=datetime.UTC)
FORM = """
key: desk
version: 1
title: {en: Desk, fa: میز}
pass_mark: 60
sections:
  - key: all
    title: {en: All, fa: همه}
    questions:
      - {key: greeting, title: {en: Greets, fa: سلام می‌کند}, weight: 30, rule: {any: {en: [hello], fa: [سلام]}}}
      - key: outcome
        title: {en: Outcome, fa: نتیجه}
        type: choice
        weight: 20
        options:
          - {key: solved, title: {en: Solved, fa: حل شد}, points: 1, rule: {any: {en: [done], fa: [حل شد]}}}
          - {key: open, title: {en: Open, fa: باز}, points: 0, rule: {any: {en: [later], fa: [بعدا]}}}
      - key: promise
        title: {en: Says by when, fa: می‌گوید تا کی}
        weight: 10
        when: {question: outcome, is: open}
        rule: {any: {en: [tomorrow], fa: [فردا]}}
      - key: steps
        title: {en: Steps, fa: گام‌ها}
        type: choices
        weight: 10
        options:
          - {key: asks, title: {en: Asks, fa: می‌پرسد}, points: 1}
          - {key: checks, title: {en: Checks, fa: بررسی می‌کند}, points: 1}
      - {key: warmth, title: {en: Warm, fa: گرم}, type: scale, scale: {from: 1, to: 5}, weight: 10}
      - key: tries
        title: {en: Tries, fa: دفعه‌ها}
        type: number
        weight: 10
        bands: [{up_to: 2, points: 1}, {points: 0}]
      - key: respect
        title: {en: Respectful, fa: محترمانه}
        weight: 10
        fatal: true
        rule: {none: {en: [idiot], fa: [احمق]}}
      - {key: note, title: {en: Note, fa: یادداشت}, type: text, weight: 0}
"""
#: What the machine says of a part unless told otherwise: its word, and how sure it is. The others only a person answers.
MACHINE = {"greeting": ("yes", 0.95), "outcome": ("solved", 0.95), "respect": ("yes", 0.8)}


@dataclass(kw_only=True)
class Center:
    """People by their log-in name, and the form."""

    database: Database
    card: Scorecard
    people: dict[str, uuid.UUID] = field(default_factory=dict)

    def person(self, login: str, role: Role = Role.AGENT, team: str | None = None) -> uuid.UUID:
        with self.database.transaction() as session:
            row = session.scalar(select(Team).where(Team.name == team)) if team else None
            if team and row is None:
                row = Team(name=team)
                session.add(row)
                session.flush()
            user = User(login=login, name=login.title(), role=role, team_id=row.id if row else None)
            session.add(user)
            session.flush()
            self.people[login] = user.id
        return self.people[login]

    def call(
        self,
        agent: str | None = "sara",
        *,
        says: dict[str, tuple[str, float]] | None = None,
        kept_out: tuple[str, ...] = (),
        dissatisfied: float | None = None,
        contributions: tuple[str, ...] = (),
        at: datetime.datetime = START,
        queue: str = "support",
        source: str = "live",
        talk_s: float = 60.0,
        second_agent: str | None = None,
    ) -> uuid.UUID:
        """An ended call of one agent with its evaluation; the evaluation's id."""
        id_ = uuid.uuid4()
        names = [one for one in (agent, second_agent) if one is not None]
        call = Call(
            id=id_, pbx="pbx", linked_id=str(id_), source=source, direction="inbound", state="ended", disposition="answered",
            queue=queue, started_at=at, ended_at=at + datetime.timedelta(seconds=talk_s + 10), talk_s=talk_s, language="en",
        )  # fmt: skip
        call.spans = [
            AgentSpan(position=n, user_id=self.people.get(name), interface=f"PJSIP/{name}", agent_name=name.title(), started_at=at)
            for n, name in enumerate(names)
        ]  # fmt: skip
        with self.database.transaction() as session:
            session.add(call)
            session.flush()
            if dissatisfied is not None:
                parts = [{"name": name, "value": 1, "weight": 1.0} for name in contributions]
                session.add(Mood(call_id=id_, dissatisfied=dissatisfied, model="m", contributions=parts))
            row = self.filled(id_, agent, says or {}, kept_out)
            session.add(row)
        return row.id

    def filled(
        self, call_id: uuid.UUID, agent: str | None, says: dict[str, tuple[str, float]], kept_out: tuple[str, ...] = ()
    ) -> Evaluation:
        """What the scoring makes of a part, before any person."""
        said = MACHINE | says
        answers = [
            Answered(question=one, value=said[one.key][0], confidence=said[one.key][1], method="rule")
            if one.key in said
            else Answered(question=one, value="na", confidence=1.0, method="condition")
            if one.when
            else Answered(question=one, value="unsure", confidence=0.0, method="person")
            for one in self.card.questions
        ]
        part = AgentPart(
            position=0,
            interface=f"PJSIP/{agent}",
            name=agent.title() if agent else None,
            queue=None,
            stretch=Stretch(turns=()),
        )
        return evaluation.row(
            call_id, evaluation.Filled(part=part, card=self.card, answers=tuple(answers), kept_out=kept_out), {}
        )

    def score_again(self, evaluation_id: uuid.UUID, says: dict[str, tuple[str, float]]) -> None:
        """As the scoring stage does with a new transcript."""
        with self.database.transaction() as session:
            old = self.evaluation(session, evaluation_id)
            call_id, agent = old.call_id, (old.agent_name or "").lower() or None
            session.delete(old)
            session.flush()
            session.expunge_all()
            row = self.filled(call_id, agent, says)
            stand_again(session, row, self.card)
            session.add(row)

    def evaluation(self, session: Session, evaluation_id: uuid.UUID) -> Evaluation:
        query = select(Evaluation).where(Evaluation.id == evaluation_id).options(selectinload(Evaluation.answers))
        return session.scalars(query.execution_options(populate_existing=True)).one()

    def standing(self, evaluation_id: uuid.UUID) -> tuple[Evaluation, dict[str, Answer]]:
        with self.database.read() as session:
            found = self.evaluation(session, evaluation_id)
            return found, {answer.question: answer for answer in found.answers}


def open_center(database: Database) -> Center:
    with database.transaction() as session:
        library.import_card(session, FORM, "desk.yaml")
        library.publish(session, "desk")
        [card] = library.published(session)
    center = Center(database=database, card=card)
    for login in ("sara", "omid"):
        center.person(login)
    for login in ("mina", "reza"):
        center.person(login, Role.SUPERVISOR)
    center.person("boss", Role.ADMINISTRATOR)
    return center
