#!/bin/sh
# Generation speed of llama-server as it comes, of one with each fixed number of threads, and of the one that homewise keeps loaded and
# governs: on an idle machine, beside a busy program, and beside one that comes and goes every four seconds. All are loaded at once and
# asked in turn for the same number of tokens; a server that is not asked takes no time. Printed are medians and the ratios of pairs.
#
#   bench/busy.sh [HOMEWISE-BINARY] [ROUNDS]
#
# Wanted: busy at least 2.3 times, idle at least 0.98 times llama-server's own choice of threads; and in each of both at least 0.9 times
# the best fixed choice.
set -eu
command -v python3 >/dev/null || { echo "error  This bench needs python3: apt-get install python3" >&2; exit 69; }
exec python3 "$(dirname "$0")/busy.py" "${1:-.build-release/release/homewise}" "${2:-5}"
