#!/bin/sh
# Puts the real peers of the tests into the cache, once, and prints their folder: Debian's docker-registry and nginx, and oras and
# the hubs' official clients in a Python environment of their own.
#
# The packages of both servers would also install services that listen from then on. Only their programs are unpacked here: nothing
# is installed, nothing is started, and the tests run them on free ports of the loopback and end them.
set -eu
oras=0.2.43
hub=2.4.0
modelscope=0.5.1
cache=${HOMEWISE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homewise}/test-peers
folder=$cache/2-oras-$oras-hub-$hub-modelscope-$modelscope
mkdir -p "$cache"

# Tests of several processes may ask at once.
if [ -z "${HOMEWISE_PEERS_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    HOMEWISE_PEERS_LOCKED=1 exec flock "$cache/.lock" "$0"
fi

# server PROGRAM PACKAGE PLACE: the one that is installed, else the package's own, unpacked.
server() {
    here=$(PATH=$PATH:/usr/sbin command -v "$1") || here=''
    if [ -z "$here" ]; then
        mkdir "$folder/package-$2"
        cd "$folder/package-$2"
        # A machine that never asked which packages there are asks once.
        apt-get download -qq "$2" >&2 2>&1 || {
            as_root=''
            [ "$(id -u)" = 0 ] || as_root=sudo
            $as_root apt-get update -qq >&2
            apt-get download -qq "$2" >&2
        }
        dpkg-deb -x "$2"_*.deb .
        cd - >/dev/null
        here=package-$2/$3/$1
    fi
    ln -s "$here" "$folder/$1"
}

if ! [ -e "$folder/complete" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    /usr/bin/python3 -m venv "$folder/python" >&2
    "$folder/python/bin/pip" install --quiet --disable-pip-version-check "oras==$oras" "huggingface_hub==$hub" \
        "modelscope-hub==$modelscope" >&2
    server docker-registry docker-registry usr/bin
    server nginx nginx usr/sbin
    "$folder/nginx" -v 2>/dev/null || {
        echo "error  nginx does not start here; install it: apt-get install nginx" >&2
        exit 69
    }
    : >"$folder/complete"
fi
echo "$folder"
