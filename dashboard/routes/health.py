"""The page that says how Avasanj itself is, and the three things a person can do about it."""

from __future__ import annotations

import uuid

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from avasanj import login, stuck
from crm_sync import connections, outbox
from dashboard.access import Changes, Supervisor
from dashboard.queries.follow_ups import late_count
from dashboard.queries.health import health

router = APIRouter()


@router.get("/system")
def page(who: Supervisor) -> Response:
    with who.site.database.read() as session:
        now = health(session, who.site.settings.data_dir, who.site.tally)
        late = late_count(session, who)
    return who.show("system.html", h=now, late=late)


@router.post("/system/stuck/requeue", dependencies=Changes)
def requeue_all(who: Supervisor) -> Response:
    with who.site.database.transaction() as session:
        for piece in stuck.waiting(session):
            stuck.requeue(session, piece.id)
        login.audit(session, who.id, "stuck.requeued", "all")
    return RedirectResponse("/system", status_code=303)


@router.post("/system/stuck/{stuck_id}/requeue", dependencies=Changes)
def requeue(who: Supervisor, stuck_id: uuid.UUID) -> Response:
    with who.site.database.transaction() as session:
        stuck.requeue(session, stuck_id)
        login.audit(session, who.id, "stuck.requeued", stuck_id)
    return RedirectResponse("/system", status_code=303)


@router.post("/system/events/{event_id}/replay", dependencies=Changes)
def replay(who: Supervisor, event_id: int) -> Response:
    with who.site.database.transaction() as session:
        outbox.replay(session, event_id)
        login.audit(session, who.id, "event.replayed", event_id)
    return RedirectResponse("/system", status_code=303)


@router.post("/system/connections/{connection_id}/resume", dependencies=Changes)
def resume(who: Supervisor, connection_id: uuid.UUID) -> Response:
    with who.site.database.transaction() as session:
        connections.resume(session, connection_id)
        login.audit(session, who.id, "connection.resumed", connection_id)
    return RedirectResponse("/system", status_code=303)
