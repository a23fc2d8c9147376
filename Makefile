# make demo · make test · make check · make bench: each sets up what it needs, on a machine that has only Python.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# NEURAL=0 leaves torch out (a few hundred MB); the tests that need it then say so and are skipped.
NEURAL ?= 1
comma := ,
EXTRAS := $(if $(filter 0,$(NEURAL)),dev$(comma)datasets$(comma)cluster,dev$(comma)all)
CORE := $(VENV)/.core
DEV := $(VENV)/.dev-$(NEURAL)
SETUP := pyproject.toml constraints.txt

.PHONY: demo test check bench corpus-check format update clean

demo: $(CORE)
	@$(BIN)/cardscope analyze "$$($(BIN)/python corpora/flagship.py)" --source demo

test: $(DEV)
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python reports/generate.py --check

bench: $(DEV)
	$(BIN)/python reports/bench/run.py

corpus-check: $(DEV)
	$(BIN)/python reports/corpus_check.py

update: $(DEV)
	$(BIN)/python reports/generate.py --update

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "cardscope needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

$(CORE): $(VENV)/bin/python $(SETUP)
	@echo "setting up cardscope (once)" >&2
	$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(DEV): $(VENV)/bin/python $(SETUP)
	@echo "setting up development (once)" >&2
	$(PIP) --constraint constraints.txt --editable '.[$(EXTRAS)]'
	@touch $@ $(CORE)

clean:
	rm -rf $(VENV) build dist
