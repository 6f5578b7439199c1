# The words of this file are those that CI runs. CARGO_TARGET_DIR is honoured everywhere.
SHELL := bash
TARGET := $(or $(CARGO_TARGET_DIR),target)
export INERTIA := $(abspath $(TARGET))/release/inertia

# A simulated server: VPS_OS is debian, ubuntu, centos, almalinux, rockylinux or fedora, VERSION its image's.
VPS_OS ?= debian
VERSION ?= $(or $(default_version_$(VPS_OS)),latest)
default_version_debian := bookworm
default_version_ubuntu := 24.04
default_version_centos := stream9
VPS_USER ?= root
SSH_PORT ?= 2222
DAEMON_PORT ?= 8081
WEB_PORT ?= 8080

.PHONY: help build demo demo-stop test unit live server conformance runtime acceptance fmt lint doc ci fuzz bench bench-load bench-growth bench-plan soak \
  test-vps dist testenv testenv-debian testenv-ubuntu testenv-centos testenv-stop

help: ## Show these words
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

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

server: ## The image of the root, and the walk from a bare server to a page
	@fixtures/test.sh server

conformance runtime acceptance: ## Run what ../shared has for it
	@fixtures/test.sh $@

# BUILT=yes takes the program as it is.
test-vps: $(if $(BUILT),,build) ## Walk from a bare simulated server to a page: VPS_OS=debian VERSION=bookworm VPS_USER=root
	@test_env/walk.sh $(VPS_OS) $(VERSION) $(VPS_USER)

testenv: ## Start a simulated server: VPS_OS=debian VERSION=bookworm SSH_PORT=2222
	@test_env/testenv.sh $(VPS_OS) $(VERSION) $(SSH_PORT) $(DAEMON_PORT) $(WEB_PORT)

testenv-debian testenv-ubuntu testenv-centos: testenv-%: ## The same with VPS_OS in its name
	@$(MAKE) --no-print-directory testenv VPS_OS=$*

testenv-stop: ## Remove the simulated server of SSH_PORT=2222
	@test_env/stopvps.sh $(SSH_PORT)

dist: ## Release files for x86_64 and aarch64 in target/dist, and their checksums
	@dist/build.sh

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

fuzz: ## Fuzz every target for SECONDS (60), JOBS (1) at a time
	compose-core/fuzz/run.sh $(or $(SECONDS),60) $(or $(JOBS),1)

soak: $(if $(BUILT),,build) ## Wear a daemon out: KILLS=60 DEPLOYMENTS=300 SEED=…
	@KILLS=$(KILLS) DEPLOYMENTS=$(DEPLOYMENTS) SEED=$(SEED) fixtures/soak.py

bench-load: ## Time loading and printing 10, 100 and 1,000 services
	cargo bench --locked --package compose-core --no-default-features --bench load

bench-growth: ## Time and memory of loads of every shape, and how both grow
	cargo bench --locked --package compose-core --no-default-features --bench growth

bench-plan: ## Time and memory of plans of files that somebody hostile wrote, and of another project's meanwhile
	cargo bench --locked --package deployd --bench plans

bench: build ## Compare with Docker Compose, where ../shared has the script
	../shared/bench/compare.py --bin ours='$(INERTIA) compose' --bin v2=compose-v2
