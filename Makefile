# The words of this file are those that CI runs. CARGO_TARGET_DIR is honoured everywhere.
SHELL := bash
TARGET := $(or $(CARGO_TARGET_DIR),target)
export INERTIA := $(abspath $(TARGET))/release/inertia

.PHONY: help build demo demo-stop test unit live fixtures conformance runtime acceptance fmt lint doc ci bench clean

help: ## Show these words
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: ## Build release/inertia in the target folder
	cargo build --locked --release --package inertia-cli

demo: ## Deploy a fixture here, push a change through a signed webhook, and leave it running
	@fixtures/demo.sh start

demo-stop: ## Remove everything that `make demo` made
	@fixtures/demo.sh stop

test: ## Run every test, installing what they need
	@fixtures/test.sh all

unit: ## Run the tests of the three crates
	@fixtures/test.sh unit

live: ## Run the fixtures on the engine
	@fixtures/test.sh fixtures

conformance runtime acceptance: ## Run what ../shared has for it
	@fixtures/test.sh $@

fmt: ## Check the format
	cargo fmt --all --check

lint: ## Clippy, warnings denied, with and without features
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings
	cargo check --locked --package compose-core --no-default-features

doc: ## Build the documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --all-features

ci: fmt lint doc test ## What CI runs
	@! cargo tree --locked --workspace --prefix none --edges normal,build 2>/dev/null | grep -E '^(aws-lc-sys|openssl-sys) ' \
	  || { echo "a dependency brings a C library that is not wanted" >&2; exit 1; }

bench: build ## Compare with Docker Compose, where ../shared has the script
	../shared/bench/compare.py --bin ours='$(INERTIA) compose' --bin v2=compose-v2
