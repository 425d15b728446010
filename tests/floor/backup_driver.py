"""Runs a backup or restore that kills itself with -9 at one of its steps: `python -m tests.floor.backup_driver COMMAND FOLDER STEP DONE`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from avasanj.backup import back_up, restore
from avasanj.cli.app import opened_database, server
from avasanj.settings import load_settings


def main(command: str, folder: str, step: str, at: str) -> None:
    def progress(what: str, done: int, _total: int) -> None:
        if (what, done) == (step, int(at)):
            os.kill(os.getpid(), signal.SIGKILL)

    settings = load_settings()
    if command == "backup":
        with opened_database(settings, migrate=False) as database:
            back_up(settings, database, Path(folder), progress)
    else:
        with server(settings) as url:
            restore(settings, url, Path(folder), replace=True, progress=progress)


main(*sys.argv[1:])
