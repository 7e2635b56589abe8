#!/bin/sh
# Puts the real peers of the tests into the cache, once, and prints their folder: Debian's docker-registry, and oras and the hubs'
# official clients in a Python environment of their own.
#
# The registry's package would also install a service that listens on port 5000 from then on. Only its program is unpacked here:
# nothing is installed, nothing is started, and the tests run it on a free port of the loopback and end it.
set -eu
oras=0.2.43
hub=2.4.0
modelscope=0.5.1
cache=${HOMEWISE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homewise}/test-peers
folder=$cache/1-oras-$oras-hub-$hub-modelscope-$modelscope
mkdir -p "$cache"

# Tests of several processes may ask at once.
if [ -z "${HOMEWISE_PEERS_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    HOMEWISE_PEERS_LOCKED=1 exec flock "$cache/.lock" "$0"
fi

if ! [ -e "$folder/complete" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    /usr/bin/python3 -m venv "$folder/python" >&2
    "$folder/python/bin/pip" install --quiet --disable-pip-version-check "oras==$oras" "huggingface_hub==$hub" \
        "modelscope-hub==$modelscope" >&2
    if command -v docker-registry >/dev/null 2>&1; then
        ln -s "$(command -v docker-registry)" "$folder/docker-registry"
    else
        mkdir "$folder/package"
        cd "$folder/package"
        # A machine that never asked which packages there are asks once.
        apt-get download -qq docker-registry >&2 2>&1 || {
            as_root=''
            [ "$(id -u)" = 0 ] || as_root=sudo
            $as_root apt-get update -qq >&2
            apt-get download -qq docker-registry >&2
        }
        dpkg-deb -x docker-registry_*.deb .
        cd - >/dev/null
        ln -s package/usr/bin/docker-registry "$folder/docker-registry"
    fi
    : >"$folder/complete"
fi
echo "$folder"
