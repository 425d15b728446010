#!/usr/bin/env bash
# Makes the virtual environment; says what to type where something is missing that only root can install.
set -eu
python=$1 venv=$2

command -v "$python" >/dev/null || { echo "There is no $python here. Install Python 3.11 or newer, or name it: make run PYTHON=python3.12" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Avasanj needs Python 3.11 or newer; $python is $("$python" -V 2>&1). Name a newer one: make run PYTHON=python3.12" >&2; exit 1; }

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing python$version-venv …"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null
  else
    echo "Python's venv module is missing. Type: sudo apt-get install python$version-venv" >&2; exit 1
  fi
fi
[ -x "$venv/bin/pip" ] || { rm -rf "$venv"; "$python" -m venv "$venv"; }
