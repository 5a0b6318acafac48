# Needs python3 (>= 3.11), git and make; everything else is installed into .venv, from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test lint bench eval gate docs lock format clean

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "digest needs Python 3.11 or newer: set PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

demo: $(VENV)/installed
	$(BIN)/digest demo $(if $(filter 0,$(SERVE)),--no-serve) --out demo-out

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 $(ARGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks --out bench-out $(ARGS)

$(VENV)/installed-eval: requirements-eval.lock $(VENV)/installed
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-eval.lock
	touch $@

eval: $(VENV)/installed-eval
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m evaluation --out eval-out $(ARGS)

gate: $(VENV)/installed-dev
	$(BIN)/python -m tests.ranking.gate

docs: $(VENV)/installed
	$(BIN)/python docs/cli.py

# Names, versions and hashes only, for every platform from Python 3.11 on.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade pyproject.toml
lock:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(LOCK) --extra eval --group build --output-file requirements.lock
	$(LOCK) --all-extras --group dev --output-file requirements-dev.lock
	$(LOCK) --extra eval --group eval --output-file requirements-eval.lock

clean:
	rm -rf $(VENV) bench-out demo-out eval-out dist .pytest_cache .mypy_cache .ruff_cache
