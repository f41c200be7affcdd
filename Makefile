# A fresh clone needs Python (3.11 or newer) and make, nothing else: each command below prepares what it uses, once.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo lab page test test-all golden oracle bench bench-short coverage clean

PYTHON  ?= python3
WORKERS ?= 3  # one more than two cores: it goes on while others wait
SHARED   = -n $(WORKERS) --dist worksteal  # tests that stand together share what they set up

# Without compiled modules beside it, each of the hundreds of programs that the tests start compiles the whole package anew.
unexport PYTHONDONTWRITEBYTECODE

ENV    := .venv
ORACLE := .venv-oracle
BENCH  := .venv-bench
PIP    := -m pip --disable-pip-version-check --no-input -qq

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(ENV)/.ready-to-run ## the founding networks: their code, their numbers, their story
	@$(ENV)/bin/chainrule demo
	@echo "The command chainrule lives in $(ENV): . $(ENV)/bin/activate   makes it known to this shell."

lab: $(ENV)/.ready-to-lab page ## watch a network learn, in the browser
	@$(ENV)/bin/chainrule lab

# The page of the lab is built from web/ into the package; a second call sees that nothing has changed.
page: $(ENV)/.ready-to-lab
	@$(ENV)/bin/python hatch_build.py

test: $(ENV)/.ready-to-test page ## lint, types and every test (WORKERS=3)
	$(ENV)/bin/ruff check
	$(ENV)/bin/mypy
	$(ENV)/bin/python hatch_build.py --types
	$(ENV)/bin/pytest $(SHARED)

test-all: $(ENV)/.ready-to-test page ## every test of every product, not a sample: emitted C takes minutes
	CHAINRULE_TEST_ALL=1 $(ENV)/bin/pytest $(SHARED)

golden: $(ENV)/.ready-to-test ## write the golden sources anew; read the diff before committing it
	$(ENV)/bin/pytest tests/writers --update-golden

oracle: $(ORACLE)/.ready-to-test ## compare with PyTorch, in an environment of its own
	$(ORACLE)/bin/pytest $(SHARED) tests/oracle

bench: $(BENCH)/.ready-to-bench ## how fast, beside NumPy, scikit-learn, JAX and PyTorch (BENCH_OPTIONS="--docs")
	$(BENCH)/bin/python -m benchmarks $(BENCH_OPTIONS)

bench-short: $(ENV)/.ready-to-run ## the same of small networks beside NumPy alone, half a minute
	$(ENV)/bin/python -m benchmarks --short $(BENCH_OPTIONS)

coverage: $(ENV)/.ready-to-test page ## which lines no test reaches
	$(ENV)/bin/pytest $(SHARED) --cov

clean: ## remove the environments and caches
	rm -rf $(ENV) $(ORACLE) $(BENCH) build web/node_modules src/chainrule/lab/page .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.*

# Each file below is a stamp: it says that a step is done, and is out of date when the pins it was done with have changed.

$(ENV)/.created $(ORACLE)/.created $(BENCH)/.created:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "chainrule: there is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "chainrule: $(PYTHON) is $$("$(PYTHON)" --version 2>&1), but 3.11 or newer is needed. Name another: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "chainrule: $(PYTHON) lacks the modules venv and ensurepip. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "creating $(@D)"
	@"$(PYTHON)" -m venv $(@D)
	@touch $@

%/.ready-to-run: %/.created requirements/run.txt requirements/build.txt pyproject.toml
	@echo "installing the package and what it needs into $*"
	@$*/bin/python $(PIP) install --no-deps -r requirements/run.txt -r requirements/build.txt
	@$*/bin/python $(PIP) install --no-deps --no-build-isolation --editable .
	@$*/bin/python $(PIP) check
	@touch $@

$(ENV)/.ready-to-lab: $(ENV)/.ready-to-run requirements/lab.txt
	@echo "installing what the lab needs into $(@D)"
	@$(@D)/bin/python $(PIP) install --no-deps -r requirements/lab.txt
	@touch $@

$(ENV)/.ready-to-test: $(ENV)/.ready-to-lab requirements/test.txt
	@echo "installing what the tests need into $(@D); the first time this takes a minute or two"
	@$(@D)/bin/python $(PIP) install --no-deps -r requirements/test.txt
	@$(@D)/bin/python $(PIP) check
	@touch $@

$(ORACLE)/.ready-to-test: $(ORACLE)/.ready-to-run requirements/oracle.txt
	@echo "installing PyTorch into $(@D); this takes some minutes"
	@$(@D)/bin/python $(PIP) install -r requirements/oracle.txt
	@touch $@

$(BENCH)/.ready-to-bench: $(BENCH)/.ready-to-run requirements/bench.txt requirements/test.txt
	@echo "installing the peers into $(@D); this takes some minutes"
	@$(@D)/bin/python $(PIP) install -r requirements/bench.txt
	@touch $@

.PRECIOUS: %/.ready-to-run
