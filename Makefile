# `make demo` and `make test` work on a machine with Python 3.11 or newer, make and a package registry; everything else
# is set up under .tools and .venv. `make help` lists the rest.

PYTHON ?= python3
BOOTSTRAP = $(PYTHON) tools/bootstrap.py
BIN = .venv/bin
# Byte code of the tests is kept, whatever is set here: without it every process rewrites every one of their files.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/pytest
# Two test processes: what the smallest machine that runs these has cores for. `make test JOBS=8` for more.
JOBS ?= 2

.PHONY: help demo setup rivals build test test-long lint format types lock-check bench bench-quick soak attack media-corpus docs screenshots clean

help:
	@echo "make demo         posts going out, failing, being repaired; ARGS='--exit' ends with the result"
	@echo "make test         the tests (ARGS='-k word' for some of them)"
	@echo "make test-long    the proofs that take minutes"
	@echo "make simulate     a simulated day on which everything goes wrong: SEED=7, or ARGS='--seeds 1-50' for many"
	@echo "make mutants      bugs planted on purpose, and on which day the simulation finds each"
	@echo "make coverage     what the quick tests run, branches too; two to three times as long"
	@echo "make lint types   style and types; 'make format' repairs style"
	@echo "make build        wheels and source distributions of every package, into dist/"
	@echo "make release      all of that with the npm tarball, SBOMs, checksums and notes; each installed alone and used"
	@echo "make js           the npm package, into js/dist; needs no Node.js"
	@echo "make bench        measure against the alternatives; 'make bench-quick' in under three minutes"
	@echo "make soak         an hour of mixed posts, faults and restarts; ARGS='--quick' for five minutes"
	@echo "make attack       play the known attacks against a server of its own; ARGS='--only WORD' for some of them"
	@echo "make media-corpus hold checks and repairs of a folder's files against ffprobe, ffmpeg and Pillow: DIR=path, or 640 made ones"
	@echo "make docs         build the documentation into site/"
	@echo "make clean        remove everything made here but demo and server data"

demo:
	@$(BOOTSTRAP)
	@$(BIN)/treadle demo $(ARGS)

setup:
	@$(BOOTSTRAP) --dev

test: setup
	@$(PYTEST) -n $(JOBS) -m "not long" --durations=20 $(ARGS)

test-long: setup
	@$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder -m long -o faulthandler_timeout=1200 -o timeout=2400 $(ARGS)

.PHONY: simulate mutants
simulate: setup
	@$(BIN)/python -m simulation $(if $(SEED),--seed $(SEED)) $(ARGS)

mutants: setup
	@$(BIN)/python -m simulation --seeds sound --mutants $(ARGS)

.PHONY: coverage
coverage: setup
	@$(PYTEST) -n $(JOBS) -m "not long and not browser" --cov --cov-report=term $(ARGS)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: setup
	@$(BIN)/mypy

# The lock is written for the public index, whatever index is set here.
lock-check:
	@! grep -o 'registry = "[^"]*"' uv.lock | grep -v '"https://pypi.org/simple"' || \
		{ echo "uv.lock names an index that is not the public one; write it without yours set."; false; }
	@uv="$$($(BOOTSTRAP) --print-uv)" && env -u UV_DEFAULT_INDEX -u UV_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL \
		UV_SYSTEM_CERTS=1 "$$uv" lock --check --quiet

build:
	@rm -rf dist
	@$(BOOTSTRAP) --uv build --quiet --all-packages --out-dir dist

# TAG=v0.2.0: only if that is the version, and the changelog has its date.
.PHONY: release
release: setup
	@$(BIN)/python tools/release.py $(if $(TAG),--tag $(TAG)) $(ARGS)

.PHONY: js
js: setup
	@$(BIN)/python tools/build_js.py

rivals: setup
	@$(BOOTSTRAP) --uv venv --quiet --allow-existing --python $(BIN)/python .venv-bench
	@$(BOOTSTRAP) --uv pip install --quiet --python .venv-bench/bin/python --require-hashes -r bench/rivals/requirements.txt

bench: rivals
	@$(BIN)/python -m bench $(ARGS)

bench-quick: rivals
	@$(BIN)/python -m bench --quick $(ARGS)

soak: setup
	@$(BIN)/python -m bench.soak $(ARGS)

attack: setup
	@$(BIN)/python tools/attack.py $(ARGS)

media-corpus: setup
	@test -n "$(DIR)" || $(BIN)/python -m tools.media_variants build/media-variants
	@$(BIN)/python -m tools.media_corpus $(or $(DIR),build/media-variants)

docs:
	@$(BOOTSTRAP) --dev --docs
	@$(BIN)/python tools/build_docs.py $(ARGS)

screenshots: setup
	@$(BIN)/python -m tools.screenshots $(ARGS)

clean:
	rm -rf .venv .venv-bench .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist site
