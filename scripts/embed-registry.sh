#!/bin/sh
# Writes the registry into the program: registry/models.json is the source, RegistryAssets.swift is made from it.
# `--check` only tells whether that was forgotten.
set -eu
cd "$(dirname "$0")/.."
target=Sources/HomeWiseKit/RegistryAssets.swift
made=$(mktemp)
trap 'rm -f "$made"' EXIT
{
    cat <<'HEAD'
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

// Made from registry/models.json by scripts/embed-registry.sh; change that file, not this one.

/// The registry that comes with the program, as JSON.
enum RegistryAssets {
    static let models = #"""
HEAD
    sed 's/^/        /' registry/models.json
    printf '        """#\n}\n'
} >"$made"
if [ "${1:-}" = --check ]; then
    cmp -s "$made" "$target" || { echo "RegistryAssets.swift is not made from registry/models.json: run scripts/embed-registry.sh" >&2; exit 1; }
else
    cp "$made" "$target"
fi
