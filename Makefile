# make run     sets up .venv and serves the app
# make check   style and the quick tests, in a minute or so: no page, no download, no weights
# make lint    style and types
# make test    sets up and runs the tests
# make test-servers  the contract of servers against a real vLLM: 3 GB of packages, 6 GB of memory
# make test-hosting  install, proxy, signals, load and kills: root, nginx and debootstrap, 8 minutes
# make mutate  mutation tests of the rooms that only compute
# make audit   known vulnerabilities of the exact versions: needs the advisories of PyPI itself
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VLLM ?= .venv-vllm
PORT ?= 8501
# Processes that run the tests, 0 for this one alone. Each may hold a browser, a server of the app
# and several small models: up to 5 GB.
WORKERS ?= 2
# A file of exact versions to install, such as constraints.txt: CI does. Otherwise the newest that
# the ranges of requirements*.txt allow.
CONSTRAINTS ?=
PIP_INSTALL = $(BIN)/python -m pip install -q $(if $(CONSTRAINTS),-c $(CONSTRAINTS))

.PHONY: run check test test-servers test-hosting quick style types lint browser mutate audit constraints clean

run: $(VENV)/app.stamp
	$(BIN)/python -m components.endpoints
	$(BIN)/streamlit run app.py --server.address localhost --server.port $(PORT)

check:
	$(MAKE) -j2 style quick

test: $(VENV)/dev.stamp .test-cache/tokenizers.stamp browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-servers: $(VENV)/dev.stamp .test-cache/tokenizers.stamp $(VLLM)/vllm.stamp
	VLLM_PYTHON=$(VLLM)/bin/python $(BIN)/python -m pytest -s tests/servers

test-hosting: $(VENV)/dev.stamp .test-cache/tokenizers.stamp
	BASEWISE_TEST_HOSTING=1 $(BIN)/python -m pytest tests/deploy tests/load

$(VLLM)/vllm.stamp: benchmarks/install_vllm.py
	@echo "Installing vLLM into $(VLLM): some minutes the first time."
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python benchmarks/install_vllm.py
	@touch $@

quick: $(VENV)/dev.stamp .test-cache/tokenizers.stamp
	$(BIN)/python -m pytest tests/unit -q -n $(WORKERS) --dist worksteal --hypothesis-profile quick \
		-m "not slow"

lint: style types

types: $(VENV)/dev.stamp
	$(BIN)/pyright

style: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .

# Changes the rooms that only compute, one place at a time: which changes does no test notice?
mutate: $(VENV)/dev.stamp
	$(BIN)/mutmut run --max-children $(WORKERS)
	$(BIN)/mutmut results

# In an environment of its own: what it brings is no part of the app. Strict: where no advisories can be
# had (a mirror of the packages alone), it fails instead of finding nothing.
AUDIT := .venv-audit
audit: $(AUDIT)/audit.stamp
	$(AUDIT)/bin/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

$(AUDIT)/audit.stamp: | $(BIN)/python
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install -q "pip-audit>=2.9,<3"
	@touch $@

# What the pages' tests read, once: afterwards they run without a network.
.test-cache/tokenizers.stamp: components/registry/models.toml | $(VENV)/dev.stamp
	$(BIN)/python -m tests.support.fetch_tokenizers
	@touch $@

# A Chromium or Chrome on the machine is used as it is; otherwise Playwright brings its own.
browser: $(VENV)/dev.stamp
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
		|| $(BIN)/python -m playwright install chromium

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Basewise needs Python 3.11 or newer: set PYTHON=python3.12, say")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/app.stamp: requirements.txt $(CONSTRAINTS) | $(BIN)/python
	@echo "Installing the app into $(VENV): a few minutes the first time."
	$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt $(CONSTRAINTS) | $(BIN)/python
	@echo "Installing the app and its tools into $(VENV): a few minutes the first time."
	$(PIP_INSTALL) -r requirements-dev.txt
	@touch $(VENV)/app.stamp $@

# After an installation without CONSTRAINTS: the versions that it brought are CI's from then on.
constraints: $(VENV)/dev.stamp
	@echo "# Exact versions for CI, by make constraints: $$($(BIN)/python --version), $$(uname -sm)" > $@.txt
	$(BIN)/python -m pip list --format=freeze --exclude pip --exclude setuptools 2>/dev/null \
		| sed 's/+[a-z0-9.]*$$//' >> $@.txt

clean:
	rm -rf $(VENV) $(AUDIT) .pytest_cache .ruff_cache .hypothesis .import_linter_cache mutants
