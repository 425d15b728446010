"""Calls in every state, in both languages."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.settings import Settings
from crm_sync.tables import Customer, TimelineEntry
from telephony import problems
from telephony.tables import AgentSpan, Call, QueueVisit, Recording, Transfer
from tests.dashboard.seed.judged import judge
from tests.dashboard.seed.names import call_id
from tests.dashboard.seed.speech import spoken
from tests.dashboard.seed.words import ANGRY_EN, ANGRY_FA, CALM_EN, CALM_FA


def add_calls(
    session: Session, settings: Settings, now: datetime.datetime, customers: dict[str, Customer]
) -> dict[str, uuid.UUID]:
    def add(name: str, ago_min: float, **facts: Any) -> Call:
        at = now - datetime.timedelta(minutes=ago_min)
        base: dict[str, Any] = {
            "pbx": "main", "linked_id": f"1763800000.{len(made)}", "source": "live", "direction": "inbound", "state": "ended",
            "disposition": "answered", "queue": "پشتیبانی", "called_raw": "02155500000", "started_at": at, "wait_s": 12.0, "language": "fa",
        }  # fmt: skip
        call = Call(id=call_id(name), **(base | facts))
        session.add(call)
        session.flush()
        made[name] = call.id
        return call

    made: dict[str, uuid.UUID] = {}
    sara, reza, olivia = customers["sara"], customers["reza"], customers["olivia"]

    add("ringing", 0.2, state="ringing", disposition=None, wait_s=None, customer_e164="+989365550119", queue="فروش")
    waiting = add(
        "waiting",
        1.7,
        state="waiting",
        disposition=None,
        wait_s=None,
        customer_e164="+989125550134",
        caller_name="سارا احمدی",
    )
    waiting.queued_at = waiting.started_at
    talking = add("talking", 4.2, state="talking", disposition=None, customer_e164="+989355550177", wait_s=31.0)
    talking.answered_at = talking.started_at + datetime.timedelta(seconds=31)
    session.add(
        AgentSpan(
            call_id=talking.id,
            position=0,
            interface="PJSIP/1002",
            agent_name="لیلا محمدی",
            started_at=talking.answered_at,
        )
    )
    _place(session, talking, reza)

    angry = add("angry", 42, customer_e164="+989125550134", wait_s=70.0, holds=1, hold_s=20.0)
    spoken(session, settings, angry, ANGRY_FA, agent="لیلا محمدی", source="avasanj-script", hold=True)
    _place(session, angry, sara)
    judge(session, angry, ANGRY_FA, 0.87, 54.0)

    calm = add("calm", 95, customer_e164="+989355550177", queue="فروش")
    spoken(session, settings, calm, CALM_FA, agent="امیر رضایی", source="avasanj-script")
    _place(session, calm, reza)
    judge(session, calm, CALM_FA, 0.06, 96.0, unsure=False)

    abandoned = add(
        "abandoned", 130, disposition="abandoned", customer_e164="+989195550162", wait_s=220.0, hung_up_by="customer"
    )
    abandoned.ended_at = abandoned.started_at + datetime.timedelta(seconds=220)
    _place(session, abandoned, customers["unnamed"])

    english = add(
        "english",
        60 * 26,
        source="sample",
        customer_e164="+14165550127",
        queue="support",
        language="en",
        caller_name="Olivia Brandt",
    )
    spoken(
        session,
        settings,
        english,
        ANGRY_EN,
        agent="Dana Whitfield",
        source="whisper",
        model="whisper-base int8",
        language="en",
        hold=True,
    )
    _place(session, english, olivia)
    judge(session, english, ANGRY_EN, 0.71, 68.0)

    happy = add("happy", 60 * 50, source="sample", customer_e164="+14165550112", queue="support", language="en")
    spoken(
        session,
        settings,
        happy,
        CALM_EN,
        agent="Priya Nair",
        source="whisper",
        model="whisper-base int8",
        language="en",
    )
    judge(session, happy, CALM_EN, 0.04, 100.0, unsure=False)

    weak = add("weak", 60 * 28, customer_e164="+989125550134", complete=False)
    cut_off = problems.text(problems.CUT_OFF, file="/var/spool/asterisk/monitor/weak-2-r.wav")
    session.add(Recording(call_id=weak.id, party="agent", path="weak-2-r.wav", problem=cut_off))
    spoken(
        session, settings, weak, CALM_FA, agent="لیلا محمدی", source="whisper", model="whisper-base int8", too_weak=True
    )
    _place(session, weak, sara)
    judge(session, weak, CALM_FA, 0.42, None, unsure=True)

    working = add(
        "working", 3, customer_e164="+989355550177", ended_at=now - datetime.timedelta(minutes=1), talk_s=96.0
    )
    session.add(
        AgentSpan(
            call_id=working.id,
            position=0,
            interface="PJSIP/1003",
            agent_name="امیر رضایی",
            started_at=working.started_at,
        )
    )
    session.add(
        Recording(call_id=working.id, party="agent", path="/var/spool/asterisk/monitor/working-r.wav", offset_s=10.0)
    )
    _place(session, working, reza)

    broken = add("broken", 200, customer_e164=None, talk_s=61.0, queue=None, direction="outbound")
    session.add(
        AgentSpan(
            call_id=broken.id, position=0, interface="PJSIP/1003", agent_name="امیر رضایی", started_at=broken.started_at
        )
    )
    problem = problems.text(problems.EMPTY, file="/var/spool/asterisk/monitor/broken-r.wav")
    session.add(
        Recording(call_id=broken.id, party="agent", path="/var/spool/asterisk/monitor/broken-r.wav", problem=problem)
    )

    shared = add("shared", 300, customer_e164="+982155501999")
    spoken(session, settings, shared, CALM_FA, agent="امیر رضایی", source="avasanj-script")
    candidates = [str(customers["father"].id), str(customers["daughter"].id)]
    session.add(TimelineEntry(call_id=shared.id, customer_id=None, candidates=candidates, at=shared.started_at))
    judge(session, shared, CALM_FA, 0.08, 92.0, unsure=False)

    handed = add(
        "handed", 20, customer_e164="+989355550177", queue="فروش", wait_s=96.0, hung_up_by="customer", wrap_s=41.0
    )
    spoken(session, settings, handed, CALM_FA, agent="امیر رضایی", source="avasanj-script")
    _place(session, handed, reza)
    judge(session, handed, CALM_FA, 0.12, 90.0, unsure=False)
    _hand_on(session, handed)

    stuck = add("stuck", 360, customer_e164="+989195550162", talk_s=180.0)
    session.add(
        AgentSpan(
            call_id=stuck.id, position=0, interface="PJSIP/1002", agent_name="لیلا محمدی", started_at=stuck.started_at
        )
    )
    session.add(Recording(call_id=stuck.id, party="customer", path="/var/spool/asterisk/monitor/stuck-t.wav"))
    _place(session, stuck, customers["unnamed"])
    working.repeat_of = handed.id
    waiting.repeat_of = angry.id
    angry.repeat_of = weak.id
    return made


def _place(session: Session, call: Call, customer: Customer) -> None:
    session.add(TimelineEntry(call_id=call.id, customer_id=customer.id, at=call.started_at))


def _hand_on(session: Session, call: Call) -> None:
    """A call of two queues, handed from one agent to another, in which events were missed and a card number was said."""

    def at(seconds: float) -> datetime.datetime:
        return call.started_at + datetime.timedelta(seconds=seconds)

    session.flush()
    first = session.scalars(select(AgentSpan).where(AgentSpan.call_id == call.id)).one()
    last = AgentSpan(call_id=call.id, position=1, interface="PJSIP/1004", agent_name="مریم صادقی")
    last.started_at, last.ended_at, last.wrap_s = at(106), first.ended_at, 41.0
    first.ended_at = last.started_at
    session.add(last)
    session.add(
        Transfer(call_id=call.id, position=0, kind="attended", from_number="1002", to_number="1004", at=at(106))
    )
    session.add(
        QueueVisit(call_id=call.id, position=0, queue="پشتیبانی", joined_at=at(2), left_at=at(62), outcome="timed_out")
    )
    session.add(
        QueueVisit(call_id=call.id, position=1, queue="فروش", joined_at=at(62), left_at=at(96), outcome="answered")
    )
    call.transfers, call.complete = 1, False
    call.gaps, call.mutes = [[112.0, 114.5]], [[100.0, 104.0]]
