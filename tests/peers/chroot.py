"""Builds Asterisk 22 (Debian sid) and 16 (bullseye) as directories that `chroot` can enter, once per machine and recipe.

The root lies in `$AVASANJ_TEST_CACHE` (default /var/cache/avasanj-tests) and is shared by all Asterisks that run side by side:
each writes only below its own `runs/NAME`. Inside the root, the root's own path is a link to `/`, so a path in a run's folder reads the
same for Asterisk and for the test outside.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.peers import PeerMissing, program

LAYOUT = 1  #: raised when `_finish` changes, so that old roots are built anew
BUILD_LIMIT_S = 600


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """Where a version comes from: a suite of the Debian archive that this machine's apt already uses."""

    major: str
    suite: str
    packages: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The root's name; another recipe makes another root. (22's is written as before, so that its root is kept.)"""
        recipe = f"{self.major} {self.suite} {self.packages} {LAYOUT}"
        return f"asterisk-{self.major}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


_PACKAGES = ("asterisk", "asterisk-modules", "asterisk-core-sounds-en-gsm")
RECIPES = {
    22: Recipe(major="22", suite="sid", packages=_PACKAGES),
    # Without the security archive, which lists packages (the voicemail among them) that it no longer has.
    16: Recipe(major="16", suite="bullseye", packages=(*_PACKAGES, "asterisk-voicemail")),
}


def cache_dir() -> Path:
    """Where slow things are kept between test runs; never inside the repository."""
    return Path(os.environ.get("AVASANJ_TEST_CACHE", "/var/cache/avasanj-tests"))


def asterisk_root(version: int = 22) -> Path:
    """The ready root of an Asterisk, built first if need be (10–60 s). Raises `PeerMissing` where that can't be done."""
    if os.geteuid() != 0:
        raise PeerMissing("Asterisk runs in a chroot, which needs root; run the tests as root to include it")
    recipe = RECIPES[version]
    root = cache_dir() / recipe.folder
    if root.is_dir():
        return root
    with _locked(cache_dir() / "asterisk.lock"):
        if not root.is_dir():
            _build(recipe, root)
    return root


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        raise PeerMissing(f"the test cache {path.parent} can't be written ({error}); set AVASANJ_TEST_CACHE") from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(recipe: Recipe, root: Path) -> None:
    """Make the root under another name and rename it, so that a killed build is never taken for a finished one."""
    for stale in root.parent.glob("asterisk-*.building"):
        # One file system only: a build that was killed may have left something of the machine's own mounted below.
        subprocess.run([program("rm", package="coreutils"), "-rf", "--one-file-system", str(stale)], check=True)
    building = root.with_name(root.name + ".building")
    command = [
        program("mmdebstrap", package="mmdebstrap"),
        "--quiet",
        "--variant=extract",
        "--mode=root",
        '--aptopt=Acquire::Check-Valid-Until "false"',
        f"--include={','.join(recipe.packages)}",
        recipe.suite,
        str(building),
        f"deb {_debian_mirror()} {recipe.suite} main",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise PeerMissing(
            f"Asterisk {recipe.major} was not fetched within {BUILD_LIMIT_S} s; is the Debian mirror reachable?"
        ) from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PeerMissing(f"Asterisk {recipe.major} can't be fetched from Debian {recipe.suite}: {last}")
    _finish(recipe, building, root)
    building.rename(root)


def _debian_mirror() -> str:
    """The mirror that this machine's apt already uses."""
    os_release = Path("/etc/os-release").read_text(encoding="utf-8") if Path("/etc/os-release").exists() else ""
    if "\nID=debian" not in "\n" + os_release:
        raise PeerMissing("Asterisk for the tests comes from Debian, and this machine's apt does not use Debian")
    listing = subprocess.run(
        [program("apt-get", package="apt"), "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    mirrors = [line for line in listing.stdout.split() if "security" not in line]
    if not mirrors:
        raise PeerMissing("apt knows no Debian mirror (apt-get indextargets lists none); run apt-get update")
    return mirrors[0]


def _finish(recipe: Recipe, building: Path, root: Path) -> None:
    """Add what the packages' own scripts would have made; without these chroot or Asterisk fails to start."""
    for name in ("bin", "sbin", "lib", "lib64"):
        link = building / name
        if not link.exists() and not link.is_symlink():
            link.symlink_to(f"usr/{name}")
    for name in ("proc", "sys", "root", "run", "tmp", "runs"):
        (building / name).mkdir(exist_ok=True)
    sounds_en = building / "usr/share/asterisk/sounds/en"
    if not sounds_en.exists():
        sounds_en.symlink_to("en_US_f_Allison")  # without it Playback fails and recordings are empty
    own_path = building / root.relative_to("/")
    own_path.parent.mkdir(parents=True, exist_ok=True)
    own_path.symlink_to("/")
    version = subprocess.run(
        [program("chroot", package="coreutils"), str(building), "/usr/sbin/asterisk", "-V"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if not version.stdout.startswith(f"Asterisk {recipe.major}."):
        said = (version.stdout + version.stderr).strip()
        raise PeerMissing(
            f"Debian {recipe.suite} gave {said!r} instead of Asterisk {recipe.major}; the tests are written for that"
        )
