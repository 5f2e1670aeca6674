# Everything a newcomer runs. `make demo` shows the product, `make test` proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .bench/venv/.ready
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
MYSQL_HEADERS := (pkg-config --exists mariadb || pkg-config --exists mysqlclient) 2>/dev/null
MYSQL_NEEDS := apt-get install gcc pkg-config libmariadb-dev
CLIENTS := .clients
CLIENTS_READY := $(CLIENTS)/.ready
NODE_NEEDS := apt-get install nodejs npm
ARGS ?=
SEEDS ?= 0-2000
SOURCE ?= service_layer
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

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

.PHONY: test-clients
test-clients: $(READY) node $(CLIENTS_READY) ## others' Service Layer clients, unmodified, against the sandbox (needs Node.js)
	@$(BIN)/python -m pytest -n auto tests/clients $(ARGS)

$(CLIENTS_READY): requirements/clients.txt requirements/clients/package.json requirements/clients/package-lock.json | node
	rm -rf $(CLIENTS)
	$(PYTHON) -m venv $(CLIENTS)/venv
	$(CLIENTS)/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/clients.txt
	cp requirements/clients/package.json requirements/clients/package-lock.json $(CLIENTS)
	npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

.PHONY: node
node:
	@{ node --version && npm --version; } >/dev/null 2>&1 \
		|| { echo 'Two of the clients are written in JavaScript: $(NODE_NEEDS), then make test-clients again.'; exit 1; }

.PHONY: simulate
simulate: $(READY) ## play seeds of a world that goes wrong (SEEDS=0-50000, or one to see its steps; SOURCE=gateway)
	@$(BIN)/python -m tests.simulation --source $(SOURCE) $(SEEDS)

.PHONY: bench
bench: $(READY) ## measure loads and refreshes against baselines (SIZES=100 DATABASES=sqlite REPEAT=1 …)
	@$(BIN)/python -m benchmarks

.PHONY: bench-techniques
bench-techniques: $(READY) ## what each technique brings: one switched off at a time (SIZES=10000 DATABASES=…)
	@$(BIN)/python -m benchmarks.techniques

.PHONY: bench-reading
bench-reading: $(READY) ## pages of a large mirror, and 20 readers while a sync writes (SIZES=100000 …)
	@$(BIN)/python -m benchmarks.reading

.PHONY: bench-fat
bench-fat: $(READY) ## a first load of 10,000 orders with every property that SAP has (SIZES=1000 …)
	@$(BIN)/python -m benchmarks.fat

.PHONY: bench-peers
bench-peers: $(READY) $(PEERS) ## dlt on the same orders, in an environment of its own (SIZES=1000 …)
	@$(BIN)/python -m benchmarks.peers

$(PEERS): requirements/bench.txt
	$(PYTHON) -m venv --clear .bench/venv
	.bench/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/bench.txt
	@touch $@

.PHONY: soak
soak: $(READY) ## 90 days of refreshes on a moved clock: nothing may grow (RUNS=1000 DATABASES=postgresql …)
	@$(BIN)/python -m benchmarks.soak

.PHONY: bench-docs
bench-docs: $(READY) ## write docs/performance.md, its charts and README's figures from what was measured
	@$(BIN)/python -m benchmarks.document

.PHONY: counts
counts: $(READY) ## renew what each kind of run is expected to cost, on every database at hand
	@UPDATE_COUNTS=1 $(BIN)/python -m tests tests/integration/test_counts.py

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
lock: ## write the locked requirements anew (needs uv and npm)
	$(COMPILE) --extra sandbox --extra postgres --extra celery --extra notify --extra redis pyproject.toml requirements/dev.in -o requirements/dev.txt
	$(COMPILE) requirements/mysql.in -o requirements/mysql.txt
	$(COMPILE) requirements/bench.in -o requirements/bench.txt
	$(COMPILE) requirements/clients.in -o requirements/clients.txt
	cd requirements/clients && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

.PHONY: clean
clean: ## remove the environment and what tools left behind
	rm -rf $(VENV) .bench $(CLIENTS) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
