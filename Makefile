# `make` sets up .venv with the command tfjs-for-unity; `make demo` and `make test` install what they need and run.

PYTHON ?= python3
BIN := .venv/bin
NEED := scripts/system_packages.sh
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
RUNTIME := jslib/dist/runtime.json
RUNTIME_SOURCES := jslib/package.json $(wildcard jslib/scripts/*.mjs) builder/__init__.py $(shell find jslib/src -type f)

.PHONY: example-detection example-segmentation example-style test-evaluate bench-bridge bench-detection setup demo test lint unit test-mutations test-builds test-fuzz test-steady test-lean test-real generated golden lock wheel clean help test-kill bench-generate operators test-toolchain lock-toolchain bench-pixels

setup: .venv/installed $(RUNTIME) ## the command .venv/bin/tfjs-for-unity, ready to use

.venv/installed: requirements/dev.txt pyproject.toml
	@$(NEED) python-venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	@mkdir -p jslib/dist
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

jslib/node_modules/.package-lock.json: jslib/package-lock.json
	@$(NEED) node npm
	@node -e 'process.versions.node.split(".")[0] >= 20 || (console.error("error: Node 20 or newer is needed, this is " + process.versions.node), process.exit(1))'
	cd jslib && $(NPM_CI)
	@touch $@

$(RUNTIME): jslib/node_modules/.package-lock.json $(RUNTIME_SOURCES)
	npm --prefix jslib run --silent build

demo: setup ## a real model becomes a plug-in, a player is linked with it and checked in Chromium
	@$(NEED) chromium emcc
	$(BIN)/python -m examples.emotion.demo

example-detection: setup ## things in a photo: a real model, a player linked with it, checked in Chromium
	@$(NEED) chromium emcc
	$(BIN)/python -m examples.detection.demo

example-segmentation: setup ## a mask of a person: a real model, a player linked with it, checked in Chromium
	@$(NEED) chromium emcc
	$(BIN)/python -m examples.segmentation.demo

example-style: setup ## a picture in another style, from an ONNX file to a player checked in Chromium
	@$(NEED) chromium emcc
	$(BIN)/python -m examples.style.demo

test: setup lint ## everything that CI checks
	@$(NEED) chromium emcc mcs mono cc libc-headers
	npm --prefix jslib run --silent test
	$(BIN)/python -m pytest -m "not slow" --cov --cov-report=term:skip-covered

lint: setup ## formatting, types, stale generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m scripts.generate_sources --check
	npm --prefix jslib run --silent check

unit: setup ## the quick tests alone: no browser, no compiler
	$(BIN)/python -m pytest -m "not (slow or player or browser or mono or node)"

test-mutations: setup ## removes each line of the GL state guard in turn; the player must notice every one
	@$(NEED) chromium emcc
	$(BIN)/python -m pytest tests/e2e/test_mutation.py

test-builds: setup ## the player dressed as builds of all generations of Unity, good and broken, through verify
	@$(NEED) chromium emcc
	$(BIN)/python -m pytest tests/e2e/test_builds.py

test-fuzz: setup ## 10,000 mutated models, label files and options: success or an error of the catalogue, never more
	$(BIN)/python -m pytest -m slow tests/failures/test_mutations.py

test-evaluate: setup ## evaluate on a page that answers in each wrong way
	@$(NEED) chromium
	$(BIN)/python -m pytest -m "slow or not slow" tests/e2e/test_evaluate.py

test-steady: setup ## 1,000 frames of each way in and 60 of each kind of texture: GL state, pixels, objects and memory stay as they were
	@$(NEED) chromium emcc
	$(BIN)/python -m pytest -m slow tests/e2e/test_steady.py tests/e2e/test_blit.py

test-lean: setup ## every kind of model on a runtime joined for it alone, on wasm and webgl
	@$(NEED) chromium node
	$(BIN)/python -m pytest tests/e2e/test_lean_runtimes.py

test-real: setup ## real models from npm and PyPI: generated, linked into players, verified on webgl and wasm
	@$(NEED) chromium emcc
	$(BIN)/python -m pytest -m slow tests/real -s

test-kill: setup ## SIGKILL at 200 random moments of generate and 60 each of remove and upgrade
	$(BIN)/python -m pytest -m slow tests/failures/test_killed.py

bench-generate: setup ## seconds and memory that --help and generate take, beside peers; docs/benchmarks.md has a run
	@$(BIN)/python -m benchmarks.generate

bench-bridge: setup ## the bridge beside the common tutorial's, plain TensorFlow.js and ONNX Runtime Web; writes build/bridge.json
	@$(NEED) chromium
	$(BIN)/python -m benchmarks.bridge.measure build/bridge.json

bench-pixels: setup ## masks and styles a second, beside plain TensorFlow.js in the same page
	@$(NEED) chromium
	$(BIN)/python -m benchmarks.bridge.pixels

bench-detection: setup ## what reading the boxes of a detector takes, beside its inference
	@$(NEED) chromium node
	$(BIN)/python -m benchmarks.detection.measure

test-toolchain: setup ## the TensorFlow environments: installed, real and hostile models converted and refused (2.7 GB)
	@$(NEED) node
	$(BIN)/python -m pytest -m slow tests/toolchain -s

generated: .venv/installed jslib/node_modules/.package-lock.json ## TypeScript, JSON Schema and docs/errors.md from builder/
	$(BIN)/python -m scripts.generate_sources
	npm --prefix jslib run --silent generate

operators: setup ## docs/convert-operators.md: all node tests of ONNX through the converter and TensorFlow.js
	$(BIN)/python -m scripts.onnx_operators

golden: setup ## writes the expected trees of tests/golden anew; read the diff before you commit it
	$(BIN)/python -m tests.golden.regenerate

lock: setup ## requirements/dev.txt from pyproject.toml, with hashes
	$(BIN)/uv pip compile pyproject.toml --extra onnx --extra toolchain --group dev --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements/dev.txt

lock-toolchain: setup ## toolchain/requirements/*.txt from the lists beside them, with hashes
	scripts/lock_toolchain.sh "$(CURDIR)/$(BIN)/uv"

wheel: setup ## dist/*.whl, with templates and runtime inside
	$(BIN)/python -m hatchling build -t wheel

clean: ## removes what was built, keeps .venv and node_modules
	rm -rf build dist jslib/dist

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
