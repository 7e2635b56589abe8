# SPDX-License-Identifier: Apache-2.0
# Runs each client in turn, so that all meet the same machine, and prints medians and ratios. Called by download.sh.
import hashlib, json, os, random, resource, shutil, signal, statistics, subprocess, sys, time

env = os.environ
folder, port, rounds, bench = env["FOLDER"], int(env["PORT"]), int(env["ROUNDS"]), env["BENCH"]
size = os.path.getsize(f"{folder}/www/file.bin")
with open(f"{folder}/www/file.bin", "rb") as file:
    digest = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()
out = f"{folder}/out"


def url(place):
    return {
        "plain": f"http://127.0.0.1:{port}/file.bin", "tls": f"https://127.0.0.1:{port + 1}/file.bin",
        "throttled": f"http://127.0.0.1:{port + 2}/file.bin", "slow": f"http://127.0.0.1:{port + 3}/file.bin",
    }[place]


def ours(place, connections=8):
    return [bench, "download", url(place), str(size), digest, f"{out}/home", str(connections)]


def curl(place):
    return ["curl", "-sf", "--cacert", f"{folder}/cert.pem", "-o", f"{out}/f", url(place)]


def curl_verified(place):
    return ["sh", "-c", f"curl -sf --cacert {folder}/cert.pem '{url(place)}' | tee '{out}/f' | openssl dgst -sha256 -r | grep -q {digest}"]


def aria(place, *more):
    return ["aria2c", "-q", "-x8", "-s8", "-k1M", "--file-allocation=falloc", f"--ca-certificate={folder}/cert.pem", *more, "-d", out, "-o", "f", url(place)]


def hub(place):
    return [f"{env['PEERS']}/bin/hf", "download", "org/repo", "file.bin", "--local-dir", f"{out}/hub", "--quiet"]


def once(command, environment=None):
    """Seconds, CPU seconds and the largest resident size in MiB of one run."""
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    os.sync()
    more = {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HUB_DISABLE_XET": "1", "HF_HOME": f"{out}/hf", "SSL_CERT_FILE": f"{folder}/cert.pem"}
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**env, **more})
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"error  {command[0]} ended with {status}: {errors[-400:].decode(errors='replace')}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def table(title, commands):
    figures = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            figures[name].append(once(command))
    mine = [f[0] for f in figures["ours, verified"]]
    for name, runs in figures.items():
        seconds, cpu, rss = (statistics.median(column) for column in zip(*runs))
        ratio = statistics.median(theirs[0] / own for theirs, own in zip(runs, mine))
        print(f"{title}: {name:32} {size / seconds / 1e6:7.0f} MB/s  {cpu / size * 1e9:5.2f} CPU s/GB  {rss:5.0f} MiB  ours is {ratio:.2f} x as fast", flush=True)
    return figures


def sent():
    """Bytes that nginx says it sent, by port."""
    time.sleep(0.3)
    sums = {}
    with open(f"{folder}/access.log") as log:
        for line in log:
            where, count = line.split()
            sums[int(where)] = sums.get(int(where), 0) + int(count)
    return sums


def resume():
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    worst = 0
    for _ in range(rounds):
        shutil.rmtree(f"{out}/home", ignore_errors=True)
        before = sent().get(port + 2, 0)
        process = subprocess.Popen(ours("throttled"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(2, 9))
        process.send_signal(signal.SIGKILL)
        process.wait()
        text = subprocess.run(ours("throttled"), capture_output=True, text=True, check=True).stdout
        again = sent()[port + 2] - before - size
        worst = max(worst, again)
        print(f"resume: {text.strip()}; {again / 2**20:.1f} MiB were sent twice", flush=True)
    print(f"resume: worst {worst / 2**20:.1f} MiB of 64 allowed (8 connections)")


def repair():
    """Through the program itself: a model of one file, one bit flipped in the store, verify --repair."""
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    registry = {"models": [{"name": "bench", "type": "gguf", "size": size, "tier": "compact", "capabilities": ["completion"], "variants": [
        {"quantization": "F16", "size": size, "sha256": digest, "sources": [url("plain")]}]}]}
    json.dump(registry, open(f"{out}/registry.json", "w"))
    own = {**env, "HOMEWISE_HOME": f"{out}/home", "HOMEWISE_REGISTRY": f"{out}/registry.json"}
    subprocess.run([env["HOMEWISE"], "pull", "bench", "--min-speed", "0"], env=own, check=True, capture_output=True)
    blob = f"{out}/home/blobs/sha256/{digest[:2]}/{digest}"
    os.chmod(blob, 0o644)
    with open(blob, "r+b") as file:
        place = random.randrange(size)
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1]))
    os.chmod(blob, 0o444)
    before = sent()[port]
    start = time.perf_counter()
    subprocess.run([env["HOMEWISE"], "verify", "bench", "--repair"], env=own, check=True, capture_output=True)
    share = (sent()[port] - before) / size
    print(f"repair: one bit of {size >> 20} MiB found and mended in {time.perf_counter() - start:.1f} s; {share:.2%} of the file was fetched", flush=True)


hubs = {"hf download, no checksum": hub("plain")} if os.path.exists(f"{env['PEERS']}/bin/hf") else {}
for part in sys.argv[1:]:
    if part == "plain":
        table(part, {
            "ours, verified": ours(part), "curl, unverified": curl(part), "curl | openssl, verified": curl_verified(part),
            "aria2c -x8, unverified": aria(part), "aria2c -x8, verified": aria(part, f"--checksum=sha-256={digest}"), **hubs})
    elif part == "tls":
        table(part, {"ours, verified": ours(part), "curl, unverified": curl(part), "aria2c -x8, unverified": aria(part)})
    elif part in ("throttled", "slow"):
        figures = table(part, {"ours, verified": ours(part), "aria2c -x8, unverified": aria(part)})
        rate = size / statistics.median(f[0] for f in figures["ours, verified"]) / (8 * 20 * 2**20)
        print(f"{part}: {rate:.3f} of the sum of eight connections of 20 MiB/s", flush=True)
    elif part == "resume":
        resume()
    elif part == "repair":
        repair()
    else:
        sys.exit(f"error  there is no part “{part}”")
