# Everything runs in the project's own .venv; nothing is installed globally.
# A fresh machine needs Python 3.11, 3.12 or 3.13, and make.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

SUITABLE := import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3 python; do \
	"$$python" -c '$(SUITABLE)' >/dev/null 2>&1 && { echo "$$python"; break; }; done)
BIN := .venv/bin
READY := .venv/.ready
UV := $(BIN)/uv --quiet

.PHONY: help demo test coverage lint bench up docs requirements clean

help: ## List what can be made
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 20

demo: $(READY) ## From raw files to a registered champion, on the embedded simulated exchange
	@$(BIN)/trading-ml demo

# The command line is tested in processes of its own: what captures its streams would not survive beside the others.
test: $(READY) ## Run every test
	@$(BIN)/pytest -n 2 --dist worksteal trading_ml_tests/cli
	@$(BIN)/pytest -n 2 --dist worksteal --ignore trading_ml_tests/cli

# Apart from the tests, because tracing takes a third more of their time.
coverage: $(READY) ## Run the tests traced; the domain rooms must stay well covered
	@$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term --ignore trading_ml_tests/cli

lint: $(READY) ## Check format, lint, types and import floors
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports

bench: $(READY) ## Run every benchmark small, to see that it runs; with FULL=1 at sizes that mean something
	@$(BIN)/python -m benchmarks $(if $(FULL),,--small)

up: $(READY) ## Open the Dagster and MLflow UIs on this machine
	@$(BIN)/trading-ml up

docs: $(READY) ## Build the documentation site into site/
	@$(BIN)/zensical build --strict --clean --config-file mkdocs.yml
	@$(BIN)/python -m trading_ml.cli.pictures site

requirements: $(READY) ## Pin pyproject.toml's dependencies again; pins that still fit stay
	@$(UV) pip compile pyproject.toml --group dev --universal --generate-hashes \
		--custom-compile-command "make requirements" --output-file requirements.txt

clean: ## Remove the environment, caches and the site; never the data root
	rm -rf .venv site .cache .coverage* .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find trading_ml trading_ml_tests -name __pycache__ -prune -exec rm -rf {} +

# uv comes first, by pip, at the version and hash pinned in requirements.txt; uv then installs the rest. Bytecode
# is compiled here because importing tensorflow without it takes twice as long.
$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python 3.11, 3.12 or 3.13 found; install one, or name it: make PYTHON=/path/to/python" >&2; exit 2; }
	@"$(PYTHON)" -c '$(SUITABLE)' || { echo "$(PYTHON): is not Python 3.11, 3.12 or 3.13; name another: make PYTHON=/path/to/python" >&2; exit 2; }
	@echo "setting up .venv (once per change of requirements.txt)" >&2
	@"$(PYTHON)" -m venv .venv
	@awk '/^[^ ]/ {wanted = /^uv==/} wanted' requirements.txt \
		| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r /dev/stdin
	@$(UV) pip install --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.txt
	@$(UV) pip install --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
