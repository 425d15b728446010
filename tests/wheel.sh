#!/usr/bin/env bash
# Builds the wheel, installs it beside (not over) the checkout, and uses it: its command, its data files, its pages.
set -eu
cd "$(dirname "$0")/.."
bin=$PWD/.venv/bin
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
git ls-files -z --cached --others --exclude-standard | grep -zv '^samples/' | xargs -0 cp --parents -t "$tmp" 2>/dev/null
cp -r --parents dashboard/static/built "$tmp"
cd "$tmp"
"$bin/python" -m build --wheel --no-isolation --outdir "$tmp/dist" >build.log 2>&1 || { tail -20 build.log; exit 1; }
"$bin/pip" install -q --no-deps --no-index --target "$tmp/installed" "$tmp"/dist/avasanj-*.whl
cd /
PYTHONPATH=$tmp/installed "$bin/python" - "$tmp/installed" <<'PY'
import pathlib, sys
root = pathlib.Path(sys.argv[1])
import avasanj, crm_sync, dashboard, scoring, telephony, transcription
for package in (avasanj, crm_sync, dashboard, scoring, telephony, transcription):
    assert pathlib.Path(package.__file__).is_relative_to(root), f"{package.__name__} is not the wheel's"
from avasanj.i18n import translator
assert translator("fa").gettext("Calls") != "Calls", "the Persian catalogue is not in the wheel"
from avasanj.migrate import head
assert head() == "0005" or head() > "0005"
for pattern in ("scoring/scorecards/*.yaml", "scoring/data/*", "dashboard/templates/**/*.html", "dashboard/static/built/*", "avasanj/migrations/versions/0001*"):
    assert list(root.glob(pattern)), f"{pattern} is not in the wheel"
PY
PYTHONPATH=$tmp/installed "$bin/python" -m avasanj --help >/dev/null
echo "The wheel works."
