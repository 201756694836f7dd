# Each target does all of its own set-up, in a virtual environment of the project's own (.venv).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# uv does not read pip's configuration; hand it pip's find-links, so that both look in the same places.
export UV_FIND_LINKS ?= $(or $(PIP_FIND_LINKS),$(shell $(PYTHON) -m pip config get global.find-links 2>/dev/null))

.PHONY: install demo test check format page bench bench-loader bench-page load soak clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Crossfade needs Python 3.11 or later; this is %d.%d. Try: make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV): about a minute, most of it torch"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if $(BIN)/python -m pip install --quiet uv; then \
	    $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[dev]'; \
	else \
	    $(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'; \
	fi
	@$(BIN)/python -m compileall -q controller shared worker  # as pip and uv did theirs: a first start waits for no compiler
	@touch $@

demo: install
	$(BIN)/crossfade demo

test: install
	$(BIN)/pytest

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

page: install
	$(BIN)/python -m crossfade_controller.dashboard.bundle

bench: install
	$(BIN)/crossfade bench step

bench-loader: install
	$(BIN)/crossfade bench loader

bench-page: install
	$(BIN)/python -m tests.browser.bench

load: install
	$(BIN)/python -m tests.load

soak: install
	$(BIN)/python -m tests.load --soak 600

clean:
	rm -rf $(VENV) runs .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
