"""A disk that fills up under the product: it says so, loses nothing, and goes on when there is room again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.center import Center
from tests.pipeline.product import make_archive, wait_until

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(300)]

CALLS = 3


@pytest.fixture
def small_disk(models_dir: Path) -> Iterator[tuple[Center, Path]]:
    """A product whose playback files lie on a disk of 2 MB."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small disk")
    with Center(models_dir, language="en") as center:
        media = center.data / "media"
        media.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(media)],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode != 0:
            pytest.skip(f"this machine lets nobody mount a small disk: {mounted.stderr.strip()}")
        try:
            yield center, media
        finally:
            print(center.said()[-6000:])
            subprocess.run(["umount", "-l", str(media)], check=True)


def test_full_disk_is_told_and_work_goes_on_when_there_is_room(small_disk: tuple[Center, Path]) -> None:
    center, media = small_disk
    ballast = media / "ballast"
    ballast.write_bytes(bytes(os.statvfs(media).f_bavail * os.statvfs(media).f_bsize))
    make_archive(center.folder / "archive", customers=CALLS, calls_each=1)
    center.postgres.start()
    assert center.run("import", str(center.folder / "archive")).returncode == 0
    center.serve()
    wait_until(lambda: "Make room on the disk" in center.said(), 40, "the reason and the remedy are in the log")
    assert center.rows("select * from transcription.playback") == []
    assert center.health_status() == 200
    ballast.unlink()
    wait_until(lambda: (center.health() or {}).get("calls", {}).get("scored") == CALLS, 90, "all calls are scored")
    assert center.rows("select * from avasanj.stuck_work") == []
    left = [path for path in media.rglob("*") if path.is_file()]
    assert len(left) == CALLS, f"no half-written file is left: {left}"
