# SPDX-License-Identifier: Apache-2.0
# The two commands that matter are `make run` and `make test`; each does all the set-up it needs.

PROMPT ?= Why is the sky blue? Answer in two sentences.
MODEL ?= auto
PREFIX ?= /usr/local
KILLS ?= 10000
SWIFT ?= swift

# A static release binary needs a build folder of its own.
RELEASE := .build-release
BINARY := $(RELEASE)/release/homewise
# A person sees the progress of a build; a log gets its faults alone.
QUIET := $(shell test -t 2 || echo --quiet)
export PROMPT

.PHONY: run build setup setup-test engine test soak check format install uninstall bench clean help

run: build engine ## Set up everything and ask a real model (PROMPT="…" MODEL=…)
	@$(BINARY) run $(MODEL) --prompt "$$PROMPT"

setup-test:
	@scripts/setup.sh test

setup: ## Install the system packages that are missing
	@scripts/setup.sh

build: setup ## Build the release binaries
	@echo "Building homewise (the first time takes some minutes)" >&2
	@for product in homewise homewise-onnx; do \
		$(SWIFT) build --configuration release --product $$product --static-swift-stdlib -Xlinker -s --scratch-path $(RELEASE) $(QUIET) || exit; \
	done

engine: build ## Install the llama.cpp engine
	@$(BINARY) engine install llama.cpp

test: setup-test check ## Pass all tests, the end-to-end ones with a real engine and a real model included
	@scripts/test.sh

soak: setup-test ## Kill it at every change of the disk, and KILLS times at random moments (10,000; takes hours)
	@HOMEWISE_STRICT=1 $(SWIFT) build --build-tests --quiet
	@HOMEWISE_KILLS=$(KILLS) HOMEWISE_TEST_BINARY="$$(HOMEWISE_STRICT=1 $(SWIFT) build --show-bin-path)/homewise" $(SWIFT) test --skip-build --no-parallel --filter 'KillTests|PowerLossTests|TogetherTests|FaultyDiskTests'

check: setup-test ## Formatting, registry, manifest and worker checks
	@$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	@scripts/embed-registry.sh --check
	@scripts/embed-workers.sh --check
	@scripts/check-workers.sh
	@/usr/bin/python3 -W ignore -m jsonschema -i registry/models.json registry/schema.json

format: ## Format the sources
	@$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

install: build ## Put the binary under PREFIX (default /usr/local)
	@install -d "$(DESTDIR)$(PREFIX)/bin"
	@install -m 755 $(BINARY) "$(DESTDIR)$(PREFIX)/bin/homewise"
	@install -m 755 $(BINARY)-onnx "$(DESTDIR)$(PREFIX)/bin/homewise-onnx"
	@echo "Installed $(DESTDIR)$(PREFIX)/bin/homewise" >&2

uninstall: ## Remove the binary from PREFIX; models and settings stay
	@rm -f "$(DESTDIR)$(PREFIX)/bin/homewise" "$(DESTDIR)$(PREFIX)/bin/homewise-onnx"

bench: build engine ## Measure ours beside the peers
	@$(SWIFT) build --configuration release --product HomeWiseBench --static-swift-stdlib --scratch-path $(RELEASE) $(QUIET)
	@bench/busy.sh $(BINARY)
	@bench/start.sh $(BINARY) $(RELEASE)/release/HomeWiseBench
	@bench/know.sh $(BINARY) $(RELEASE)/release/HomeWiseBench

clean: ## Remove build folders; models, engines and caches stay
	@rm -rf .build .build-*

help: ## Show this
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F'|' '{ printf "make %-10s %s\n", $$1, $$2 }'
