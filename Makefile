# Kundekort. `make sync` and `make test` need Python 3.11+, make and a package index; nothing else.
PYTHON ?= python3
BIN := .venv/bin
UV := uv==0.13.9
# Compiled once and for all: uncompiled, each process takes twice the time to start, wherever
# PYTHONDONTWRITEBYTECODE is set or .venv cannot be written to.
INSTALL = $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode
export PYTHONPATH := $(CURDIR)
# So that what is in .venv/bin, dagster-daemon for example, finds the packages here too.
FIND_HERE = $(BIN)/python -c 'import pathlib, sysconfig; \
	pathlib.Path(sysconfig.get_path("purelib"), "kundekort.pth").write_text("$(CURDIR)")'
export DAGSTER_HOME ?= $(CURDIR)/dagster_home

.PHONY: help sync backfill ui test browser screenshot alert-test alert-late lint webhooks reapply decide subject privacy psql migrate sandbox sandbox-day lock clean

help: ## What there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

sync: .venv/installed ## Run the nightly job once and print what happened (COMPLETE=1 reads everything anew)
	@$(BIN)/python -m pipelines.cli.sync $(if $(COMPLETE),--complete)

backfill: .venv/installed ## Read days again: FROM=2026-03-01 TO=2026-03-31 (YES=1 does not ask)
	@$(BIN)/python -m pipelines.cli.backfill --from "$(FROM)" --to "$(TO)" $(if $(YES),--yes)

ui: .venv/installed ## Open Dagster on http://127.0.0.1:3000 (PORT=… for another port)
	@$(BIN)/python -m pipelines.cli.ui --port $(or $(PORT),3000)

# By file: the tests of one share what they set up.
test: .venv/installed-test ## The whole test suite, in parallel
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

browser: ## Install the browser for the browser test (Debian, Ubuntu; as root)
	apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver

screenshot: .venv/installed-test ## Draw the picture of the asset graph anew (needs the browser)
	@$(BIN)/python -m tests.e2e.screenshot

alert-test: .venv/installed ## Send a test alert by webhook and e-mail
	@$(BIN)/python -m pipelines.cli.alert_test

alert-late: .venv/installed ## Tell if the cards were not made last night (for cron: needs no daemon)
	@$(BIN)/python -m pipelines.cli.alert_late

lint: .venv/installed-test ## Style, types, the direction of imports, and the files that only production runs
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/shellcheck dagster_home/production/databases.sh .ci/run
	@$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	@$(BIN)/yamllint --strict .yamllint compose.yaml dagster_home/dagster.yaml dagster_home/production schemas/policy.yaml

webhooks: .venv/installed ## Receive webhooks (off without secrets; ARGS="--host 0.0.0.0" for a proxy elsewhere)
	@$(BIN)/python -m pipelines.cli.webhooks $(ARGS)

reapply: .venv/installed ## After a restored backup, before the first sync: erase again what was erased
	@$(BIN)/python -m pipelines.cli.reapply $(ARGS)

decide: .venv/installed ## Decide about pairs and keys: ARGS="list", ARGS="--help"
	@$(BIN)/python -m pipelines.cli.decide $(ARGS)

subject: .venv/installed ## Requests of data subjects: ARGS="open erasure --email …", ARGS="--help"
	@$(BIN)/python -m pipelines.cli.subject $(ARGS)

privacy: .venv/installed ## Legal holds, customers' instructions, restrictions: ARGS="hold list", ARGS="--help"
	@$(BIN)/python -m pipelines.cli.privacy $(ARGS)

psql: .venv/installed ## A SQL prompt on the CRM store (ARGS="-c 'SELECT …'" for one query)
	@$(BIN)/python -m pipelines.cli.psql $(ARGS)

migrate: .venv/installed ## Bring the CRM database to the present shape (as its owner)
	@$(BIN)/python -m pipelines.cli.migrate

sandbox: .venv/installed ## Serve the four simulated APIs in the foreground
	@$(BIN)/python -m connectors.sandbox

sandbox-day: .venv/installed ## Let a day pass in the sandbox's world
	@$(BIN)/python -m connectors.sandbox advance

lock: .venv/bin/uv ## Resolve the dependencies anew
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 pyproject.toml --extra kubernetes -c requirements.lock -o requirements-kubernetes.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 pyproject.toml --group test -c requirements.lock -o requirements-test.lock

clean: ## Remove the embedded store, Dagster's history and the sandbox's world
	@find "$(CURDIR)/dagster_home" -mindepth 1 -maxdepth 1 ! -name dagster.yaml ! -name production ! -name '*.png' -exec rm -rf {} +

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kundekort needs Python 3.11 or later: make PYTHON=python3.11 …"; exit 2; }
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)

.venv/installed: requirements.lock | .venv/bin/uv
	@echo "Installing what the pipeline needs"
	@$(INSTALL) -r requirements.lock
	@$(FIND_HERE)
	@touch $@

.venv/installed-test: requirements-test.lock | .venv/bin/uv
	@echo "Installing what the tests need"
	@$(INSTALL) -r requirements-test.lock
	@$(FIND_HERE)
	@touch $@ .venv/installed
