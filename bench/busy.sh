#!/bin/sh
# Generation speed of llama-server as it comes and as homewise launches it, on an idle machine and beside a busy
# program, and beside one that comes and goes every four seconds, in one run: pairs, taken in turn, and the medians of their ratios.
#
#   bench/busy.sh [HOMEWISE-BINARY] [PAIRS]
#
# Wanted: busy at least 2.3 times, idle at least 0.98 times llama-server's own choice of threads.
set -eu
command -v curl >/dev/null || { echo "error  This bench asks llama-server with curl: apt-get install curl" >&2; exit 69; }
homewise=${1:-.build-release/release/homewise}
pairs=${2:-5}
model=smollm2-135m-instruct
tokens=200
prompt='Write a story of two hundred words about a lighthouse keeper.'

"$homewise" pull "$model" 2>/dev/null
server=$("$homewise" engine list --json | sed -n 's/.*"server" : "\(.*llama-server\)".*/\1/p' | head -n 1)
file=$("$homewise" list --json | tr -d '\n' | tr '}' '\n' | sed -n "s/.*\"name\" : \"$model\",.*\"path\" : \"\([^\"]*\)\".*/\1/p" | head -n 1)
[ -n "$server" ] && [ -n "$file" ] || { echo "error  engine or model is missing: run make run first" >&2; exit 69; }

folder=$(mktemp -d)
busy=''
peer=''
trap '[ -z "$busy" ] || kill "$busy" 2>/dev/null; [ -z "$peer" ] || kill "$peer" 2>/dev/null; rm -rf "$folder"' EXIT INT TERM

rate() { sed -n 's/.*"predicted_per_second" *: *\([0-9.]*\).*/\1/p' | head -n 1; }

# As it comes: no option but the model and where to listen.
as_it_comes() {
    rm -f "$folder/peer.sock"
    "$server" --model "$file" --host "$folder/peer.sock" --no-ui >"$folder/peer.log" 2>&1 &
    peer=$!
    # This runs in a subshell of its own, which must not leave its server behind either.
    trap '[ -z "$peer" ] || kill "$peer" 2>/dev/null || true' EXIT INT TERM
    tries=0
    until curl -sf --unix-socket "$folder/peer.sock" http://peer/health >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || { tail "$folder/peer.log" >&2; exit 70; }
        sleep 0.1
    done
    ask() {
        curl -sf --unix-socket "$folder/peer.sock" http://peer/v1/chat/completions -H 'Content-Type: application/json' \
            -d "{\"messages\":[{\"role\":\"user\",\"content\":\"$1\"}],\"temperature\":0.2,\"top_p\":0.9,\"max_tokens\":$2}"
    }
    ask Hi 1 >/dev/null || { tail "$folder/peer.log" >&2; exit 70; }
    ask "$prompt" "$tokens" | tr ',' '\n' | rate
    kill "$peer" 2>/dev/null || true
    wait "$peer" 2>/dev/null || true
    peer=''
    rm -f "$folder/peer.sock"
}

as_we_launch_it() { "$homewise" run "$model" -p "$prompt" --max-tokens "$tokens" --json 2>/dev/null | rate; }

median() { sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

measure() {
    : >"$folder/ratios"
    number=1
    while [ "$number" -le "$pairs" ]; do
        theirs=$(as_it_comes)
        ours=$(as_we_launch_it)
        [ -n "$theirs" ] && [ -n "$ours" ] || { echo "error  one of the two gave no figure" >&2; exit 70; }
        awk -v a="$ours" -v b="$theirs" 'BEGIN { print a / b }' >>"$folder/ratios"
        printf '%-5s pair %s: as it comes %6.1f, as we launch it %6.1f tokens/s\n' "$1" "$number" "$theirs" "$ours"
        number=$((number + 1))
    done
    printf '%-5s median ratio %.2f\n' "$1" "$(median <"$folder/ratios")"
}

measure idle
(while :; do :; done) &
busy=$!
sleep 1
measure busy
kill "$busy"
(while :; do timeout 4 sh -c 'while :; do :; done'; sleep 4; done) &
busy=$!
# Long enough for the neighbour to come and to go.
tokens=900
prompt='Write the longest story that you can about a lighthouse keeper, with many chapters.'
measure mixed
