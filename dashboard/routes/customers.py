"""The page of one customer."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse, Response

from avasanj import login
from crm_sync import customers as customer_room
from dashboard.access import Changes, LoggedIn
from dashboard.queries import customers
from dashboard.queries.calls import CallFilters
from dashboard.queries.follow_ups import late_count

router = APIRouter(prefix="/customers")


@router.get("/{customer_id}")
def page(who: LoggedIn, customer_id: uuid.UUID) -> Response:
    with who.site.database.read() as session:
        found, late = customers.detail(session, who, customer_id), late_count(session, who)
    if found is None:
        raise HTTPException(404)
    return who.show("customer.html", d=found, late=late, filters=CallFilters())


@router.post("/{customer_id}/name", dependencies=Changes)
def rename(who: LoggedIn, customer_id: uuid.UUID, name: Annotated[str, Form()]) -> Response:
    with who.site.database.transaction() as session:
        if customers.detail(session, who, customer_id) is None:
            raise HTTPException(404)
        customer_room.rename(session, customer_id, name.strip())
        login.audit(session, who.id, "customer.renamed", customer_id)
    return RedirectResponse(f"/customers/{customer_id}", status_code=303)
