# The verbs of this project; CI calls the same ones.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Everything that needs polars is built with one feature set and one profile, so that polars is compiled once.
FULL   := -p leadlens -p leadlens-python --features leadlens/full

# Random tests draw the same cases everywhere. Search for new ones with another seed and more cases:
# PROPTEST_RNG_SEED=7 PROPTEST_CASES=1000000 cargo test --release --test funnel_twin
export PROPTEST_RNG_SEED ?= 1

ifeq ($(shell sh -c 'command -v cargo'),)
$(error cargo is not installed; install Rust 1.95 or later from https://rustup.rs, then open a new shell)
endif

.PHONY: demo test test-core test-full test-python wheel lint fmt stubs accuracy bench clean

demo: $(VENV)/.wheel
	$(BIN)/leadlens demo --output demo-output --overwrite

test: test-core test-full test-python
	@$(BIN)/python tests/closing_line.py $(VENV)/tests.xml $(VENV)/doctests.xml

# Without polars: seconds.
test-core:
	cargo test --locked
	cargo test --locked --features fit

# Frames, report and command line; one profile with the wheel.
test-full:
	cargo test --locked --release $(FULL)

test-python: $(VENV)/.wheel $(VENV)/.tools
	cd tests/python && ../../$(BIN)/python -m pytest -c ../../pyproject.toml --rootdir ../.. --junitxml ../../$(VENV)/tests.xml .
	cd tests/python && ../../$(BIN)/python -m pytest -c ../../pyproject.toml --rootdir ../.. -q --junitxml ../../$(VENV)/doctests.xml --doctest-modules --pyargs leadlens

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.tools: $(BIN)/python requirements-dev.txt requirements-peers.txt
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps -r requirements-peers.txt
	touch $@

RUST_SOURCES := $(shell find src python/src -name '*.rs') Cargo.toml Cargo.lock python/Cargo.toml pyproject.toml
PYTHON_SOURCES := $(shell find python/leadlens -type f -not -name '*.pyc' -not -name '*.so')

$(VENV)/.wheel: $(BIN)/python $(RUST_SOURCES) $(PYTHON_SOURCES)
	$(BIN)/python -m pip install --quiet 'maturin>=1.9.4,<2'
	rm -rf dist && $(BIN)/maturin build --locked --release --interpreter $(BIN)/python --out dist
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps dist/*.whl
	$(BIN)/python -m pip install --quiet dist/*.whl
	touch $@

wheel: $(VENV)/.wheel

lint: $(VENV)/.tools
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --all-targets --features fit -- -D warnings
	cargo clippy --locked --all-targets -p leadlens-benches -- -D warnings
	cargo clippy --locked --release --all-targets $(FULL) -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

fmt: $(VENV)/.tools
	cargo fmt --all
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Types of the package, and the stub of the compiled module against the module itself.
stubs: $(VENV)/.wheel $(VENV)/.tools
	cd tests/python && ../../$(BIN)/python -m mypy --config-file ../../pyproject.toml
	cd tests/python && ../../$(BIN)/python -m mypy.stubtest leadlens._core

# AUC and Brier beside scikit-learn on the same features, for every data set that is there.
accuracy: $(VENV)/.wheel $(VENV)/.tools
	$(BIN)/python benches/peers/accuracy.py

# Kernels, by criterion.
bench:
	cargo bench --locked -p leadlens-benches

clean:
	rm -rf $(VENV) dist demo-output target
