# `make run` and `make test` are the two commands; both set up what they need first.
NIXIE_HOME ?= /opt/nixie
export NIXIE_HOME
STATE ?= /var/lib/nixie-lab
# What `nixie run --help` lists: sudo would drop it.
VARIABLES := NIXIE_HOME,NIXIE_LOOK_SECONDS,NIXIE_LOOK_GIBIBYTES,NIXIE_BUILD_GIBIBYTES
ROOT := $(shell [ "$$(id -u)" = 0 ] || ! command -v sudo > /dev/null || echo sudo --preserve-env=$(VARIABLES))
PYTHON := $(NIXIE_HOME)/venv/bin/python
PYTEST := $(PYTHON) -m pytest -q -rs -p no:cacheprovider
ONCE_MORE := $(PYTHON) -m tests.once_more -q -rs -p no:cacheprovider
SETUP := $(ROOT) bash nixos-image/$(if $(wildcard /etc/NIXOS),nixos,debian)/set-up.sh

.PHONY: run test check bench soak lint types units live adapter vm waiting browser format lock

run:  ## the lab: a router, its admin and one machine that boots from the sample flake
	@$(SETUP) run
	@$(ROOT) $(NIXIE_HOME)/nixie lab --state $(STATE) --demo

test:  ## everything CI runs
	@$(SETUP) test
	@$(MAKE) --no-print-directory lint types units
	@$(MAKE) --no-print-directory -j 2 --output-sync=target waiting vm

check:  ## lint, types and units
	@$(SETUP) check
	@$(MAKE) --no-print-directory lint types units

lint:
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(NIXIE_HOME)/venv/bin/lint-imports

types:
	@$(PYTHON) -m mypy --cache-dir .mypy_cache

units:
	@$(PYTEST) -n 2 --doctest-modules --ignore=tests/live --ignore=tests/vm --ignore=tests/browser \
	  --ignore-glob='*/migrations/*' tests appliance services webui hardware

live:
	@$(ROOT) $(ONCE_MORE) -m "live and not soak" -- -n 3 --dist loadfile tests/live tests/nixos

adapter:  ## the netboot adapter alone; NIXPKGS_LIB=… puts the lib of a nixpkgs under it
	@$(PYTEST) -m live tests/live/test_adapter.py

vm:
	@$(ROOT) $(ONCE_MORE) -m vm -- tests/vm

waiting:  # what mostly waits, beside the machines of vm
	@$(MAKE) --no-print-directory --keep-going MAKEFLAGS= live browser

browser:
	@$(ROOT) $(ONCE_MORE) -m browser -- tests/browser

bench:
	@$(SETUP) bench
	@$(ROOT) $(NIXIE_HOME)/nixie bench all

soak:
	@$(SETUP) test
	@$(ROOT) $(PYTEST) -m soak tests/live tests/vm

format:
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

lock:  ## new versions of everything, with hashes, naming no host
	@$(PYTHON) -m piptools compile -q --upgrade --allow-unsafe --generate-hashes --strip-extras \
	  --no-header --no-emit-index-url --no-emit-find-links --no-emit-options -o requirements.lock pyproject.toml
	@$(PYTHON) -m piptools compile -q --upgrade --allow-unsafe --generate-hashes --strip-extras --extra dev \
	  --no-header --no-emit-index-url --no-emit-find-links --no-emit-options -c requirements.lock \
	  -o requirements-dev.lock pyproject.toml
	@npm install --package-lock-only --ignore-scripts --silent
