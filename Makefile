# One word per action; each prints the command that it runs. `make help` lists them.
# Variables: KUBE_CONTEXT, BACKUP_DIR, LOCALCLUSTER_PROFILE, STACK (docs: README.md).

PYTHON ?= python3
RUN = $(PYTHON) -m bootstrap
# For tests and benchmarks: the venv's Python, with the built tools behind it.
INSIDE = PATH="$(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$$PATH" .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help up env console recovery-sheet demo check test lint pictures docs tools bench stop destroy clean lock
.NOTPARALLEL:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## everything: tools, a cluster if there is none, the stack, a first backup
	$(RUN) up

env: ## export lines for a shell: eval "$(make -s env)"
	$(RUN) env

console: ## the page about the backups: prints its address and how to get the token
	$(RUN) console

recovery-sheet: ## with an archive or encrypted sets: what brings the data back on any machine, to be printed; it has the passphrases
	$(RUN) recovery_sheet

demo: ## loses a disk on purpose, in a namespace of its own beside your stack: three minutes, nothing stays
	$(RUN) demo

# What needs Python alone, on Linux or macOS: no cluster, no root, nothing compiled.
SUITES_OF_PYTHON = tests/unit tests/policy

check: ## style, types, imports and the program's own tests: a minute, with Python alone
	$(RUN) check
	$(INSIDE) -m pytest --numprocesses=auto $(SUITES_OF_PYTHON)

# Those in SUITES do not disturb each other; as they wait for a seventh of their time, there is one more than processors. Those in SUITES_OF_CLUSTERS mostly wait for theirs: each of two workers
# has one of its own, and takes over what the other has not come to (worksteal).
SUITES = $(SUITES_OF_PYTHON) tests/preview tests/bootstrap tests/scripts tests/console
SUITES_OF_CLUSTERS = tests/localcluster tests/cluster
# One minikube for all tests of a suite, in their order: beside those, and shown after them. All suites run whatever came of the others,
# so that one run shows everything that failed.
SUITES_OF_MINIKUBE = tests/minikube
BESIDE = .tools/minikube-suite.log

# All but the largest, what others show as well, and five sixths of large families of cases: LONG=1 has those too.
CHOICE = $(if $(LONG),,-m "not long")

test: tools lint ## every check and the tests, with LONG=1 all of them; PYTEST_ARGS=… runs what it names
ifdef PYTEST_ARGS
	$(INSIDE) -m pytest $(PYTEST_ARGS)
else
	failed=0; \
	$(INSIDE) -m pytest $(CHOICE) --durations=15 --numprocesses=$$(($$(nproc) + 1)) $(SUITES) || failed=1; \
	$(INSIDE) -m tests.minikube.bed.everything || exit 1; \
	$(INSIDE) -m pytest --durations=15 $(SUITES_OF_MINIKUBE) >$(BESIDE) 2>&1 & beside=$$!; trap "kill $$beside" INT TERM; \
	$(INSIDE) -m pytest $(CHOICE) --durations=25 --numprocesses=2 --dist=worksteal $(SUITES_OF_CLUSTERS) || failed=1; \
	wait $$beside || failed=1; cat $(BESIDE); exit $$failed
endif

lint: ## style, types and shell checks over all files
	$(RUN) lint

pictures: tools ## README's pictures, from a stack that is brought up for it
	PICTURES="$(CURDIR)/docs/images" $(INSIDE) -m pytest tests/cluster/test_first_up.py tests/cluster/test_console.py -k picture

docs: ## the pages that are made from the code
	$(RUN) docs

tools: ## what `up` and the tests run on, built or fetched; starts nothing
	$(RUN) tools

bench: tools ## measured against plain pg_dump and the usual script; PARTS=archive, backups, restores or sizes: that part
	$(INSIDE) -m benchmarks $(PARTS)

stop: ## the cluster ends, its data stays
	$(RUN) stop

destroy: ## the stack's resources go, the backups stay
	$(RUN) destroy

clean: ## tools and stopped clusters go; backups, stack and passphrase stay
	$(RUN) clean

lock: ## new exact versions and hashes from each requirements*.txt
	$(PYTHON) -m bootstrap.relock
