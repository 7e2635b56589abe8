# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""See busy.sh."""

import http.client
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

MODEL = "smollm2-135m-instruct"
PROMPT = "Write the longest story that you can about a lighthouse keeper, with many chapters."
HOG = ["sh", "-c", "while :; do :; done"]
COMING_AND_GOING = ["sh", "-c", "while :; do timeout 4 sh -c 'while :; do :; done'; sleep 4; done"]


class Unix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=300)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        # A socket's name has 107 bytes at most; a folder that is open has a short one.
        folder = os.open(os.path.dirname(self.path), os.O_PATH)
        try:
            self.sock.connect(f"/proc/self/fd/{folder}/{os.path.basename(self.path)}")
        finally:
            os.close(folder)


class Server:
    def __init__(self, name: str, path: str, key: str = "") -> None:
        self.name, self.path, self.key = name, path, key

    def rate(self, tokens: int) -> float:
        """Tokens per second, as the server itself measured them."""
        connection = Unix(self.path)
        body = {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": tokens, "temperature": 0.2, "ignore_eos": True}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        timings = answer["timings"]
        assert timings["predicted_n"] == tokens, timings
        return float(timings["predicted_per_second"])

    def is_ready(self) -> bool:
        connection = Unix(self.path)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def peer(name: str, server: str, model: str, folder: str, options: list[str], children: list[subprocess.Popen[bytes]]) -> Server:
    path = f"{folder}/{name.replace(' ', '-')}.sock"
    log = open(path + ".log", "wb")
    child = subprocess.Popen([server, "--model", model, "--host", path, "--no-ui", *options], stdout=log, stderr=log)
    children.append(child)
    found = Server(name, path)
    for _ in range(600):
        if os.path.exists(path) and found.is_ready():
            return found
        if child.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit(f"error  {name} does not start: " + pathlib.Path(path + ".log").read_text(errors="replace")[-500:])


def ours(homewise: str) -> Server:
    """The engine that homewise has loaded. Its key stands in its environment, which is for its owner to read."""
    loaded = json.loads(subprocess.run([homewise, "ps", "--json"], check=True, capture_output=True).stdout)
    pid = next(model["pid"] for model in loaded if model["model"] == MODEL)
    arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    variables = dict(item.split("=", 1) for item in pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in item)
    key = next(value for name, value in variables.items() if name.endswith("API_KEY"))
    return Server("homewise", arguments[arguments.index("--host") + 1], key)


def phase(name: str, servers: list[Server], rounds: int, tokens: int, neighbour: list[str] | None) -> None:
    rates: dict[str, list[float]] = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            # Anew for each, so that all meet it in the same way.
            # In a group of its own, to be ended whole, and in our session: Linux shares the cores between sessions first (sched(7),
            # autogroup), and beside one of another session llama-server's own choice falls to a tenth, which is a bench of its own.
            hog = subprocess.Popen(neighbour, preexec_fn=os.setpgrp) if neighbour else None
            # The governor follows within this time; a server's own choice does not change.
            time.sleep(0.2 if neighbour is COMING_AND_GOING else 3)
            try:
                rates[server.name].append(server.rate(tokens))
            finally:
                if hog:
                    os.killpg(hog.pid, 9)
                    hog.wait()
    for server in servers:
        print(f"{name:<6} {server.name:<13} {statistics.median(rates[server.name]):6.1f} tokens/s   {[round(rate) for rate in rates[server.name]]}")
    mine = rates["homewise"]
    ratio = statistics.median(one / other for one, other in zip(mine, rates["as it comes"]))
    fixed = max((server.name for server in servers if "thread" in server.name), key=lambda name: statistics.median(rates[name]))
    best = statistics.median(one / other for one, other in zip(mine, rates[fixed]))
    print(f"{name:<6} against llama-server as it comes {ratio:.2f}, against the best fixed choice ({fixed}) {best:.2f}", flush=True)


def main(homewise: str, rounds: int) -> None:
    run = lambda *words: subprocess.run([homewise, *words], check=True, capture_output=True, text=True).stdout
    run("engine", "install", "llama.cpp")
    run("pull", MODEL)
    engines = [engine["manifest"] for engine in json.loads(run("engine", "list", "--json"))]
    server = next(engine["server"] for engine in engines if engine["engine"] == "llama.cpp")
    model = next(model for model in json.loads(run("list", "--json")) if model["name"] == MODEL)["path"]
    children: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            run("load", MODEL)
            servers = [ours(homewise), peer("as it comes", server, model, folder, [], children)]
            for threads in range(1, (os.cpu_count() or 1) + 1):
                options = ["--threads", str(threads), "--parallel", "1", "--ctx-size", "4096"]
                servers.append(peer(f"{threads} thread{'s' if threads > 1 else ''}", server, model, folder, options, children))
            for one in servers:
                one.rate(8)
            phase("idle", servers, rounds, 300, None)
            phase("busy", servers, rounds, 300, HOG)
            # Long enough for the neighbour to come and to go.
            phase("mixed", servers, rounds, 1_200, COMING_AND_GOING)
        finally:
            for child in children:
                child.kill()
            subprocess.run([homewise, "stop", MODEL], capture_output=True)


# Servers and neighbours go with it.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main(sys.argv[1], int(sys.argv[2]))
