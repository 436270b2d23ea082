# `make run` and `make test` do everything that a fresh machine needs; the rest is for developers.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test setup setup-test lint torture bench docs clean

run: setup
	@sh .ci/demo $(BIN)/phy-gui

test: setup-test lint
	$(BIN)/python -m pytest -q

lint: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

torture: setup-test
	$(BIN)/python -m tests.torture

bench: setup-test
	@sh .ci/on-a-screen sh -c 'for f in benchmarks/bench_*.py; do $(BIN)/python $$f || exit 1; done'

setup: $(VENV)/.installed

setup-test: $(VENV)/.installed-test

$(VENV)/.installed: setup.cfg pyproject.toml .ci/setup
	@sh .ci/setup "$(PYTHON)" "$(VENV)" .
	@touch $@

$(VENV)/.installed-test: setup.cfg pyproject.toml .ci/setup
	@sh .ci/setup "$(PYTHON)" "$(VENV)" '.[test]'
	@touch $@ $(VENV)/.installed

docs: setup
	@sh .ci/setup "$(PYTHON)" "$(VENV)" '.[docs]'
	$(BIN)/python -m sphinx -q -W docs build/docs
	@echo "The pages are in build/docs/index.html"

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
