# Everything a user or a contributor types. Needs only make and Python 3.11 or newer (Linux, macOS).
#
#   make run        set up if need be, then open the studio on http://127.0.0.1:7860
#   make test       set up if need be, then run the tests (minutes)
#   make test-all   the same and the slow ones
#   make lint       ruff and mypy
#   make clean      remove the environment and caches; pictures and sessions are elsewhere and stay
#   make words      list the page's words anew for translators
#   make lock       resolve the dependencies of pyproject.toml anew into the two lock files

SHELL := /bin/sh
VENV  := .venv
BIN   := $(VENV)/bin
PIP   := $(BIN)/python -m pip --disable-pip-version-check
TORCH := $(shell sed -n 's/^\(torch==[^ ;]*\).*/\1/p' requirements.txt 2>/dev/null)
ARGS  ?=

.DEFAULT_GOAL := run
.PHONY: run setup setup-dev test test-slow test-all lint words lock clean python

run: setup
	@$(BIN)/python app.py serve $(ARGS)

# The lock that was last installed lies in the environment; equal files mean there is nothing to do.
setup: $(BIN)/python
	@cmp -s requirements.txt $(VENV)/installed.txt || { \
		echo "Installing Maquette's locked dependencies into $(VENV) (the first time takes some minutes) …" && \
		$(PIP) install $(TORCH) && \
		$(PIP) install --quiet -r requirements.txt && \
		cp requirements.txt $(VENV)/installed.txt; }

setup-dev: setup
	@cmp -s requirements-dev.txt $(VENV)/installed-dev.txt || { \
		echo "Installing what the tests need …" && \
		$(PIP) install --quiet -r requirements-dev.txt && \
		cp requirements-dev.txt $(VENV)/installed-dev.txt; }

# PYTHON=… chooses one by hand. A candidate must run, be new enough and be able to make environments.
$(BIN)/python:
	@if [ "$$(uname -sm)" = "Darwin x86_64" ]; then \
		echo "Maquette needs PyTorch, which is no longer built for Macs with an Intel processor." >&2; exit 1; fi; \
	old=""; bare=""; \
	for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		version=$$($$candidate -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
		if ! $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then old="$$candidate is $$version"; continue; fi; \
		if ! $$candidate -c 'import venv, ensurepip' 2>/dev/null; then bare="$$candidate ($$version)"; continue; fi; \
		echo "Making $(VENV) with $$candidate ($$version) …"; \
		exec $$candidate -m venv --clear $(VENV); \
	done; \
	if [ -n "$$bare" ]; then echo "$$bare cannot make virtual environments: install its venv module (on Debian and Ubuntu: apt install python3-venv)." >&2; \
	elif [ -n "$$old" ]; then echo "Maquette needs Python 3.11 or newer, and $$old: install a newer one, or name it with 'make PYTHON=/path/to/python3'." >&2; \
	else echo "Maquette needs Python 3.11 or newer, and none was found: install it, or name it with 'make PYTHON=/path/to/python3'." >&2; fi; \
	exit 1

test: setup-dev
	@$(BIN)/python -m pytest -q -m "not slow" -n auto --maxprocesses 4 --dist loadfile $(ARGS)

test-slow: setup-dev
	@$(BIN)/python -m pytest -q -m slow $(ARGS)

test-all: test test-slow

lint: setup-dev
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy

words: setup-dev
	@$(BIN)/python scripts/words.py

# torch brings what it needs of CUDA with it, according to the build that pip finds; that part is not ours to pin.
lock: setup-dev
	@$(PIP) install --quiet uv
	@$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
