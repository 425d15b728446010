#!/usr/bin/env bash
# Runs every check and every test; what fails first is said last. The Python tests' own closing line ends the output.
set -u
cd "$(dirname "$0")/.."
bin=$PWD/.venv/bin
failed=()

step() { # name, command …
  local name=$1; shift
  echo "── $name"
  "$@" || failed+=("$name")
}

step "lint" "$bin/ruff" check .
step "format" "$bin/ruff" format --check --quiet .
step "types" "$bin/mypy"
step "imports flow one way" "$bin/lint-imports" --no-cache
step "wheel" bash tests/wheel.sh
[ ${#failed[@]} -eq 0 ] || echo "Failed before the tests: ${failed[*]}"

# One process more than the two cores that are asked for, since most tests wait half of their time: tests/lanes.py says which takes what.
# Each has a database server of its own.
"$bin/python" -m pytest -n 3 --dist loadfile -q "$@"
tests=$?
[ ${#failed[@]} -eq 0 ] && [ $tests -eq 0 ]
