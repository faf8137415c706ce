# Every target sets up what it needs in .venv by itself; `make help` lists them.
# PYTHON=python3.12 picks another interpreter (3.11 or newer), TEST_ARGS="-k money" narrows the tests.

PYTHON ?= python3
TEST_ARGS ?=
RUN := .venv/bin/python
PIP := $(RUN) -m pip --quiet --disable-pip-version-check --no-input
# Wheels only: a clear refusal at once instead of a compiler that is not there.
INSTALL := $(PIP) install --require-hashes --only-binary :all: --progress-bar off
DEMO_DIR = runs/demo-$(shell date -u +%Y%m%d-%H%M%S)
# The report is ours, so Locust's own tables stay away; its warnings show.
LOCUST := $(RUN) -m locust -f locustfiles/transactions.py --headless --loglevel WARNING --only-summary --no-tables
# The vendor's OpenAPI description, where somebody has it.
OPENAPI ?= openapi-v3.8.0.yaml

.PHONY: help demo test lint fast plain bench mutants fuzz soak clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     sandbox, small population, 30 s at 200 TPS, audit, report: about a minute"
	@echo "make test     the tests (TEST_ARGS= is handed to pytest)"
	@echo "make lint     ruff and mypy"
	@echo "make fast     compile the hot path, where a C compiler is at hand: less than half the CPU a request"
	@echo "make bench    what each piece costs, on this machine"
	@echo "make mutants  every planted ledger defect, and the invariant that catches it"
	@echo "make fuzz     schemathesis over the vendor's API description (OPENAPI=FILE), against the sandbox"
	@echo "make soak     an hour at 500 TPS against the sandbox, then the audit"
	@echo "make clean    remove .venv and caches; runs/ stays"

demo: .venv/.runtime
	@exec $(LOCUST) --target-tps 200 -t 30s -u 8 -r 8 --preset small --run-dir $(DEMO_DIR)

# Those that start real processes come last, two files at a time: they count and do not time, and mostly they wait. What
# fails on a busy machine has one second try, by itself; what fails twice has failed.
NOTHING_CHOSEN := 5
E2E = $(RUN) -m pytest -q -m "e2e and not slow" $(TEST_ARGS)
test: .venv/.dev
	@$(RUN) -m pytest -q -n 2 -m "not slow and not e2e" $(TEST_ARGS) || [ $$? = $(NOTHING_CHOSEN) ]
	@$(E2E) -n 2 --dist loadfile || [ $$? = $(NOTHING_CHOSEN) ] || { \
	  echo "a second try of what failed:"; $(E2E) --last-failed --last-failed-no-failures none; }

lint: .venv/.dev
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

# The same modules run as plain Python without it; a module that does not compile stays plain.
HOT = $(shell sed -n 's/^sources = \["\(.*\)"\]/\1/p' pyproject.toml)
fast: .venv/.runtime .venv/.fast
.venv/.fast: .venv/.linked pyproject.toml requirements-build.lock $(HOT) $(wildcard demogen/*/*.pxd demogen/*/*/*.pxd)
	@$(INSTALL) -r requirements-build.lock || { echo "set-up failed: is a package index within reach?" >&2; exit 1; }
	@command -v $${CC:-cc} >/dev/null || { echo "no C compiler: apt install gcc python3-dev" >&2; exit 1; }
	@echo "compiling the hot path (under a minute)"
	@$(RUN) -W ignore -c "from setuptools import setup; setup()" -q build_ext --inplace --force 2>build.log >&2 || { cat build.log >&2; exit 1; }
	@ls demogen/*/*.so demogen/*/*/*.so >/dev/null 2>&1 || { cat build.log >&2; exit 1; }
	@rm -f build.log
	@touch $@

plain:
	@rm -f demogen/*/*.so demogen/*/*/*.so .venv/.fast

bench: .venv/.dev fast
	@for name in spelling patterns pieces engine generators openloop memory sandbox provisioning audit readback; do \
	  echo "== benchmarks/$$name.py"; $(RUN) benchmarks/$$name.py || exit 1; done

mutants: .venv/.dev
	@$(RUN) -m tests.mutants $(TEST_ARGS)

fuzz: .venv/.dev
	@$(RUN) tests/sandbox/vendor_fuzz.py "$(OPENAPI)" $(FUZZ_ARGS)

soak: .venv/.runtime
	@exec $(LOCUST) --target-tps 500 -t 1h -u 32 -r 32 --preset medium --run-dir runs/soak-$$(date -u +%Y%m%d-%H%M%S)

clean: plain
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	@find demogen tests locustfiles benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# The interpreter of a .venv can vanish under it (an upgrade of the system): then it is made anew.
ifneq ($(shell .venv/bin/python -c "print(1)" 2>/dev/null),1)
.venv/.made: FORCE
endif

.venv/.made:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
	  echo "Python 3.11 or newer is needed, $(PYTHON) is older: name one with PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || { \
	  echo "python3-venv is missing: apt install python3-venv" >&2; exit 1; }
	@$(RUN) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@touch $@

# The package is put on the path of .venv as it stands: nothing to build, so no build tools to fetch unhashed.
.venv/.linked: .venv/.made Makefile
	@$(RUN) -c "import pathlib, sysconfig; \
	  pathlib.Path(sysconfig.get_path('purelib'), 'demogen.pth').write_text('$(CURDIR)\n', encoding='utf-8')"
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m demogen "$$@"\n' > .venv/bin/demogen
	@chmod +x .venv/bin/demogen
	@touch $@

.venv/.runtime: .venv/.linked requirements.lock
	@echo "setting up .venv (once; needs the package index)"
	@$(INSTALL) -r requirements.lock || { echo "set-up failed: is a package index within reach?" >&2; exit 1; }
	@touch $@

.venv/.dev: .venv/.linked requirements-dev.lock
	@echo "setting up .venv with the development tools (once; needs the package index)"
	@$(INSTALL) -r requirements-dev.lock || { echo "set-up failed: is a package index within reach?" >&2; exit 1; }
	@touch $@

FORCE:
