# The verbs of the project. Each sets up what it needs by itself; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test faults lint fix tools bench record docs check
.DELETE_ON_ERROR:
# What Python compiled is kept: tests and demo start thousands of processes, and each would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that is new enough; the virtual environment is made with it once.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# More workers than cores: much of the tests is waiting for servers and tools.
WORKERS ?= $(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )))
# What the long tables of faults draw their random moments from.
SEED := $(or $(SEED),$(shell od -An -N4 -tu4 /dev/urandom | tr -d ' '))
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --require-virtualenv

help: ## list the verbs
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)

demo: .venv/.run ## see the point in a minute: a bad image refused, a good one released and verified
	$(BIN)/python -m demo.run

test: lint ## lint, then all tests (those that need outside tools skip without `make tools`)
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 4

faults: .venv/.dev ## the long tables of faults: on the wire, at home, crashes (SEED=n repeats a run)
	@echo "seed: $(SEED)"
	FAULTS_SEED=$(SEED) $(BIN)/pytest -m faults -n $(WORKERS) --maxprocesses 4

lint: .venv/.dev ## ruff and mypy, changing nothing
	$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy

fix: .venv/.dev ## let ruff mend and format what it can
	$(BIN)/ruff check --fix && $(BIN)/ruff format

tools: .venv/bin/python ## build the real registries, cosign, Sigstore, Grype, Syft and BuildKit that tests run against
	scripts/tools.sh

bench: .venv/.dev ## measure against Syft, crane and a shell pipeline (PART=release measures that alone)
	$(BIN)/python -m bench $(PART) $(BENCH)

record: .venv/.dev ## make the failures again that diagnose is measured on (CASE="names" for some)
	$(BIN)/python -m scripts.record $(CASE)

docs: .venv/.dev ## write the generated pages and schemas again
	$(BIN)/python scripts/docs.py

check: ## what CI runs: all tools, then everything, with nothing skipped
	.ci/run

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found" >&2; exit 1; }
	$(PYTHON) -m venv .venv

# The lock files are whole. Resolving again would look at newer versions of what is asked for with an extra.
.venv/.run: requirements/base.txt requirements/build.txt pyproject.toml | .venv/bin/python
	$(PIP) --no-deps --require-hashes -r requirements/base.txt -r requirements/build.txt
	$(PIP) --no-build-isolation --no-deps -e . && touch $@

.venv/.dev: requirements/dev.txt .venv/.run
	$(PIP) --no-deps --require-hashes -r requirements/dev.txt && touch $@
