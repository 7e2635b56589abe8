#!/bin/sh
# The three engines beside one another on the same small model (SmolLM2 135M as GGUF, ONNX and safetensors), and on the same embedder
# (MiniLM), each through homewise as a person runs it: rates, time to load, memory. Rounds, taken in turn, and the medians; the ratios to
# llama.cpp are taken within a round.
#
#   bench/engines.sh [HOMEWISE-BINARY] [ROUNDS] [TEXTS]
#
# Nothing is wanted of these figures: they tell a person what another format costs. homewise-onnx has to lie beside homewise.
set -eu
command -v python3 >/dev/null || { echo "error  This bench needs python3: apt-get install python3" >&2; exit 69; }
here=$(dirname "$0")
models=$("$here/../scripts/test-models.sh")
exec python3 "$here/engines.py" "${1:-$here/../.build-release/release/homewise}" "$models" "${2:-5}" "${3:-400}"
