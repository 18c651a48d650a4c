# make demo: set-up from nothing, then the whole network once, to the final payouts and the verifier's verdict.
# make test: set-up from nothing, then every check that CI runs. Each check-... target runs one of them; check-slow is apart.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3.11
BIN := .venv/bin
RUN := tools/run
SOURCES := workers scripts tests bench tools

# A stamp carries the hash of what it was made from, so an unchanged set-up is recognised whatever the file times say.
hash = $(shell cat $(1) | sha256sum | cut -c 1-16)
PYTHON_READY := .venv/.ready-$(call hash,pyproject.toml requirements.txt)
NODE_READY := node_modules/.ready-$(call hash,package.json package-lock.json)

# Wanted by the fuzzers alone, which run on Linux: kept out of .venv and of requirements.txt.
ATHERIS := atheris==3.0.0
FUZZ_ENGINE := build/fuzz/engine/$(ATHERIS)

# What benchmarks compare with, beside what is installed for use: behind it on the path, without its dependencies.
PEERS := build/bench/peers
BYZFL := 0.0.11
PEERS_READY := $(PEERS)/byzfl-$(BYZFL).dist-info

# Wanted by the proofs alone, and at odds with .venv about rich.
PROVERS := build/proofs/provers
PROVERS_READY := $(PROVERS)/.ready-$(call hash,tests/proofs/requirements.txt)

# Two lanes that run side by side, as a compiler has but one thread: the contracts' tests take half of its time.
LANE_1 := contracts
LANE_2 := style types format brownie e2e slither workers
CHECKS := $(LANE_2) $(LANE_1)

.PHONY: help setup demo test lint format mutation bench lock clean lane-1 lane-2 $(CHECKS:%=check-%) check-slow check-proofs

help:
	@echo 'make setup    install the pinned toolchain into .venv and node_modules'
	@echo 'make demo     run the whole network once, on real data'
	@echo 'make test     every check: $(CHECKS)'
	@echo 'make check-X  one of them; make check-slow  whole tasks under kills, reorganisations and failures'
	@echo 'make check-proofs  symbolic proofs, and that each can fail (a quarter of an hour)'
	@echo 'make lint     style, types and format'
	@echo 'make layout   write contracts/layout.json: storage and code sizes, as compiled'
	@echo 'make format   rewrite sources in the common format'
	@echo 'make mutation faults put into the code one by one, to see that the tests notice each (hours)'
	@echo 'make bench    every benchmark'
	@echo 'make fuzz     nightly: a million inputs for everything that reads untrusted bytes (Linux, half an hour)'
	@echo 'make lock     write requirements.txt from .venv'
	@echo 'make clean    remove build outputs'

setup: $(PYTHON_READY) $(NODE_READY)
	@:

# BROWNIE_NOCOMPILE: Brownie's compiled wheel rejects valid configurations (typing faults of mypyc).
$(PYTHON_READY):
	@echo 'setup: Python packages into .venv (torch is large: a few minutes the first time)'
	@$(PYTHON) -m venv .venv
	@BROWNIE_NOCOMPILE=1 $(BIN)/pip install --quiet --disable-pip-version-check --no-binary eth-brownie -r requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/pip check
	@rm -f .venv/.ready-* && touch $@

# Not npm ci: it wants the binaries of every platform in the lock file, and a mirror may hold only some.
$(NODE_READY):
	@echo 'setup: EVM tools into node_modules'
	@npm install --no-save --silent
	@rm -f node_modules/.ready-* && touch $@

demo: setup
	@$(RUN) covey demo

test: setup
	@echo 'running: $(CHECKS) (each speaks when it is through; the contracts take longest)'
	@$(MAKE) --jobs=2 --output-sync=target lane-1 lane-2
	@printf '\nAll checks passed.\n'

lane-1 lane-2: setup
	@for check in $($(subst lane-,LANE_,$@)); do $(MAKE) check-$$check; done

lint: setup
	@for check in style types format; do $(MAKE) check-$$check; done

headline = @printf '\n== %s\n' '$(1)'

check-style: setup
	$(call headline,style: ruff)
	@$(RUN) ruff check --quiet $(wildcard $(SOURCES))
	@$(RUN) ruff format --quiet --check $(wildcard $(SOURCES))

check-types: setup
	$(call headline,types: mypy --strict)
	@$(RUN) mypy

check-format: setup
	$(call headline,format: forge fmt)
	@$(RUN) forge fmt --check
	@FOUNDRY_PROFILE=proofs $(RUN) forge fmt --check

check-contracts: setup
	$(call headline,contracts: sizes, storage, unit, fuzz, invariant and gas tests)
	@mkdir -p build && $(RUN) forge build --sizes --skip 'tests/**' > build/sizes.txt 2>&1 || { cat build/sizes.txt; exit 1; }
	@$(RUN) python tools/layout.py --check
	@$(RUN) forge test

check-brownie: setup
	$(call headline,contracts: Brownie)
	@$(RUN) brownie test

# In a build folder of its own, beside the contracts' tests.
check-workers: export FOUNDRY_OUT := $(CURDIR)/build/workers/out
check-workers: export FOUNDRY_CACHE_PATH := $(CURDIR)/build/workers/cache
check-workers: setup
	$(call headline,workers)
	@$(RUN) forge build --quiet contracts $(patsubst %,tests/forge/%.sol,RingHarness SettlementHarness PhaseStage Troupe)
	@$(RUN) pytest -q -n 2 --dist loadscope tests/workers

check-e2e: setup
	$(call headline,end to end)
	@$(RUN) pytest -q -n 2 --dist loadgroup -m 'not slow' tests/e2e

# A quarter of an hour more: the whole demo, workers killed at every step, reorganisations in every phase, people who fail.
check-slow: setup
	$(call headline,end to end: slow)
	@$(RUN) pytest -q -n 2 --dist loadgroup -m slow tests/e2e

check-proofs: setup $(PROVERS_READY)
	$(call headline,contracts: symbolic proofs)
	@$(RUN) nice python tools/proofs.py $(if $(ONLY),--only '$(ONLY)')

$(PROVERS_READY):
	@$(PYTHON) -m venv --clear $(PROVERS)
	@$(PROVERS)/bin/pip install --quiet --disable-pip-version-check --requirement tests/proofs/requirements.txt
	@touch $@

# Excluded in slither.config.json:
#   timestamp               phases are functions of block.timestamp by design; their lengths dwarf what a proposer can shift
#   assembly, cyclomatic-complexity
#                           libraries/ uses them where the gas budgets need it, each block with a differential test
#   solc-version            the compiler is pinned; the pragmas of dependencies are their own
#   divide-before-multiply  integer floors are the rule here (docs/protocol.md), and rounding is named in the function
#   incorrect-equality      equalities are on own books or measured differences, never on a balance that a gift can move
#   uninitialized-local     Solidity starts every local at zero, and accumulators rely on it
#   unused-return           parts of a tuple (ECDSA.tryRecover) and of checkpoint pushes that nobody needs
#   reentrancy-benign, reentrancy-events
#                           calls go from engines to custody to the token only; reentrancy-eth and -no-eth stay on
#   uninitialized-state, unused-state, constable-states
#                           the Arena's parts share one storage layout by delegatecall; each part alone uses some of it
# A finding that is wrong in one place only is disabled there, with the reason beside it.
# Slither cleans and rebuilds, so it gets a build folder of its own, and code that is quick to make.
check-slither: setup
	$(call headline,contracts: slither)
	@FOUNDRY_OUT=build/slither/out FOUNDRY_CACHE_PATH=build/slither/cache FOUNDRY_OPTIMIZER=false \
		$(RUN) slither . --config-file slither.config.json --compile-force-framework foundry

# What a review should see: contracts/layout.json follows the sources only when told to.
layout: setup
	@$(RUN) forge build --quiet --skip 'tests/**'
	@$(RUN) python tools/layout.py

format: setup
	@$(RUN) ruff check --quiet --fix $(wildcard $(SOURCES))
	@$(RUN) ruff format --quiet $(wildcard $(SOURCES))
	@$(RUN) forge fmt
	@FOUNDRY_PROFILE=proofs $(RUN) forge fmt

# Of all that decides about money, or of PATHS; SAMPLE of each file's mutants, chosen by SEED; JOBS at a time; REPORT=1
# judges nothing. What was judged stays known (build/mutation), so that an interrupted run goes on.
mutation: setup
	@$(RUN) python -m tools.mutation $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(REPORT),--report) $(PATHS)

bench: setup $(PEERS_READY)
	@for bench in bench/*.py; do printf '\n== %s\n' "$$bench"; $(RUN) python "$$bench"; done

# FUZZ: targets, --inputs N, --seed N
fuzz: setup $(FUZZ_ENGINE)
	@PYTHONPATH=$(dir $(FUZZ_ENGINE)) $(RUN) nice python -m tests.fuzz $(FUZZ)

$(PEERS_READY):
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(PEERS) byzfl==$(BYZFL)

$(FUZZ_ENGINE):
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(dir $@) $(ATHERIS)
	@touch $@

# torch's local version (+cpu, +cu...) depends on the machine: any build of the pinned release serves.
lock: setup
	@{ echo '# The whole tested set of Python packages, written by: make lock'; \
	   $(BIN)/pip freeze --all --exclude pip --exclude-editable | sed -E 's/\+[a-z0-9.]+$$//'; } > requirements.txt

clean:
	@rm -rf build reports
