# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 The otterscale.core authors

# Two commands for everybody, `make demo` and `make test`; the rest is for work on the collection. All that they make goes to .dev/.

PYTHON ?= python3
BOOT := .dev/boot
NOX := $(BOOT)/bin/nox
export UV_CACHE_DIR ?= $(CURDIR)/.dev/cache/uv
export XDG_CACHE_HOME ?= $(CURDIR)/.dev/cache

# What `make integration` is narrowed down to, e.g. TARGET=otterscale_bucket GENERATION=plain, whether it runs the playbooks
# as modules too (AS_MODULES=1; with another core than the newest always), and the ansible-core for sanity, units and
# integration: newest, 2.16 or 2.21.
export TARGET
export GENERATION
export AS_MODULES
CORE ?= newest

NO_LOG := $(foreach core,2.16 2.17 2.18 2.19 2.20 2.21,"no_log($(core))")

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: demo
demo: setup ## Set everything up, start the embedded server, run the quickstart playbook twice; GENERATION=v1.4 for OtterScale 1.x
	@mkdir -p .dev/logs
	@$(NOX) --session demo 2>.dev/logs/demo.log || { cat .dev/logs/demo.log >&2; exit 1; }

.PHONY: test
test: setup ## Set everything up and run every check
	@$(BOOT)/bin/python tools/checks.py

.PHONY: cores
cores: setup ## Unit tests, playbooks and AWX jobs with the oldest and the newest ansible-core, no_log with each, AWX's setup, Molecule, and the report in Chromium
	@$(BOOT)/bin/python tools/checks.py $(foreach core,2.16 2.21,"targets($(core))" "integration($(core))" "units($(core))" "runner($(core))") $(NO_LOG) "awx(2.16)" "awx(2.20)" environment molecule report

.PHONY: setup
setup: $(BOOT)/ready ## Set up .dev/ with what the other targets need

$(BOOT)/ready: tests/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "setting up in .dev/ ..."
	@$(PYTHON) -m venv --clear $(BOOT)
	@$(BOOT)/bin/python -m pip install --quiet --disable-pip-version-check -c tests/constraints.txt uv
	@$(BOOT)/bin/uv pip install --quiet --python $(BOOT) -c tests/constraints.txt nox
	@touch $@

.PHONY: lint
lint: setup ## ruff, yamllint and shellcheck
	@$(NOX) --session lint

.PHONY: format
format: setup ## Let ruff fix what it can
	@$(NOX) --session format

.PHONY: docs
docs: setup ## Write what documentation has to repeat: RETURN, suboptions, the role's specs, the table of error codes
	@$(NOX) --session generate

.PHONY: types
types: setup ## mypy
	@$(NOX) --session types

.PHONY: docs-lint
docs-lint: setup ## Licences, documentation, changelog fragments, ansible-lint
	@$(NOX) --session licenses docs docsite changelog ansible-lint

.PHONY: sanity
sanity: setup ## ansible-test sanity, CORE=newest|2.16|2.21
	@$(NOX) --session "sanity($(CORE))"

.PHONY: units
units: setup ## Run the unit tests, CORE=newest|2.16|2.21
	@$(NOX) --session "units($(CORE))"

.PHONY: integration
integration: setup ## Playbooks against the emulator, TARGET=... GENERATION=... AS_MODULES=1 CORE=newest|2.16|2.21
	@$(NOX) --session "targets($(CORE))" $(if $(TARGET),,"integration($(CORE))")

.PHONY: fuzz
fuzz: setup ## 10,000 fault schedules and 200 races a resource, half an hour or more
	@OTTERSCALE_FUZZ_EXAMPLES=$${OTTERSCALE_FUZZ_EXAMPLES:-10000} OTTERSCALE_FUZZ_ROUNDS=$${OTTERSCALE_FUZZ_ROUNDS:-200} $(NOX) --session fuzz

.PHONY: mutants
mutants: setup ## Break the code line by line and see whether a test notices, MUTANTS="_otterscale/bucket _engine/evidence --every 3"; an hour and more
	@$(NOX) --session mutants -- $(MUTANTS)

.PHONY: hostile
hostile: setup ## Show what hostile answers cost in time and memory
	@$(NOX) --session hostile

.PHONY: bench
bench: setup ## Measure what loops, declarations and changes cost, half an hour or more; ARGS=--publish copies the last results to docs/
	@$(NOX) --session bench -- $(ARGS)

.PHONY: package
package: setup ## Build the tarball, install it, run the quickstart from there; check it as Galaxy and ansible-builder do
	@$(NOX) --session package importer builder environment

.PHONY: clean
clean: ## Remove everything that the other targets made
	rm -rf .dev emulator/_gen
