# One command in: make run. One to check: make check. Needs Python 3.11 or newer and a package index, nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules
.SUFFIXES:

VENV ?= .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --no-input

# pip's chatter becomes one line for each package that it fetches; what goes wrong comes by stderr and stays whole.
PROGRESS = awk -v total="$$(grep '^[a-zA-Z0-9]' $(1) | grep -cv win32)" \
	'/^ *Collecting/ { name = $$2 } /^Requirement already/ { name = $$4 } \
	name { key = name; sub(/[<>=!~;[].*/, "", key); n += !seen[key]++ } \
	/^ *Collecting/ { printf "  %3d/%d %s\n", n, total, name; fflush() } \
	/^Installing/ { print "  unpacking"; fflush() } { name = "" }'
STEP = @printf '== %s\n'

.PHONY: help
help: ## list the goals
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(VENV)/.package ## install what the server needs (first time only) and start it; PORT and HTTP_HOST are honoured
	@$(BIN)/python tools/build_ui.py & exec $(BIN)/flagkeeper serve

.PHONY: ui
ui: $(VENV)/.package ## build the web interface, if its sources changed
	@$(BIN)/python tools/build_ui.py

.PHONY: ui-types
ui-types: $(VENV)/.package ## write ui/src/api again from the HTTP interface
	@$(BIN)/python -m tools.ui_types

.PHONY: screenshots
screenshots: $(VENV)/.test ## a picture of every page, light and dark, wide and narrow, in build/screenshots
	@$(BIN)/python -m tools.screenshots

.PHONY: test
test: $(VENV)/.test ## run all tests, on SQLite and on a real PostgreSQL
	@$(BIN)/python tools/build_ui.py --tests
	@$(BIN)/python -m tests.npm
	@$(BIN)/pytest -n 2

.PHONY: check
check: $(VENV)/.test ## lint, types, import contracts, sizes, generated documents, and the quick tests
	$(STEP) 'lint'
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	$(STEP) 'types'
	@$(BIN)/mypy
	$(STEP) 'import contracts'
	@$(BIN)/python tools/import_contracts.py
	$(STEP) 'sizes'
	@$(BIN)/python tools/size_limits.py
	$(STEP) 'documents'
	@$(BIN)/python tools/document_events.py --check
	@$(BIN)/python tools/document_settings.py --check
	$(STEP) 'quick tests: on SQLite, without a server'
	@$(BIN)/pytest -n 2 -q -m 'not postgres and not slow' tests/unit tests/db

.PHONY: format
format: $(VENV)/.test ## format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: torture
torture: $(VENV)/.test ## long runs that kill processes and race writers
	@$(BIN)/pytest tests/torture -s -o timeout=0
	@FLAGKEEPER_TEST_STORIES=20 $(BIN)/pytest -n 2 tests/db/test_keepers_*.py -k 'whatever_happens or random_story'

.PHONY: mutants
mutants: $(VENV)/.test ## put faults into the code and count how many the tests notice; MUTANTS='--count 60 http'
	@$(BIN)/python -m tools.mutants $(MUTANTS)

.PHONY: bench
bench: $(VENV)/.test ## every benchmark, one table each
	@for each in benchmarks/bench_*.py; do $(BIN)/python "$$each"; done

.PHONY: contract
contract: $(VENV)/.test ## compare the served HTTP interface with the one that clients expect
	@$(BIN)/python -m tools.contract

.PHONY: docs
docs: $(VENV)/.test ## write docs/events.md from the catalogue and the tests, and docs/settings.md
	@$(BIN)/python tools/document_events.py > docs/events.md.new
	@mv docs/events.md.new docs/events.md
	@$(BIN)/python tools/document_settings.py

.PHONY: lock
lock: $(VENV)/.lock ## pin requirements/*.txt again; UPGRADE=1 moves to the newest versions within pyproject.toml
	@$(call COMPILE,run,--group build)
	@$(call COMPILE,test,--group test --constraint requirements/run.txt)

COMPILE = $(BIN)/uv pip compile pyproject.toml $(2) --output-file requirements/$(1).txt $(if $(UPGRADE),--upgrade) \
	--generate-hashes --universal --python-version 3.11 --no-header --no-annotate --quiet

.PHONY: clean
clean: ## remove everything that a build or a test left behind
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed where. A stamp is older than its source when the work has to be done again.

$(VENV)/bin/python:
	$(STEP) 'making $(VENV)'
	@for each in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14; do \
		if "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$each" -m venv $(VENV); \
		fi; \
	done; \
	echo 'No Python 3.11 or newer was found. Install one, or name it: make run PYTHON=/path/to/python3' >&2; \
	exit 1

$(VENV)/.run: requirements/run.txt | $(VENV)/bin/python
	$(STEP) 'installing what the server needs'
	@$(PIP) install --no-compile --require-hashes -r $< | $(call PROGRESS,$<)
	@touch $@

$(VENV)/.package: pyproject.toml $(VENV)/.run
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.package
	$(STEP) 'installing what the tests need'
	@$(PIP) install --no-compile --require-hashes -r $< | $(call PROGRESS,$<)
	@touch $@

$(VENV)/.lock: pyproject.toml | $(VENV)/bin/python
	@$(PIP) install --quiet "$$($(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']['lock'])")"
	@touch $@
