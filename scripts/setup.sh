#!/bin/sh
# Installs the system packages that HomeWise needs, each named with its reason. What is here already is left alone.
set -eu

# package | reason | how to see that it is here without it (empty: ask dpkg)
needs='
ca-certificates|to know the servers that models come from|
libarchive-dev|to open the archives that models and engines come in|
libsqlite3-dev|for the inventory of models|
cmake|to configure the engine|cmake
ninja-build|to build the engine, and to go on where an interrupted build stopped|ninja
gcc|to compile the engine|cc
g++|to compile the engine|c++
python3-pip|to learn which package index you use|python3 -m pip
'

# For the tests alone: `setup.sh test`.
[ "${1:-}" != test ] || needs="$needs
python3-jsonschema|to hold the registry against its schema|/usr/bin/python3 -m jsonschema
python3-venv|to keep the official clients that the tests compare with apart from yours|/usr/bin/python3 -m ensurepip
openssl|to make certificates, good ones and bad ones|openssl
xz-utils|to make archives for the tests|xz
zstd|to make archives for the tests|zstd
"

is_here() {
    if [ -n "$2" ]; then
        $2 --version >/dev/null 2>&1 && return 0
    fi
    command -v dpkg-query >/dev/null 2>&1 &&
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=''
old_ifs=$IFS
IFS='
'
for line in $needs; do
    IFS='|' read -r package reason probe <<LINE
$line
LINE
    IFS=' '
    if ! is_here "$package" "$probe"; then
        printf 'System package %-16s %s\n' "$package" "$reason" >&2
        missing="$missing $package"
    fi
    IFS='
'
done
IFS=$old_ifs

[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "error  This machine has no apt-get. Install the packages above, by the names they have here, and run the same command again." >&2
    exit 69
fi
as_root=''
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "error  Installing them needs root, and there is no sudo. As root: apt-get install$missing" >&2
        exit 77
    }
    as_root=sudo
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "error  The system packages could not be installed. Run it yourself to see why: apt-get install$missing" >&2
    exit 69
fi
echo "Installed$missing." >&2
