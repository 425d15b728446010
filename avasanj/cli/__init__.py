"""The command line: `avasanj --help`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run a command. Exit 0 when done, 1 when it ran and found a problem, 2 for wrong usage."""
    from avasanj.cli.door import run

    sys.exit(run())
