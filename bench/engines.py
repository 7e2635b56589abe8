# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""See engines.sh."""
import json, os, shutil, socket, statistics, subprocess, sys, tempfile, time

homewise, models = (os.path.realpath(path) for path in sys.argv[1:3])
rounds, texts = int(sys.argv[3]), int(sys.argv[4])
WRITERS = [("llama.cpp", "smollm2-gguf", "Q4_1"), ("onnx", "smollm2-onnx", "int4"), ("pytorch", "smollm2-hf", "float32 file")]
EMBEDDERS = [("llama.cpp", None, "Q8_0"), ("onnx", "minilm-onnx", "int8"), ("pytorch", "minilm", "float32 file")]
# Some 300 tokens to read, and the same number to write for all.
PROMPT = "Continue this story. " + " ".join(
    f"On day {day} the keeper of the lighthouse climbed the {day + 90} steps, lit the lamp and wrote down what he saw of the sea."
    for day in range(1, 11))
TOKENS = 200
SENTENCE = "Order {0}: the train to the coast was {0} minutes late, and the passengers asked for their money back."


class House:
    def __init__(self, folder):
        self.folder = folder
        self.environment = {key: value for key, value in os.environ.items() if key not in ("HOMEWISE_REGISTRY", "HF_TOKEN")}
        self.environment.update(
            HOMEWISE_HOME=folder + "/home", HOMEWISE_STATE=folder + "/state", HF_ENDPOINT="http://127.0.0.1:1", NO_COLOR="1")

    def run(self, *arguments):
        done = subprocess.run([homewise, *arguments], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"error  homewise {' '.join(arguments)[:200]}: {done.stderr[-2000:]}")
        return done.stdout

    def take(self, path):
        """Its name as homewise knows it."""
        model = json.loads(self.run("import", path, "--yes", "--json"))["imported"][0]
        return f"{model['name']}:{model['quantization']}"

    def serve(self):
        """The process that keeps models loaded, so that a load and a question can be measured apart."""
        process = subprocess.Popen([homewise, "serve"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if process.poll() is not None:
                sys.exit(f"error  homewise serve: {process.stderr.read()[-2000:]}")
            for name in os.listdir(self.folder + "/home/run"):
                with socket.socket(socket.AF_UNIX) as door:
                    try:
                        door.connect(f"{self.folder}/home/run/{name}")
                        return process
                    except OSError:
                        continue
            time.sleep(0.05)
        process.kill()
        sys.exit("error  homewise serve does not listen")

    def write(self, model):
        loaded = json.loads(self.run("load", model, "--json"))
        answer = json.loads(self.run("run", model, "-p", PROMPT, "--max-tokens", str(TOKENS), "--json"))
        self.run("stop", model)
        timings = answer["timings"]
        return {"generation": timings["predicted_per_second"], "prompt": timings["prompt_per_second"], "written": timings["predicted_n"],
                "read": timings["prompt_n"], "load": loaded["loadSeconds"], "memory": answer["memoryResident"] / 1e6,
                "own": answer["memoryAnonymous"] / 1e6, "threads": loaded.get("threads")}

    def embed(self, model):
        """From the moment that it says it is ready to the first vector: they come all at once."""
        with open(self.folder + "/texts", "w") as file:
            file.write("\n".join(SENTENCE.format(number) for number in range(texts)) + "\n")
        with open(self.folder + "/texts") as file, open(self.folder + "/vectors", "w") as vectors:
            process = subprocess.Popen([homewise, "embed", model, "--json"], env=self.environment, stdin=file, stdout=vectors,
                                       stderr=subprocess.PIPE, text=True)
            words, ready = [], None
            for line in process.stderr:
                words.append(line)
                if line.startswith("Ready"):
                    ready = time.monotonic()
                    break
            while ready and process.poll() is None and os.path.getsize(self.folder + "/vectors") == 0:
                time.sleep(0.001)
            taken = time.monotonic() - (ready or 0)
            words.append(process.stderr.read())
            process.wait()
        with open(self.folder + "/vectors") as file:
            count = sum(1 for _ in file)
        if not ready or process.returncode != 0 or count != texts:
            sys.exit(f"error  homewise embed {model} gave {count} of {texts} vectors: {''.join(words)[-2000:]}")
        load = float(words[-2].split("after ")[1].split(" s")[0]) if "after " in words[-2] else float("nan")
        return {"vectors": texts / taken, "load": load}


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def ratio(rows, base, key):
    """Of rounds: what the machine did besides then is in both."""
    return statistics.median(mine[key] / theirs[key] for mine, theirs in zip(rows, base))


def play(ask, engines):
    found = {engine: [] for engine, _, _ in engines}
    for number in range(rounds):
        # The one that begins changes, so that nobody always has the cold machine.
        for engine, name, _ in engines[number % len(engines):] + engines[:number % len(engines)]:
            found[engine].append(ask(name))
            print(f"  round {number + 1} {engine:<9} " + ", ".join(f"{key} {value:.4g}" for key, value in found[engine][-1].items() if value),
                  flush=True)
    return found


def main(folder):
    house = House(folder)
    for engine in ("llama.cpp", "onnx", "pytorch"):
        house.run("engine", "install", engine, "--yes")
    writers = [(engine, house.take(f"{models}/{name}"), kind) for engine, name, kind in WRITERS]
    house.run("convert", models + "/minilm", "--to", "Q8_0", "--output", folder + "/minilm-q8.gguf")
    embedders = [(engine, house.take(f"{models}/{name}" if name else folder + "/minilm-q8.gguf"), kind) for engine, name, kind in EMBEDDERS]

    print(f"SmolLM2 135M, some 300 tokens read, at most {TOKENS} written; {rounds} rounds")
    serving = house.serve()
    try:
        found = play(house.write, writers)
    finally:
        serving.terminate()
        try:
            serving.wait(20)
        except subprocess.TimeoutExpired:
            serving.kill()
    base = found["llama.cpp"]
    for engine, _, kind in writers:
        rows = found[engine]
        print(f"{engine:<9} {kind:<12} generation {median(rows, 'generation'):6.1f} tokens/s ({ratio(rows, base, 'generation'):.2f} of llama.cpp), "
              f"prompt {median(rows, 'prompt'):6.1f} tokens/s ({ratio(rows, base, 'prompt'):.2f}), load {median(rows, 'load'):5.2f} s "
              f"({ratio(rows, base, 'load'):.1f}), memory {median(rows, 'memory'):5.0f} MB ({median(rows, 'own'):.0f} of its own)")

    print(f"MiniLM, {texts} texts of some 25 tokens; {rounds} rounds")
    found = play(house.embed, embedders)
    base = found["llama.cpp"]
    for engine, _, kind in embedders:
        rows = found[engine]
        print(f"{engine:<9} {kind:<12} {median(rows, 'vectors'):6.1f} vectors/s ({ratio(rows, base, 'vectors'):.2f} of llama.cpp), "
              f"load {median(rows, 'load'):5.2f} s")


folder = tempfile.mkdtemp(prefix="hwe-", dir="/tmp")
try:
    main(folder)
finally:
    shutil.rmtree(folder, ignore_errors=True)
