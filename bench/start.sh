#!/bin/sh
# From nothing to the first token: llama-server as it comes and as homewise starts it, and from a killed engine to the next answer.
# Pairs, taken in turn, and the medians of their ratios.
#
#   bench/start.sh [HOMEWISE-BINARY] [BENCH-BINARY] [PAIRS]
#
# Wanted: a start at most 0.65 of llama-server's own, and an answer after a kill within 1.2 of a start.
set -eu
homewise=${1:-.build-release/release/homewise}
bench=${2:-.build-release/release/HomeWiseBench}
model=smollm2-135m-instruct

"$homewise" pull "$model" 2>/dev/null
server=$("$homewise" engine list --json | sed -n 's/.*"server" : "\(.*llama-server\)".*/\1/p' | head -n 1)
file=$("$homewise" list --json | tr -d '\n' | tr '}' '\n' | sed -n "s/.*\"name\" : \"$model\",.*\"path\" : \"\([^\"]*\)\".*/\1/p" | head -n 1)
[ -n "$server" ] && [ -n "$file" ] || { echo "error  engine or model is missing: run make run first" >&2; exit 69; }
"$bench" start "$server" "$file" "${3:-9}"
