"""Logging: one line an event, key=value, on standard error. Ids only: no numbers, names, words or secrets."""

from __future__ import annotations

import logging
import sys
from typing import Any, cast

import structlog


def configure(level: str) -> None:
    """Send everything at `level` or above to standard error, with times in UTC."""
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for noisy in ("dbos", "httpx", "httpcore", "faster_whisper", "alembic", "sqlalchemy.pool"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        # standard error as it is when something is said: a file that was closed meanwhile must end nobody's thread
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger that names the module it speaks for."""
    bound: Any = structlog.get_logger(module=name)
    return cast("structlog.stdlib.BoundLogger", bound)
