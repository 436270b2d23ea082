# `make run` and the tests do everything that a fresh machine needs; the rest is for developers.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Two processes that take each other's tests when they have none left.
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist worksteal
# What is compiled of a module stays beside it, for all processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-all before-tests setup setup-test lint numerics torture bench docs dist clean

run: setup
	@sh .ci/demo $(BIN)/phy-gui

test: before-tests
	$(PYTEST) -m "not slow" $(OPTIONS)

# What is slow as well, and more of the examples that hypothesis makes up.
test-all: before-tests
	$(PYTEST) --hypothesis-profile=ci $(OPTIONS)

before-tests: setup-test
	@$(MAKE) --no-print-directory -j 2 lint numerics

# Compiled once, not by each process of the tests for itself.
numerics: setup-test
	$(BIN)/python -c "from phygui.analysis import warm_up; warm_up()"

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

# Both distributions into dist/, as they go to an index.
dist: setup-test
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
