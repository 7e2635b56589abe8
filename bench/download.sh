#!/bin/sh
# Downloads beside the peers, everything in one run on loopback: nginx serves 2 GiB, plain, over TLS, slowed to 20 MB/s for each
# connection, and with one connection in eight at a hundredth of that. Ours verifies every byte; what the peers do stands beside them.
#
#   bench/download.sh [BENCH-BINARY] [HOMEWISE-BINARY] [ROUNDS] [part …]      parts: plain tls throttled slow resume repair
#
# Wanted: plain faster than curl and aria2c -x8 (both unverified) at <= 2.1 CPU seconds a GB; throttled >= 0.95 of the sum of the
# connections; slow within 15 % of throttled; <= 64 MiB resident; a killed run fetches <= 8 MiB a connection again; one flipped bit
# in the store costs <= 1 % of the file.
set -eu
bench=${1:-.build-release/release/HomeWiseBench}
homewise=${2:-.build-release/release/homewise}
rounds=${3:-3}
[ $# -le 3 ] && shift $# || shift 3
[ $# -gt 0 ] || set -- plain tls throttled slow resume repair

missing=''
for tool in nginx aria2c curl openssl python3; do command -v $tool >/dev/null 2>&1 || missing="$missing $tool"; done
[ -z "$missing" ] || {
    echo "error  This bench needs:$missing (apt-get install nginx-light aria2 curl openssl python3)" >&2
    exit 69
}

# The hub's own client, from where the tests keep it.
peers=$("$(dirname "$0")/../scripts/test-peers.sh")/python || {
    peers=/nonexistent
    echo "note   the hub's client cannot be installed: it is left out" >&2
}

folder=$(mktemp -d)
trap 'kill "$(cat "$folder/nginx.pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$folder"' EXIT INT TERM
mkdir "$folder/www" "$folder/tmp"
openssl enc -aes-128-ctr -nosalt -pass pass:bench -pbkdf2 </dev/zero 2>/dev/null | head -c 2147483648 >"$folder/www/file.bin"
"$bench" model "$folder/www/file.bin"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/key.pem" -out "$folder/cert.pem" -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
base=$((20000 + $$ % 20000))
cat >"$folder/nginx.conf" <<N
daemon on;
user $(id -un);
worker_processes 2;
pid $folder/nginx.pid;
error_log $folder/error.log;
events { worker_connections 512; }
http {
    log_format bytes '\$server_port \$body_bytes_sent';
    access_log $folder/access.log bytes;
    sendfile on;
    keepalive_requests 100000;
    client_body_temp_path $folder/tmp; proxy_temp_path $folder/tmp; fastcgi_temp_path $folder/tmp; uwsgi_temp_path $folder/tmp; scgi_temp_path $folder/tmp;
    map \$connection \$one_slow { ~[18]\$ 200k; default 20m; }
    # As the hub answers for a file.
    server {
        listen 127.0.0.1:$base;
        root $folder/www;
        location ~ ^/org/repo/resolve/[a-z0-9]+/(.*)\$ {
            alias $folder/www/\$1;
            add_header X-Repo-Commit 0123456789abcdef0123456789abcdef01234567 always;
        }
    }
    server { listen 127.0.0.1:$((base + 1)) ssl; root $folder/www; ssl_certificate $folder/cert.pem; ssl_certificate_key $folder/key.pem; }
    server { listen 127.0.0.1:$((base + 2)); root $folder/www; limit_rate 20m; }
    server { listen 127.0.0.1:$((base + 3)); root $folder/www; limit_rate \$one_slow; }
}
N
nginx -c "$folder/nginx.conf" -e "$folder/error.log"
BENCH=$bench HOMEWISE=$homewise PEERS=$peers FOLDER=$folder PORT=$base ROUNDS=$rounds python3 "$(dirname "$0")/download.py" "$@"
