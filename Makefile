# Everything a newcomer runs. `make demo` shows the product, `make test` proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
MYSQL_HEADERS := (pkg-config --exists mariadb || pkg-config --exists mysqlclient) 2>/dev/null
MYSQL_NEEDS := apt-get install gcc pkg-config libmariadb-dev
ARGS ?=
SEEDS ?= 0-2000
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

.PHONY: setup
setup: $(READY) ## make .venv from the hashed lock

$(READY): requirements/dev.txt requirements/mysql.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "OrderMirror needs Python 3.11 or newer; this is %s.\nName another one: make setup PYTHON=python3.12" % sys.version.split()[0])'
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	$(PIP_INSTALL) --no-build-isolation -e .
	@$(MYSQL_HEADERS) && $(PIP_INSTALL) --require-hashes --no-build-isolation -r requirements/mysql.txt >$(VENV)/mysql.log 2>&1 \
		|| echo 'MariaDB and MySQL are left out: their driver needs `$(MYSQL_NEEDS)`, then `make clean setup`.'
	@touch $@

.PHONY: demo
demo: $(READY) ## sandbox, first load, pages and refreshes: the whole product (ARGS="--orders 10000 --no-serve")
	@$(BIN)/ordermirror demo $(ARGS)

.PHONY: test
test: $(READY) ## all tests on SQLite, then those of the database on each server at hand
	@$(BIN)/python -m tests $(ARGS)

.PHONY: simulate
simulate: $(READY) ## play seeds of a world that goes wrong (SEEDS=0-50000, or one to see its steps)
	@$(BIN)/python -m tests.simulation $(SEEDS)

.PHONY: check
check: $(READY) ## lint, format, layers, types, Django's checks, migrations in step
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m django check --settings ordermirror.project.settings
	$(BIN)/python -m django makemigrations --check --dry-run --settings ordermirror.project.settings

.PHONY: format
format: $(READY) ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: $(READY) ## write the generated documents anew
	$(BIN)/python tools/document_settings.py

.PHONY: lock
lock: ## write the locked requirements anew (needs uv)
	$(COMPILE) --extra sandbox --extra postgres pyproject.toml requirements/dev.in -o requirements/dev.txt
	$(COMPILE) requirements/mysql.in -o requirements/mysql.txt

.PHONY: clean
clean: ## remove the environment and what tools left behind
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
