# Everything sets itself up: a virtual environment in the checkout, made when needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := build/demo
# Two processes: files of tests are independent of one another.
TWO := --numprocesses 2 --dist loadfile
# What continuous integration adds, see .ci/run.
AGAIN ?=

.PHONY: demo test check lint types docs versions bench clean

demo: $(READY)
	$(BIN)/python tests/demo/run.py --out $(DEMO)
	$(BIN)/analyze report $(DEMO)/after.parquet --html $(DEMO)/report.html
	$(BIN)/analyze diff $(DEMO)/before.parquet $(DEMO)/after.parquet --html $(DEMO)/diff.html

test: $(READY)
	$(BIN)/python -m pytest -m "not slow" $(TWO) $(AGAIN)

check: lint types docs versions

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# Fails at dead links.
docs: $(READY)
	$(BIN)/mkdocs build --strict

# Exactness on every supported Python found on this machine.
versions: $(READY)
	$(BIN)/python tests/versions.py

bench: $(READY)
	$(BIN)/python tests/bench/capture.py
	$(BIN)/python tests/bench/pause.py
	$(BIN)/python tests/bench/graph_kernels.py
	$(BIN)/python tests/bench/engine.py
	$(BIN)/python tests/bench/page.py
	$(BIN)/python tests/bench/pictures.py
	$(BIN)/python tests/bench/pytest_plugin.py

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("heapsnap needs Python 3.10 or later; set PYTHON=…" if sys.version_info < (3, 10) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint,docs]'
	touch $@

clean:
	rm -rf $(VENV) .venv-3.* build dist .mypy_cache .ruff_cache .pytest_cache

# The snapshots in data/, see data/README.md.
.PHONY: data
data: $(READY)
	$(BIN)/python data/programs/cache.py data
	$(BIN)/python data/programs/cycles.py data
