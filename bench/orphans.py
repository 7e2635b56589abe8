# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""See orphans.sh."""
import hashlib, http.server, json, os, random, shutil, signal, subprocess, sys, tempfile, threading, time

homewise, fake = (os.path.realpath(path) for path in sys.argv[1:3])
kills, real_kills = int(sys.argv[3]), int(sys.argv[4])
models = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../scripts/test-models.sh")
LIMIT = 2.0
LANES = 4 if kills >= 100 else 2
MODEL = "tiny"


class Lane:
    """A store of its own, so that what one lane's kills leave is not looked for in another's."""

    def __init__(self, folder, environment, model):
        self.folder, self.model = folder, model
        self.environment = {**environment, "HOMEWISE_HOME": folder + "/home", "HOMEWISE_STATE": folder + "/state"}
        self.survivors, self.times, self.moments, self.crowds = 0, [], {}, []

    def run(self, *arguments):
        done = subprocess.run([homewise, *arguments], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"error  homewise {' '.join(arguments)}: {done.stderr[-2000:]}")

    def alive(self):
        """Processes that name this lane's store, zombies aside. What an engine starts is marked by its environment."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read()
                with open(f"/proc/{pid}/environ", "rb") as file:
                    words += file.read()
                with open(f"/proc/{pid}/stat") as file:
                    state = file.read().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if (self.folder + "/").encode() in words and state not in "ZX" and int(pid) != os.getpid():
                found.append(int(pid))
        return found

    def leavings(self):
        """Engines that are still written down, and their folders; locks stay."""
        folder = self.folder + "/home/run/"
        return sum(name.endswith(".engine") or os.path.isdir(folder + name) for name in os.listdir(folder))

    def kill_once(self):
        command = [homewise, "run", self.model, "-p", "Tell a very long story."]
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # Half of them in mid-answer, half at any moment of the start.
        if random.random() < 0.5:
            # A pipe gets the answer as a whole, so it is the story that tells when it begins.
            while (line := process.stderr.readline()) and not line.startswith(b"Ready"):
                pass
            moment = "answering"
            time.sleep(random.random() * 0.3)
        else:
            moment = "starting"
            time.sleep(random.random() * 0.6)
        if process.poll() is not None:
            moment = "ended"
        self.moments[moment] = self.moments.get(moment, 0) + 1
        if moment == "answering":
            # Nothing that is left means something only where there was something.
            self.crowds.append(len(self.alive()))
        process.send_signal(signal.SIGKILL)
        start = time.monotonic()
        process.wait()
        process.stderr.close()
        quiet = 0
        # Twice nobody: one that was just being started is in no list for a moment.
        while quiet < 2 and time.monotonic() - start < LIMIT:
            quiet = quiet + 1 if not self.alive() else 0
            if quiet == 1:
                self.times.append(time.monotonic() - start)
            time.sleep(0.02)
        left = self.alive()
        self.survivors += len(left)
        for pid in left:
            print(f"left   {pid}: {open(f'/proc/{pid}/cmdline').read()[:200]!r}", file=sys.stderr)
            os.kill(pid, signal.SIGKILL)


def serve(folder):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def tell(name, lanes):
    kills = sum(sum(lane.moments.values()) for lane in lanes)
    moments = {}
    for lane in lanes:
        for moment, count in lane.moments.items():
            moments[moment] = moments.get(moment, 0) + count
    times = sorted(time for lane in lanes for time in lane.times)
    survivors = sum(lane.survivors for lane in lanes)
    how = ", ".join(f"{count} {moment}" for moment, count in sorted(moments.items()))
    spread = f"gone after {times[len(times) // 2]:.2f} s (median), {times[-1]:.2f} s (longest)" if times else "none gone"
    left = sum(lane.leavings() for lane in lanes)
    for lane in lanes:
        lane.run("list")
    swept = left - sum(lane.leavings() for lane in lanes)
    crowds = [crowd for lane in lanes for crowd in lane.crowds]
    how += f"; at least {min(crowds)} processes at a kill in mid-answer" if crowds else ""
    print(f"{name}: {kills} kills ({how}), {survivors} orphans after {LIMIT:.0f} s; {spread}; {swept} of {left} leavings swept by the next run")
    return survivors + left - swept


def play(lanes, kills):
    counter, lock = [kills], threading.Lock()

    def work(lane):
        while True:
            with lock:
                if counter[0] == 0:
                    return
                counter[0] -= 1
            lane.kill_once()

    threads = [threading.Thread(target=work, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main(folder):
    base = {key: value for key, value in os.environ.items() if key not in ("HOMEWISE_REGISTRY", "HF_TOKEN")}
    base.update(HF_ENDPOINT="http://127.0.0.1:1", NO_COLOR="1")
    failed = 0
    if kills:
        os.makedirs(folder + "/www")
        os.makedirs(folder + "/bin")
        subprocess.run([fake, "--write-model", f"{folder}/www/tiny.gguf", "slow-answer", "grandchild /dev/shm/" + os.path.basename(folder)], check=True)
        data = open(f"{folder}/www/tiny.gguf", "rb").read()
        source = f"http://127.0.0.1:{serve(folder + '/www')}/tiny.gguf"
        variant = {"quantization": "Q8_0", "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "sources": [source]}
        entry = {"name": MODEL, "type": "gguf", "size": "1MB", "tier": "compact", "license": "mit", "variants": [variant]}
        with open(folder + "/registry.json", "w") as file:
            json.dump({"models": [entry]}, file)
        os.symlink(fake, folder + "/bin/llama-server")
        lanes = []
        for number in range(LANES):
            environment = {**base, "HOMEWISE_REGISTRY": folder + "/registry.json", "HOMEWISE_CACHE": f"{folder}/cache",
                           "PATH": f"{folder}/bin:{base['PATH']}"}
            lane = Lane(f"{folder}/lane{number}", environment, MODEL)
            lane.run("engine", "install", "llama.cpp")
            lane.run("pull", MODEL)
            lanes.append(lane)
        play(lanes, kills)
        failed += tell("fake engine", lanes)
    if real_kills:
        lane = Lane(f"{folder}/real", base, "smollm2-135m-instruct")
        lane.run("engine", "install", "llama.cpp")
        lane.run("pull", lane.model)
        play([lane], real_kills)
        failed += tell("llama-server", [lane])
        lane = Lane(f"{folder}/onnx", base, "smollm2:onnx")
        lane.run("engine", "install", "onnx", "--yes")
        lane.run("import", subprocess.run([models], check=True, capture_output=True, text=True).stdout.strip() + "/smollm2-onnx", "--yes")
        play([lane], real_kills)
        failed += tell("ONNX worker", [lane])
    return 1 if failed else 0


folder = tempfile.mkdtemp(prefix="hwo-", dir="/tmp")
try:
    status = main(folder)
finally:
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists("/dev/shm/" + os.path.basename(folder)):
        os.unlink("/dev/shm/" + os.path.basename(folder))
sys.exit(status)
