"""What every page of one running dashboard shares."""

from __future__ import annotations

from dataclasses import dataclass, field

from avasanj.database import Database
from avasanj.login import Gate
from avasanj.settings import Settings
from dashboard.live import Hub
from dashboard.pages import Pages
from dashboard.queries.health import TALLY_S, Tally
from dashboard.queries.wall_rows import WALL_ROWS_S, WALL_SPENT_S, WallRows
from dashboard.recent import Recent
from telephony.occupancy import Spent


@dataclass(frozen=True, kw_only=True)
class Site:
    """One dashboard: its settings and database, its templates, its counters of log-ins, its live connections."""

    settings: Settings
    database: Database
    pages: Pages
    gate: Gate
    hub: Hub
    tally: Recent[Tally] = field(default_factory=lambda: Recent(TALLY_S))
    wall_rows: Recent[WallRows] = field(default_factory=lambda: Recent(WALL_ROWS_S))
    wall_spent: Recent[dict[str, Spent]] = field(default_factory=lambda: Recent(WALL_SPENT_S))
