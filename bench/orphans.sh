#!/bin/sh
# Kills homewise by SIGKILL again and again while an engine answers, loads or is being started, and counts what outlives it: guards,
# engines, and what engines started. A few rounds are with the real llama-server, and as many with the real ONNX worker, which has to
# lie beside homewise.
#
#   bench/orphans.sh [HOMEWISE-BINARY] [FAKE-ENGINE-BINARY] [KILLS] [REAL-KILLS]
#
# Wanted: 1,000 kills, nothing left after 2 s.
set -eu
command -v python3 >/dev/null || { echo "error  This bench needs python3: apt-get install python3" >&2; exit 69; }
bin=$(dirname "$0")/../.build/debug
exec python3 "$(dirname "$0")/orphans.py" "${1:-$bin/homewise}" "${2:-$bin/FakeEngine}" "${3:-1000}" "${4:-10}"
