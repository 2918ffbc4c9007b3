# Each target does all of its own set-up on a fresh machine that has Python 3.11 or newer.
# Environments are rebuilt only when the file they depend on changes (a checksum in the stamp's name).

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,\
	$(shell command -v $(name) >/dev/null 2>&1 && $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
PIP_FLAGS ?= --quiet --disable-pip-version-check
LABEL_STUDIO_VERSION := 1.23.2

VENV := .venv
LS_VENV := .venv-label-studio
LS_ML_VENV := .venv-ls-ml
BIN := $(VENV)/bin

SUM := $(shell cksum < pyproject.toml | tr -d ' ')
STAMP := $(VENV)/.weft-$(SUM)
LS_STAMP := $(LS_VENV)/.weft-$(LABEL_STUDIO_VERSION)
LS_ML_STAMP := $(LS_ML_VENV)/.weft-$(shell cksum < tests/adapter/requirements.txt | tr -d ' ')

# Options of the demo: `make demo IMAGES=~/pictures`.
IMAGES ?=
DEMO_ARGS ?=

.PHONY: help setup setup-label-studio setup-adapter demo test lint typecheck unit e2e adapter soak bench study format clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F '\t' '{printf "  make %-20s %s\n", $$1, $$2}'

setup: $(STAMP) $(LS_STAMP)  ## create .venv with the command weft, and Label Studio's own environment

setup-label-studio: $(LS_STAMP)

setup-adapter: $(LS_ML_STAMP)

demo: $(STAMP) $(LS_STAMP)  ## Label Studio and the backend on this machine, pictures pre-annotated; IMAGES=dir takes yours
	@exec $(BIN)/python -m backend.demo --follow-parent $(if $(IMAGES),--images "$(IMAGES)") $(DEMO_ARGS)

test: lint unit adapter e2e  ## everything that CI runs

lint: $(STAMP)  ## ruff, mypy, the import contracts, unused and undeclared dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

unit: $(STAMP)  ## the tests that need neither Label Studio nor a browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not e2e and not browser and not soak" --ignore tests/adapter

e2e: $(STAMP) $(LS_STAMP)  ## the tests against a real Label Studio and in a real browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m "e2e or browser" tests/e2e tests/browser

adapter: $(STAMP) $(LS_ML_STAMP)  ## the label-studio-ml adapter, in an environment of its own
	OMP_NUM_THREADS=1 $(LS_ML_VENV)/bin/python -m pytest -q -m ls_ml tests/adapter

soak: $(STAMP) $(LS_STAMP)  ## the long ones; figures go to bench/results
	$(BIN)/python -m pytest -q -m soak
	for study in gate corrupted new_words drift rollback; do OMP_NUM_THREADS=1 $(BIN)/python -m bench.$$study || exit; done
	$(MAKE) --no-print-directory bench

bench: $(STAMP)  ## measure speed, write bench/results/*.json with the machine named
	$(BIN)/python bench/run.py
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.fast_refit
	$(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[bench]'
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.active_learning

study: $(STAMP)  ## hide half of the labels and compare losses; needs the catalog photographs
	OMP_NUM_THREADS=1 $(BIN)/python -m bench.missing_labels

format: $(STAMP)  ## sort imports and lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove environments, caches and the demo's state
	rm -rf $(VENV) $(LS_VENV) $(LS_ML_VENV) .demo .artifacts build dist *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage
	find ontology tagger backend tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found; install it or run make PYTHON=/path/to/python3" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "creating $(VENV) failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@echo "installing weft into $(VENV) (the first time takes minutes: torch is large)"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install $(PIP_FLAGS) --editable '.[dev]'
	@rm -f $(VENV)/.weft-*
	@touch $@

$(LS_STAMP):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and none was found; install it or run make PYTHON=/path/to/python3" >&2; exit 2; }
	@test -x $(LS_VENV)/bin/python || $(PYTHON) -m venv $(LS_VENV)
	@echo "installing Label Studio $(LABEL_STUDIO_VERSION) into $(LS_VENV)"
	@$(LS_VENV)/bin/python -m pip install $(PIP_FLAGS) label-studio==$(LABEL_STUDIO_VERSION)
	@rm -f $(LS_VENV)/.weft-*
	@touch $@

# label-studio-ml 1.0.9 pins packages of 2021, so it goes in without its dependencies; what it imports
# beyond them comes from requirements.txt, and the rest from .venv through a .pth file.
$(LS_ML_STAMP): $(STAMP) tests/adapter/requirements.txt
	@test -x $(LS_ML_VENV)/bin/python || $(BIN)/python -m venv $(LS_ML_VENV)
	@echo "installing label-studio-ml into $(LS_ML_VENV)"
	@$(LS_ML_VENV)/bin/python -m pip install $(PIP_FLAGS) --no-deps --requirement tests/adapter/requirements.txt
	@$(LS_ML_VENV)/bin/python tests/adapter/link_environment.py $(VENV) .
	@rm -f $(LS_ML_VENV)/.weft-*
	@touch $@
