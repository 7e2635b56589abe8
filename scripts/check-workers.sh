#!/bin/sh
# Checks the types of the Python workers (mypy --strict, in an environment of its own, kept in the cache) and runs their tests,
# which need no torch.
set -eu
cd "$(dirname "$0")/../workers/torch"
mypy=2.4.1
cache=${HOMEWISE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homewise}/mypy
folder=$cache/$mypy
if ! [ -e "$folder/complete" ]; then
    mkdir -p "$cache"
    # Two checks at once each make it as a whole.
    made=$(mktemp -d "$cache/new-XXXXXX")
    trap 'rm -rf "$made"' EXIT
    /usr/bin/python3 -m venv "$made" >&2
    "$made/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary=:all: "mypy==$mypy" >&2
    : >"$made/complete"
    # What is whole is left to whoever uses it already.
    [ -e "$folder/complete" ] || mv -T "$made" "$folder" 2>/dev/null || [ -e "$folder/complete" ]
fi
"$folder/bin/python" -m mypy --config-file mypy.ini --no-error-summary --cache-dir "$cache/$mypy-seen"
/usr/bin/python3 -B -W error -m unittest discover --start-directory tests --top-level-directory . "$@"
