"""`python -m avasanj` is the command `avasanj`."""

from avasanj.cli import main

main()
