#!/bin/sh
# Writes the PyTorch worker into the program: workers/torch/homewise_torch is the source, TorchWorkerSource.swift is made from it.
# `--check` only tells whether that was forgotten.
set -eu
cd "$(dirname "$0")/.."
export LC_ALL=C
source=workers/torch/homewise_torch
target=Sources/HomeWiseEngines/Torch/TorchWorkerSource.swift
made=$(mktemp)
trap 'rm -f "$made"' EXIT
# What would end a literal, or be read as more than text by the compiler.
! grep -n '"""#\|\\#' "$source"/*.py || {
    echo "error  these lines cannot stand in a Swift literal" >&2
    exit 65
}
{
    cat <<HEAD
// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

// Made from workers/torch by scripts/embed-workers.sh; change those files, not this one.

/// The PyTorch worker that comes with the program, file by file.
enum TorchWorkerSource {
    /// Names the folder that it is written to: other files, another folder.
    static let key = "$(cat "$source"/*.py | sha256sum | cut -c1-16)"

    static let files: [(name: String, text: String)] = [
HEAD
    for file in "$source"/*.py; do
        printf '        (\n            "%s",\n            #"""\n' "$(basename "$file")"
        sed '/./s/^/            /' "$file"
        printf '\n            """#\n        ),\n'
    done
    printf '    ]\n}\n'
} >"$made"
if [ "${1:-}" = --check ]; then
    cmp -s "$made" "$target" || { echo "TorchWorkerSource.swift is not made from workers/torch: run scripts/embed-workers.sh" >&2; exit 1; }
else
    mkdir -p "$(dirname "$target")"
    cp "$made" "$target"
fi
