# make serve     install what is missing and start everything on http://127.0.0.1:8000
# make test      everything: lint, types, import rules, the whole suite on SQLite and PostgreSQL, in Chromium
# make check     lint, types, import rules and the fast tests
# make screenshots   the pictures of the README, from the running product
# make lock      renew the lock files after a change of pyproject.toml or package.json

# The first Python that is new enough; `make PYTHON=...` names another.
NEW    := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell $(p) -c '$(NEW)' 2>/dev/null && echo $(p))) python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS   ?=

.PHONY: serve install dev test check lint style types format fast screenshots lock clean
.DEFAULT_GOAL := serve

serve: install
	@exec $(BIN)/madoguchi serve $(ARGS)

install: $(VENV)/.installed
	@$(BIN)/python -m app.assets

dev: $(VENV)/.installed-dev
	@$(BIN)/python -m app.assets

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Madoguchi needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing (on Debian: apt install python3-venv)." >&2; exit 1; }

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Madoguchi into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock | $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	@touch $@

lint: dev style types

style:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types:
	$(BIN)/mypy

format: dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

fast:
	MADOGUCHI_TEST_DB=sqlite $(BIN)/pytest -q -n auto -m "not browser and not faults" $(ARGS)

check: lint fast

test: dev
	$(BIN)/python -m tests.run $(ARGS)

screenshots: dev
	$(BIN)/python -m tests.screenshots $(ARGS)

# Needs uv (`pip install uv`). The locks carry no registry address, so they work with any mirror.
LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade --quiet --extra build
lock:
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --extra dev pyproject.toml -o requirements-dev.lock
	npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved

clean:
	rm -rf node_modules static/vendor build dist *.egg-info $(VENV)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
