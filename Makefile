# make run   sets up .venv and serves the app;  make test   sets up and runs every test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: run test lint clean

run: $(VENV)/app.stamp
	$(BIN)/python -m components.settings
	$(BIN)/streamlit run app.py --server.address localhost --server.port $(PORT)

test: $(VENV)/dev.stamp browser
	$(BIN)/python -m pytest

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

# A Chromium or Chrome on the machine is used as it is; otherwise Playwright brings its own.
.PHONY: browser
browser: $(VENV)/dev.stamp
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
		|| $(BIN)/python -m playwright install chromium

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Basewise needs Python 3.11 or newer: set PYTHON=python3.12, say")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/app.stamp: requirements.txt | $(BIN)/python
	@echo "Installing the app into $(VENV): a few minutes the first time."
	$(BIN)/python -m pip install -q -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "Installing the app and its tools into $(VENV): a few minutes the first time."
	$(BIN)/python -m pip install -q -r requirements-dev.txt
	@touch $(VENV)/app.stamp $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
