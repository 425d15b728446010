"""Real programs that the tests talk to: an Asterisk 22 or 16, SIP phones, a raw reader of the manager connection.

Each peer raises `PeerMissing` when this machine cannot run it. `tests.peers.fixtures` turns that into a skip, or into a failure
when the environment says `CI=true`.
"""

from __future__ import annotations

import shutil


class PeerMissing(RuntimeError):  # noqa: N818  # it is a state of the machine, not an error of the code
    """This machine can't run a peer; the text is one line that says which, why, and what to do."""


def program(name: str, *, package: str) -> str:
    """Path of an installed program; `PeerMissing` names the Debian package that brings it."""
    path = shutil.which(name)
    if path is None:
        raise PeerMissing(f"{name} is not installed; run tests/peers/install.sh as root, or: apt-get install {package}")
    return path
