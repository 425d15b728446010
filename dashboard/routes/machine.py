"""For programs that watch: /health without log-in, /metrics on loopback or by token."""

from __future__ import annotations

import hmac
import ipaddress
import os
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from avasanj.database import utc_now
from avasanj.i18n import N_
from dashboard.access import NotAllowedError
from dashboard.queries.health import Health, health, version
from dashboard.site import Site
from scoring.reviews.inbox import owed_by_people

router = APIRouter()


class Counters:
    """What was asked of this web process, and how long answers took."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "avasanj_web_requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram("avasanj_web_seconds", "Seconds to answer.", ["route"], registry=self.registry)

    def count(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, str(status)).inc()
        if route != "/live":
            self._seconds.labels(route).observe(seconds)


class _Ledger(Collector):
    """Gauges read from the database when they are asked for."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._site.database.read() as session:
            now = health(session, self._site.settings.data_dir, self._site.tally)
            owed = owed_by_people(session, utc_now())
        calls = GaugeMetricFamily("avasanj_calls", "Calls by how far they are.", labels=["kind"])
        for kind, value in (("total", now.counts.total), ("scored", now.counts.scored), ("failed", now.counts.failed)):
            calls.add_metric([kind], value)
        waiting = GaugeMetricFamily("avasanj_queue_jobs", "Jobs in the pipeline's queues.", labels=["queue", "state"])
        for queue in now.queues:
            waiting.add_metric([queue.name, "waiting"], queue.waiting)
            waiting.add_metric([queue.name, "running"], queue.running)
        pbx = GaugeMetricFamily("avasanj_pbx_connected", "1 while the PBX is connected.", labels=["pbx"])
        for found in now.pbxs:
            pbx.add_metric([found.name], float(found.state == "connected"))
        outbox = GaugeMetricFamily("avasanj_outbox_events", "Events for other systems.", labels=["connection", "state"])
        for connection in now.connections:
            for state in ("waiting", "retrying", "dead"):
                outbox.add_metric([connection.connection.name, state], getattr(connection, state))
        flaws = GaugeMetricFamily("avasanj_flawed_calls", "Calls whose record has holes.", labels=["flaw"])
        flaws.add_metric(["recording"], now.flaws.recordings)
        flaws.add_metric(["gaps"], now.flaws.gaps)
        flaws.add_metric(["awaited"], now.flaws.awaited)
        people = GaugeMetricFamily("avasanj_people_owe", "What waits for evaluators.", labels=["what"])
        for what, count in owed.items():
            people.add_metric([what], count)
        yield from (calls, waiting, pbx, outbox, flaws, people, *_speech(now))
        yield GaugeMetricFamily("avasanj_workers", "Workers that said within 30 s that they live.", value=now.living)
        yield GaugeMetricFamily("avasanj_stuck_work", "Work that waits for a person.", value=len(now.stuck))
        yield GaugeMetricFamily("avasanj_disk_free_bytes", "Free space under the data folder.", value=now.disk.free)


def _speech(now: Health) -> Iterator[GaugeMetricFamily]:
    """How the speech engines of all workers do, on whatever machine they are."""
    told = [
        ("waiting", "avasanj_speech_waiting_windows", "Windows of speech that wait for a model."),
        ("oldest_s", "avasanj_speech_oldest_waiting_seconds", "For how long the first of them has waited."),
        ("fallen_back", "avasanj_speech_fallback", "1 while another model or device works than the settings ask for."),
    ]
    for key, name, text in told:
        gauge = GaugeMetricFamily(name, text, labels=["worker"])
        for found in now.workers:
            if found.alive and found.worker.speech is not None:
                gauge.add_metric([found.name], float(found.worker.speech[key]))
        yield gauge


def counters(app: FastAPI) -> Counters:
    """The counters of this application, with the ledger's gauges beside them."""
    made = Counters()
    made.registry.register(_Ledger(app.state.site))
    app.state.counters = made
    return made


@router.get("/health")
def health_status(request: Request) -> JSONResponse:
    """Nothing personal. A lost PBX or a paused connection is degraded, and still 200."""
    site: Site = request.app.state.site
    try:
        with site.database.read() as session:
            now = health(session, site.settings.data_dir, site.tally)
    except SQLAlchemyError:
        return JSONResponse(
            {"status": "down", "version": version(), "problem": "The database does not answer."}, status_code=503
        )
    return JSONResponse(
        {
            "status": "degraded" if now.degraded else "ok",
            "calls": {"total": now.counts.total, "scored": now.counts.scored, "failed": now.counts.failed},
            "pbx": {found.name: found.state for found in now.pbxs},
            "version": now.version,
        }
    )


def near_or_trusted(request: Request) -> None:
    """Pass loopback (not through a proxy) and the bearer of the token. Raises NotAllowedError for all others."""
    site: Site = request.app.state.site
    token = site.settings.metrics_token
    given = request.headers.get("authorization", "")
    if token is not None and hmac.compare_digest(given.encode(), f"Bearer {token.get_secret_value()}".encode()):
        return
    forwarded = any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
    if forwarded or not _loopback(request.client.host if request.client else ""):
        raise NotAllowedError(N_("Metrics are for this machine, or for whoever has AVASANJ_METRICS_TOKEN."))


@router.get("/metrics")
def metrics(request: Request, _allowed: Annotated[Any, Depends(near_or_trusted)]) -> Response:
    registry = _of_all_parts(request.app.state.site) or request.app.state.counters.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _of_all_parts(site: Site) -> CollectorRegistry | None:
    """The counters that all parts on this machine add up in one folder; None where this process counts alone."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return None
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_Ledger(site))
    return registry


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
