"""The way in: every command, run so that an error of ours is one clear sentence."""

from __future__ import annotations

import contextlib
import os
import sys

from sqlalchemy.exc import OperationalError

from avasanj import memory
from avasanj.cli.app import app, database_fault
from avasanj.errors import AvasanjError
from avasanj.settings import Settings, load_settings

#: Commands that run for long and count what they do.
_PARTS = {"listen", "work", "web"}


def run() -> int:
    """Run the command line; an error of ours becomes one clear sentence instead of a traceback."""
    memory.hold_little()
    try:
        if _PARTS.intersection(sys.argv[1:2]):
            _share_counters(load_settings())
        from avasanj.cli import (  # noqa: F401 - they register their commands
            bench,
            calls,
            figures,
            learning,
            maintenance,
            measure,
            models,
            people,
            reviews,
            scorecards,
            serve,
            surveys,
            teams,
            topics,
            transcripts,
        )

        app()
    except AvasanjError as error:
        print(f"avasanj: {error}", file=sys.stderr)
        return 1
    except OperationalError as error:
        print(f"avasanj: {database_fault(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else 1
    return 0


def _share_counters(settings: Settings) -> None:
    """Let the parts on this machine add up their metrics in one folder. To be called before any metric is made."""
    with contextlib.suppress(OSError):  # whoever starts the part says in its own words that the folder can't be written
        settings.metrics_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(settings.metrics_dir))
