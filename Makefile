# Everything a person or CI does with this repository.
#
#   make run    install what is missing, build, start Tracewell with its UI
#   make demo   the same with a shop of three services and its customers
#   make test   formatting, lints, direction, unit, integration, browser, SDK and example tests
#   make bench  every budget of the architecture, measured; bench-quick in three minutes
#
# Tools that must be there: Rust (rustup reads rust-toolchain.toml), Node.js 20,
# Python 3.11. Debian's Chromium is installed for the browser tests if missing.

.PHONY: run demo build web test lint instrument unit browser sdk examples bench bench-quick clean

CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
RELEASE := $(CARGO_TARGET_DIR)/release/tracewell
DEBUG := $(CARGO_TARGET_DIR)/debug/tracewell

run: build
	exec $(RELEASE) $(ARGS)

demo: build
	cargo build --release --locked --manifest-path examples/shop/inventory/Cargo.toml
	TRACEWELL_BIN=$(RELEASE) exec examples/shop/demo

build: web
	cargo build --release --locked --package tracewell

# ---- the UI ----------------------------------------------------------------

WEB_SOURCES := $(shell find web/src web/public -type f 2>/dev/null) \
	web/index.html web/vite.config.ts web/tsconfig.json

web: web/dist/index.html

web/dist/index.html: web/node_modules/installed.json $(WEB_SOURCES)
	cd web && npm run --silent build

web/node_modules/installed.json: web/package-lock.json
	cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cp web/package-lock.json $@

# ---- tests -----------------------------------------------------------------

test: lint unit browser sdk examples
	@echo "all tests passed"

lint: web
	cargo fmt --all --check
	cargo xtask direction
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --all-features --package tracewell-instrument
	cargo package --locked --package tracewell-instrument --allow-dirty --no-verify --quiet
	cargo check --locked --benches --manifest-path examples/rust-span-cost/Cargo.toml
	cd web && npm run --silent check

# Before the crate is published: that it builds from its package, on the oldest
# Rust that it names (which is installed) and with nothing but its default
# features; its benchmark, built and not run. Whether its interface broke is asked
# where cargo-semver-checks is installed and there is a version to compare with.
INSTRUMENT_MSRV := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' crates/instrument/Cargo.toml)

instrument:
	cargo package --locked --package tracewell-instrument --allow-dirty --quiet
	rustup toolchain install $(INSTRUMENT_MSRV) --profile minimal --no-self-update
	cargo +$(INSTRUMENT_MSRV) check --locked --package tracewell-instrument
	cargo +$(INSTRUMENT_MSRV) check --locked --package tracewell-instrument --no-default-features
	cargo bench --locked --no-run --manifest-path examples/rust-span-cost/Cargo.toml
	@if command -v cargo-semver-checks >/dev/null && git tag --list 'instrument-v*' | grep -q .; then \
	  cargo semver-checks --package tracewell-instrument --all-features \
	    --baseline-rev "$$(git tag --list 'instrument-v*' --sort=-v:refname | head -n 1)"; \
	fi

unit: web
	-@./xtask/prometheus >/dev/null
	cargo test --workspace --locked
	cd web && npm test --silent
	cd web && npm run --silent size

# As the tests build it: another selection of packages would have other
# features, and compile every dependency once more.
$(DEBUG): web
	cargo test --workspace --locked --no-run

browser: web $(DEBUG)
	./xtask/chromium
	cd web && TRACEWELL_BIN=$(DEBUG) npm run --silent e2e

sdk: $(DEBUG)
	TRACEWELL_BIN=$(DEBUG) tests/sdk/run

examples: $(DEBUG)
	TRACEWELL_BIN=$(DEBUG) tests/examples/run

.PHONY: $(DEBUG)

# ---- measurements ----------------------------------------------------------

# The product alone, as it is shipped: together with the bench it would be
# built with the features of both.
bench bench-quick: build
	cargo run --release --locked --package tracewell-bench -- \
		--size $(if $(filter bench,$@),full,quick) --binary $(RELEASE) \
		--work-dir $(CARGO_TARGET_DIR)/bench --results $(CURDIR)/bench/results $(ARGS)

clean:
	cargo clean
	rm -rf web/dist web/node_modules tests/sdk/.venv tests/sdk/node/node_modules \
		tests/sdk/older/python/.venv tests/sdk/older/python-zipkin-udp/.venv \
		tests/sdk/older/node/node_modules \
		tests/examples/.venv tests/examples/node3/node_modules examples/node/node_modules \
		examples/shop/orders/.venv examples/shop/gateway/node_modules
