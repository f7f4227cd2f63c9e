# Each target is a plain command in the environment `.venv`, which is made when it is missing and brought up to date when
# pyproject.toml or constraints.txt change. `make PYTHON=python3.12 test` makes it with another Python.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test test-all lint bench clean

demo: .venv/ready  ## the whole of it in about a minute
	$(BIN)/undersong demo

test: .venv/ready  ## the fast tests, a file at a time in each of two processes
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-all: .venv/ready  ## the slow ones too
	$(BIN)/python -m pytest

lint: .venv/ready  ## style, types, and who may import whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

bench: .venv/ready  ## how fast it starts and steps here; what else was measured has its script in benchmarks/
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/stepping.py

clean:  ## what was made here, but no runs
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

.venv/ready: pyproject.toml constraints.txt
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	@echo "Installing into .venv: a minute or two, more where everything must be fetched first."
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[learn,text,tune,dev]"
	touch .venv/ready
