#!/bin/sh
# What HomeWise knows beside what is true, and how long it takes to know it: the hardware and llmfit's look at it, a
# model's header and gguf-py's, planned memory and the engine's, predicted speed and the measured one and llmfit's.
#
#   bench/know.sh [HOMEWISE-BINARY] [BENCH-BINARY] [part …]      parts: hardware header memory running speed
#
# Wanted: hardware <= 60 ms and <= 1/5 of llmfit's; header of Gemma 3 270M <= 3 ms and <= 1/1000 of gguf-py's; memory within
# 5 % (median) and 10 % (worst) of the engine's figure and within 5 % of a running engine; speed within 10 % and 25 %.
set -eu
homewise=${1:-.build-release/release/homewise}
bench=${2:-.build-release/release/HomeWiseBench}
[ $# -le 2 ] || shift 2
[ "$#" -gt 0 ] && [ "$1" != "$homewise" ] || set -- hardware header memory running speed

"$homewise" pull smollm2-135m-instruct 2>/dev/null
"$homewise" pull gemma-3-270m --accept-terms 2>/dev/null
server=$("$homewise" engine list --json | sed -n 's/.*"server" : "\(.*llama-server\)".*/\1/p' | head -n 1)
paths=$("$homewise" list --json | sed -n 's/.*"path" : "\(.*\)".*/\1/p')
gemma=$("$homewise" list --json | tr -d '\n' | tr '}' '\n' | sed -n 's/.*"name" : "gemma-3-270m",.*"path" : "\([^"]*\)".*/\1/p' | head -n 1)
[ -n "$server" ] && [ -n "$gemma" ] || { echo "error  engine or models are missing: run make run first" >&2; exit 69; }

# The peers, in an environment of their own.
peers=${XDG_CACHE_HOME:-$HOME/.cache}/homewise/bench-peers
if [ ! -x "$peers/bin/llmfit" ]; then
    python3 -m venv "$peers" && "$peers/bin/pip" install --quiet llmfit==1.1.17 gguf==0.19.0 || {
        rm -rf "$peers"
        echo "note   the peers cannot be installed (python3-venv and a package index are needed): ours alone is shown" >&2
    }
fi

timed() {
    python3 - "$@" <<'P'
import statistics, subprocess, sys, time
commands = [command.split("\x1f") for command in sys.argv[2:]]
times = [[] for _ in commands]
for _ in range(int(sys.argv[1])):
    for command, list in zip(commands, times):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        list.append(1000 * (time.perf_counter() - start))
text = ", ".join(f"{name} {statistics.median(list):.1f} ms" for name, list in zip(("ours", "peer"), times))
if len(times) == 2:
    text += f", ratio {statistics.median(a / b for a, b in zip(*times)):.3f}"
print(text)
P
}

for part in "$@"; do
    case $part in
    hardware)
        printf 'hardware: '
        if [ -x "$peers/bin/llmfit" ]; then
            timed 15 "$homewise$(printf '\037')hardware" "$peers/bin/llmfit$(printf '\037')system"
        else
            timed 15 "$homewise$(printf '\037')hardware"
        fi
        ;;
    header)
        echo "header: ours $("$bench" header "$gemma")"
        [ ! -x "$peers/bin/llmfit" ] || "$peers/bin/python" - "$gemma" <<'P'
import sys, time
from gguf import GGUFReader
start = time.perf_counter()
GGUFReader(sys.argv[1])
print(f"header: gguf-py {1000 * (time.perf_counter() - start):.0f} ms")
P
        ;;
    memory) echo "memory, engine and ours (weights + cache + buffers):" && "$bench" memory "$server" ;;
    # shellcheck disable=SC2086
    running) echo "private memory, planned and seen:" && "$bench" running "$server" $paths ;;
    speed)
        echo "speed, predicted and measured:"
        # shellcheck disable=SC2086
        "$bench" speed "$server" $paths
        if [ -x "$peers/bin/llmfit" ]; then
            echo "llmfit's predictions for models of these sizes, Q4_K_M where it names one:"
            for model in Qwen/Qwen3-0.6B meta-llama/Llama-3.2-1B-Instruct Qwen/Qwen3-1.7B meta-llama/Llama-3.2-3B-Instruct; do
                "$peers/bin/llmfit" --json info "$model" 2>/dev/null | python3 -c '
import json, sys
try:
    found = json.load(sys.stdin)
except ValueError:
    sys.exit()
found = (found.get("models") or [found])[0]
print(found.get("name"), found.get("best_quant"), found.get("estimated_tps"), "tokens/s")' || true
            done
        fi
        ;;
    *) echo "error  there is no part “$part”" >&2; exit 64 ;;
    esac
done
