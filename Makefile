# One word per action; each prints the command that it runs. `make help` lists them.
# Variables: KUBE_CONTEXT, BACKUP_DIR, LOCALCLUSTER_PROFILE, STACK (docs: README.md).

PYTHON ?= python3
RUN = $(PYTHON) -m bootstrap
# For tests and benchmarks: the venv's Python, with the built tools behind it.
INSIDE = PATH="$(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$$PATH" .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help up env console check test lint docs tools bench stop destroy clean lock
.NOTPARALLEL:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## everything: tools, a cluster if there is none, the stack, a first backup
	$(RUN) up

env: ## export lines for a shell: eval "$(make -s env)"
	$(RUN) env

console: ## the page about the backups: prints its address and how to get the token
	$(RUN) console

# What needs Python alone, on Linux or macOS: no cluster, no root, nothing compiled.
SUITES_OF_PYTHON = tests/unit tests/policy

check: ## style, types, imports and the program's own tests: a minute, with Python alone
	$(RUN) check
	$(INSIDE) -m pytest --numprocesses=auto $(SUITES_OF_PYTHON)

# Those in SUITES do not disturb each other. Those in SUITES_OF_CLUSTERS mostly wait for theirs: each of two workers
# has one of its own, and takes over what the other has not come to (worksteal).
SUITES = $(SUITES_OF_PYTHON) tests/preview tests/bootstrap tests/scripts tests/console
SUITES_OF_CLUSTERS = tests/localcluster tests/cluster

test: tools lint ## every check and every test; PYTEST_ARGS=… runs what it names
ifdef PYTEST_ARGS
	$(INSIDE) -m pytest $(PYTEST_ARGS)
else
	$(INSIDE) -m pytest --durations=15 --numprocesses=auto $(SUITES)
	$(INSIDE) -m pytest --durations=25 --numprocesses=2 --dist=worksteal $(SUITES_OF_CLUSTERS)
endif

lint: ## style, types and shell checks over all files
	$(RUN) lint

docs: ## the pages that are made from the code
	$(RUN) docs

tools: ## what `up` and the tests run on, built or fetched; starts nothing
	$(RUN) tools

bench: tools ## measured ratios against plain pg_dump and the usual script; PARTS=backups or restores: that part
	$(INSIDE) -m benchmarks $(PARTS)

stop: ## the cluster ends, its data stays
	$(RUN) stop

destroy: ## the stack's resources go, the backups stay
	$(RUN) destroy

clean: ## tools and stopped clusters go; backups, stack and passphrase stay
	$(RUN) clean

lock: ## new exact versions and hashes from each requirements*.txt
	$(PYTHON) -m bootstrap.relock
