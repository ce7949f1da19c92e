# Two commands on a bare machine with Python 3.10+: `make demo`, `make test`. The rest is for developers.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= demo-output

.PHONY: demo test test-site lint types imports check proof clean

$(BIN)/bayancore-zatca: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/test-ready: $(BIN)/bayancore-zatca
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $@

demo: $(BIN)/bayancore-zatca  ## the main job, end to end, against the bundled simulator
	$(BIN)/bayancore-zatca demo --out $(OUT)

test: $(VENV)/test-ready  ## every test that needs no bench
	$(BIN)/python -m pytest -n 2

test-site:  ## on a bench: the site tests, on private sites beside it
	$(PYTHON) tests/site/private_bench.py

lint: $(VENV)/test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test-ready
	$(BIN)/mypy

imports: $(VENV)/test-ready
	$(BIN)/lint-imports

check: test lint types imports  ## what .ci/run asks of a change

proof: $(VENV)/test-ready  ## make proof NAME=speed
	$(BIN)/python tests/proofs/$(subst -,_,$(NAME)).py $(ARGS)

clean:
	rm -rf $(VENV) $(OUT)
