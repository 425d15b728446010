"""Backups: everything that a center would miss, in one dated folder that is whole or not there.

A backup holds the database (with the work that was under way), the recordings that the ledger names, our own archive,
playback files, the journal, and the settings without their secrets. Models are not in it: `avasanj models fetch`.
"""

from avasanj.backup.make import back_up
from avasanj.backup.manifest import Manifest, newest
from avasanj.backup.restore import Restored, restore

__all__ = ["Manifest", "Restored", "back_up", "newest", "restore"]
