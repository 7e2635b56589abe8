#!/bin/sh
# Builds everything with warnings as errors and runs all tests. The engine is built once and kept in the cache.
set -eu
export HOMEWISE_STRICT=1
swift build --build-tests --quiet
HOMEWISE_TEST_BINARY="$(swift build --show-bin-path)/homewise"
export HOMEWISE_TEST_BINARY
# The tests of the whole use this engine; installing it here shows its progress, and a failure, by itself.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
HOMEWISE_HOME="$home" "$HOMEWISE_TEST_BINARY" engine install llama.cpp
# Real servers and official clients for the tests of the sources; fetching them here shows a failure by itself.
scripts/test-peers.sh >/dev/null
# Real models for the tests of the workers, likewise.
scripts/test-models.sh >/dev/null
# One at a time: two cores are soon busy, and some tests look at the clock.
swift test --skip-build --no-parallel
