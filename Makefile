# Everything a newcomer needs: `make run` and `make test`. Each sets up what it needs, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PO := $(wildcard locales/*/LC_MESSAGES/messages.po)
MO := $(PO:.po=.mo)
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run install test lint bench faults catalogue lock places clean help

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

run: install  ## install, migrate, serve the web chat on an embedded SQLite, print the address
	@$(BIN)/nidaa migrate
	@$(BIN)/nidaa serve

install: $(VENV)/.run $(MO)  ## set up .venv with what running needs

test: $(VENV)/.dev $(MO)  ## install, run all tests
	@$(BIN)/python -m pytest --numprocesses=auto

faults: $(VENV)/.dev $(MO)  ## kill it, stop its database, fill its disk, switch its guards off: at length, with figures at the end
	@$(BIN)/python -m pytest tests/faults tests/races --long --ignore=tests/faults/test_crash_points.py
	@$(BIN)/python -m pytest tests/faults/test_crash_points.py --long --numprocesses=3

bench: $(VENV)/.dev $(MO)  ## how fast it is, how small, and where the time goes: all figures, in about an hour
	@$(BIN)/python -m tests.benchmarks

lint: $(VENV)/.dev $(MO)  ## style, types, imports, templates, the Dockerfile
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/djlint --check --lint --quiet handlers
	@$(BIN)/hadolint Dockerfile

catalogue: $(VENV)/.dev  ## extract the sentences, bring the languages up to date
	@$(BIN)/python -m tests.tools.catalogue

lock: $(VENV)/.build  ## lock what is depended on, with hashes
	@$(BIN)/uv pip compile $(LOCK) --upgrade requirements/build.in -o requirements/build.txt
	@$(BIN)/uv pip compile $(LOCK) --upgrade pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip compile $(LOCK) --upgrade pyproject.toml requirements/dev.in -c requirements/run.txt -o requirements/dev.txt

places: $(VENV)/.dev  ## make the list of communes anew
	@$(BIN)/python -m storage.reference.make

clean:
	rm -rf $(VENV) $(MO)

$(VENV)/.build: requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else "nidaa needs Python 3.11, 3.12 or 3.13; this is %d.%d. Choose another with: make PYTHON=python3.12" % sys.version_info[:2])'
	@echo "Setting up $(VENV), once. This can take a few minutes." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/build.txt
	@touch $@

$(VENV)/.run: $(VENV)/.build requirements/run.txt pyproject.toml
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/run.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

%.mo: %.po | $(VENV)/.build
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@
