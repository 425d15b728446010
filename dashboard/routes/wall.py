"""The wall: what goes on in the center now, as a page and as data."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from dashboard.access import LoggedIn
from dashboard.queries.follow_ups import late_count
from dashboard.queries.wall import THRESHOLDS_S, read
from dashboard.shapes import wall_json

router = APIRouter()
Within = Annotated[int | None, Query(ge=1, le=3600)]


@router.get("/wall")
def page(who: LoggedIn, within: Within = None, tv: bool = False) -> Response:
    """`within`: seconds of the service level. `tv`: the numbers alone, for a screen that nobody touches."""
    found = read(who, within or who.site.settings.service_level_s)
    with who.site.database.read() as session:
        late = late_count(session, who)
    thresholds = sorted({*THRESHOLDS_S, who.site.settings.service_level_s, found.threshold_s})
    return who.show("wall.html", w=found, thresholds=thresholds, tv=tv, late=late)


@router.get("/api/wall")
def data(who: LoggedIn, within: Within = None) -> dict[str, Any]:
    return wall_json(read(who, within or who.site.settings.service_level_s))
