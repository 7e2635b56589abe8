// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

// Made from workers/torch by scripts/embed-workers.sh; change those files, not this one.

/// The PyTorch worker that comes with the program, file by file.
enum TorchWorkerSource {
    /// Names the folder that it is written to: other files, another folder.
    static let key = "1dce5219445caed9"

    static let files: [(name: String, text: String)] = [
        (
            "__init__.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """HomeWise's worker for PyTorch: serves one model on a private Unix socket, in llama-server's words."""

            # Whoever imports this package anew has read the code on disk anew: nothing here imports torch.

            """#
        ),
        (
            "__main__.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """`python -m homewise_torch --model FOLDER --alias NAME --socket PATH …`, or `… convert …`"""

            import sys

            if sys.argv[1:2] == ["convert"]:
                from .convert import main

                sys.exit(main(sys.argv[2:]))
            else:
                from .main import main

                sys.exit(main(sys.argv[1:]))

            """#
        ),
        (
            "body.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """Reads the body of a request, bounded."""

            from __future__ import annotations

            from typing import BinaryIO

            from .faults import RequestFault, invalid

            LARGEST = 32 << 20
            LONGEST_LINE = 1024


            def _too_large() -> RequestFault:
                return RequestFault(413, "invalid_request_error", f"the body is larger than {LARGEST >> 20} MiB")


            def read(stream: BinaryIO, length: str | None, encoding: str | None) -> bytes:
                """- Raises: `RequestFault`; what is left of the body is the caller's to get rid of."""
                if encoding is not None and encoding.lower() == "chunked":
                    return _chunks(stream)
                if length is None:
                    return b""
                if not length.isascii() or not length.isdigit() or len(length) > 18:
                    raise invalid("the length of the body is no number")
                if int(length) > LARGEST:
                    raise _too_large()
                body = stream.read(int(length))
                if len(body) < int(length):
                    raise invalid("the body ended too early")
                return body


            def _chunks(stream: BinaryIO) -> bytes:
                parts: list[bytes] = []
                total = 0
                while True:
                    size = stream.readline(LONGEST_LINE).split(b";")[0].strip()
                    if not size or len(size) > 16 or any(digit not in b"0123456789abcdefABCDEF" for digit in size):
                        raise invalid("the body is not sent in chunks as it says")
                    if int(size, 16) == 0:
                        break
                    total += int(size, 16)
                    if total > LARGEST:
                        raise _too_large()
                    part = stream.read(int(size, 16))
                    if len(part) < int(size, 16) or stream.readline(LONGEST_LINE).strip():
                        raise invalid("the body ended too early")
                    parts.append(part)
                while stream.readline(LONGEST_LINE).strip():
                    continue
                return b"".join(parts)

            """#
        ),
        (
            "convert.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """Runs llama.cpp's converter with its doors shut: it trusts a model's own code, and we never do."""

            from __future__ import annotations

            import argparse
            import os
            import runpy
            import sys
            from collections.abc import Sequence
            from pathlib import Path
            from typing import Any, NoReturn


            def _refuse_code(*_: object, **__: object) -> NoReturn:
                raise ValueError("this model needs code of its own, which is never run here")


            def shut_doors() -> None:
                """Before anything else of transformers is imported: what asks for a model's code gets a refusal, whatever it was told."""
                import transformers.dynamic_module_utils as dynamic

                original: Any = dynamic.resolve_trust_remote_code

                def distrust(trust_remote_code: object, *arguments: object, **options: object) -> object:
                    return original(False, *arguments, **options)

                dynamic.resolve_trust_remote_code = distrust
                for name in ("get_class_from_dynamic_module", "get_cached_module_file", "get_class_in_module"):
                    # A library without one of these has another way in, and is not used.
                    getattr(dynamic, name)
                    setattr(dynamic, name, _refuse_code)


            def main(arguments: Sequence[str]) -> int:
                parser = argparse.ArgumentParser(prog="homewise-convert", allow_abbrev=False)
                parser.add_argument("--source", type=Path, required=True, help="folder with llama.cpp's convert_hf_to_gguf.py")
                parser.add_argument("--model", type=Path, required=True)
                parser.add_argument("--outfile", type=Path, required=True)
                parser.add_argument("--outtype", default="auto")
                options = parser.parse_args(arguments)
                os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
                shut_doors()
                script = options.source / "convert_hf_to_gguf.py"
                sys.argv = [str(script), str(options.model), "--outfile", str(options.outfile), "--outtype", options.outtype]
                sys.path.insert(0, str(options.source))
                runpy.run_path(str(script), run_name="__main__")
                return 0

            """#
        ),
        (
            "desk.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """One thread does all the work, in the order in which it came: the model is loaded, asked and left by the same one."""

            from __future__ import annotations

            import queue
            import threading
            from collections.abc import Callable
            from dataclasses import dataclass, field

            from .faults import Cancelled, RequestFault

            # Pieces of an answer that wait for a client that reads slowly; then the work waits too.
            MOST_WAITING = 256


            @dataclass(frozen=True)
            class Piece:
                """Some text of an answer."""

                text: str


            @dataclass(frozen=True)
            class Done:
                """The end of a job, with what it came to."""

                result: object


            @dataclass(frozen=True)
            class Failed:
                fault: RequestFault


            Event = Piece | Done | Failed


            @dataclass
            class Job:
                """Work that somebody waits for."""

                work: Callable[["Job"], object]
                events: "queue.Queue[Event]" = field(default_factory=lambda: queue.Queue(MOST_WAITING))
                _gone: threading.Event = field(default_factory=threading.Event)

                def cancel(self) -> None:
                    self._gone.set()

                @property
                def is_cancelled(self) -> bool:
                    return self._gone.is_set()

                def check(self) -> None:
                    """Called wherever work can stop. - Raises: `Cancelled`."""
                    if self._gone.is_set():
                        raise Cancelled

                def say(self, event: Event) -> None:
                    while True:
                        self.check()
                        try:
                            return self.events.put(event, timeout=0.05)
                        except queue.Full:
                            continue


            class Desk:
                """Jobs in order, one at a time."""

                def __init__(self, after_each: Callable[[], None], explain: Callable[[BaseException], RequestFault]) -> None:
                    self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
                    self._after_each = after_each
                    self._explain = explain
                    self._current: Job | None = None

                def take(self, job: Job) -> None:
                    self._jobs.put(job)

                def close(self) -> None:
                    """Ends the work in hand, and everything behind it."""
                    self._jobs.put(None)
                    current = self._current
                    if current is not None:
                        current.cancel()

                def run(self) -> None:
                    """Works until the desk is closed. The caller's thread is the one that the model lives on."""
                    while (job := self._jobs.get()) is not None:
                        self._current = job
                        self._do(job)
                        self._current = None
                        self._after_each()

                def _do(self, job: Job) -> None:
                    try:
                        job.check()
                        job.say(Done(job.work(job)))
                    except Cancelled:
                        return
                    except BaseException as error:  # noqa: BLE001 - whatever a library raises is told to who waits, and ends no worker
                        fault = error if isinstance(error, RequestFault) else self._explain(error)
                        try:
                            job.say(Failed(fault))
                        except Cancelled:
                            return

            """#
        ),
        (
            "embed.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """Embeddings as sentence-transformers makes them: pooled as the model says, of length one, and of whole texts only."""

            from __future__ import annotations

            from dataclasses import dataclass
            from pathlib import Path
            from typing import Any

            from . import folder as files
            from .desk import Job
            from .faults import RequestFault, damaged, invalid, too_long, unknown_architecture
            from .model import Loaded

            # Texts that are computed together.
            BATCH = 16


            @dataclass(frozen=True)
            class Recipe:
                """What the folder says about how its vectors are made."""

                # “mean”, “cls”, “max” or “last”.
                pooling: str
                limit: int | None

                @staticmethod
                def read(folder: Path) -> "Recipe":
                    """- Raises: `LoadFault` for a recipe that is not ours: its vectors would be wrong without a word."""
                    modules = folder / "modules.json"
                    if modules.exists():
                        _check_modules(modules)
                    pooling = files.read_object_if_there(folder / "1_Pooling" / "config.json")
                    limit = files.read_object_if_there(folder / "sentence_bert_config.json").get("max_seq_length")
                    return Recipe(_pooling(pooling), limit if isinstance(limit, int) and limit > 0 else None)


            def _check_modules(path: Path) -> None:
                import json

                try:
                    modules = json.loads(path.read_text(encoding="utf-8"))
                    kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in modules]
                except (OSError, ValueError, KeyError, TypeError) as error:
                    raise damaged(f"modules.json cannot be read ({error})") from None
                other = [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]
                if other:
                    raise unknown_architecture(f"an embedder with {other[0]}")


            _MODES = {
                "pooling_mode_mean_tokens": "mean",
                "pooling_mode_cls_token": "cls",
                "pooling_mode_max_tokens": "max",
                "pooling_mode_lasttoken": "last",
            }


            def _pooling(settings: dict[str, object]) -> str:
                asked = [name for name, value in settings.items() if name.startswith("pooling_mode_") and value is True]
                if len(asked) > 1 or any(name not in _MODES for name in asked):
                    raise unknown_architecture(f"an embedder with {' and '.join(asked)}")
                if asked:
                    return _MODES[asked[0]]
                if not settings:
                    return "mean"
                # Newer files say it in one word.
                words = {"mean": "mean", "cls": "cls", "max": "max", "lasttoken": "last"}
                word = settings.get("pooling_mode")
                if not isinstance(word, str) or word not in words:
                    raise unknown_architecture(f"an embedder whose pooling is {word!r}")
                return words[word]


            class Embedder:
                """One model that turns texts into vectors."""

                def __init__(self, loaded: Loaded) -> None:
                    self._loaded = loaded
                    self._recipe = Recipe.read(loaded.folder)
                    # RoBERTa's family counts its positions from the padding's number on.
                    offset = getattr(loaded.model.config, "pad_token_id", None)
                    is_offset = loaded.model.config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet")
                    taken = offset + 1 if is_offset and isinstance(offset, int) else 0
                    limits = [loaded.context, (loaded.trained_context or loaded.context) - taken, self._recipe.limit or loaded.context]
                    self.limit = max(1, min(limits))

                def tokens(self, text: str, has_special: bool) -> list[int]:
                    # The tokenizer's own file may carry a cut and a padding; neither is what was asked for.
                    return [int(token) for token in self._loaded.tokenizer(text, add_special_tokens=has_special, truncation=False, padding=False)["input_ids"]]

                def embed(self, job: Job, texts: tuple[str, ...], dimensions: int | None) -> tuple[list[list[float]], int]:
                    """Vectors in the order of the texts, and how many tokens were read.

                    - Raises: `RequestFault` for a text that is too long; none is computed then.
                    """
                    if dimensions is not None and dimensions != self._loaded.width:
                        raise invalid(f"“dimensions” can only be {self._loaded.width} for this model")
                    rows = [self.tokens(text, has_special=True) for text in texts]
                    longest = max(len(row) for row in rows)
                    if longest > self.limit:
                        raise too_long(longest, self.limit, "the model")
                    # Texts of a length are computed together, so that hardly any padding is.
                    order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
                    vectors: list[list[float]] = [[] for _ in rows]
                    for start in range(0, len(order), BATCH):
                        job.check()
                        numbers = order[start : start + BATCH]
                        for number, vector in zip(numbers, self._batch([rows[number] for number in numbers])):
                            vectors[number] = vector
                    return vectors, sum(len(row) for row in rows)

                def _batch(self, rows: list[list[int]]) -> list[list[float]]:
                    import torch

                    width = max(len(row) for row in rows)
                    padding = self._loaded.tokenizer.pad_token_id or 0
                    inputs: Any = torch.tensor([row + [padding] * (width - len(row)) for row in rows], device=self._loaded.device)
                    mask: Any = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=self._loaded.device)
                    with torch.inference_mode():
                        states = self._loaded.model(input_ids=inputs, attention_mask=mask).last_hidden_state.float()
                        pooled = self._pool(states, mask)
                        # What is no number, or has no direction, is no vector; handed on it would do harm without a sign.
                        if not bool(torch.isfinite(pooled).all()) or bool((pooled.norm(dim=1) == 0).any()):
                            raise RequestFault(500, "server_error", "the vector of a text has no direction")
                        result: list[list[float]] = torch.nn.functional.normalize(pooled, dim=1).cpu().tolist()
                    return result

                def _pool(self, states: Any, mask: Any) -> Any:
                    wide = mask.unsqueeze(-1).to(states.dtype)
                    if self._recipe.pooling == "cls":
                        return states[:, 0]
                    if self._recipe.pooling == "max":
                        return states.masked_fill(wide == 0, float("-inf")).max(dim=1).values
                    if self._recipe.pooling == "last":
                        last = mask.sum(dim=1) - 1
                        return states[range(states.shape[0]), last]
                    return (states * wide).sum(dim=1) / wide.sum(dim=1).clamp(min=1)

            """#
        ),
        (
            "faults.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """What can go wrong, as types: an answer's failure has a status, a load's has a sentence that the manager classifies."""

            from __future__ import annotations

            from dataclasses import dataclass, field


            @dataclass(eq=False)
            class RequestFault(Exception):
                """A request that is refused or fails, in OpenAI's shape."""

                status: int
                kind: str
                message: str
                extra: dict[str, int] = field(default_factory=dict)

                def body(self) -> dict[str, object]:
                    return {"error": {"code": self.status, "message": self.message, "type": self.kind, **self.extra}}


            def invalid(message: str) -> RequestFault:
                return RequestFault(400, "invalid_request_error", message)


            def unsupported(message: str) -> RequestFault:
                return RequestFault(501, "not_supported_error", message)


            def too_long(tokens: int, limit: int, what: str = "the context") -> RequestFault:
                """Nothing is ever cut silently: both numbers are told."""
                return RequestFault(
                    400,
                    "exceed_context_size_error",
                    f"the request has {tokens} tokens, and {what} holds {limit}",
                    {"n_prompt_tokens": tokens, "n_ctx": limit},
                )


            def still_loading() -> RequestFault:
                return RequestFault(503, "unavailable_error", "Loading model")


            class LoadFault(Exception):
                """The model cannot be loaded. The sentence is the last line of the log, and its first words say which kind it is."""


            def damaged(what: str) -> LoadFault:
                return LoadFault(f"damaged model: {what}")


            def unknown_architecture(name: str) -> LoadFault:
                return LoadFault(f"unknown model architecture: {name}")


            def missing_library(name: str) -> LoadFault:
                return LoadFault(f"missing library: {name}")


            class Cancelled(Exception):
                """Nobody waits for this answer any more."""

            """#
        ),
        (
            "folder.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """What lies in the model's folder, read with our own eyes before any library reads it."""

            from __future__ import annotations

            import json
            from collections.abc import Iterator
            from dataclasses import dataclass
            from pathlib import Path

            from .faults import LoadFault, damaged

            # A settings file is small; one that is not is none.
            LARGEST_SETTINGS = 64 << 20


            def read_object(path: Path) -> dict[str, object]:
                """- Raises: `LoadFault` for what is not there or is no JSON object."""
                try:
                    if path.stat().st_size > LARGEST_SETTINGS:
                        raise damaged(f"{path.name} is too large for a settings file")
                    value = json.loads(path.read_bytes().decode("utf-8"))
                except FileNotFoundError:
                    raise damaged(f"{path.name} is missing") from None
                except (OSError, ValueError, RecursionError) as error:
                    raise damaged(f"{path.name} cannot be read ({error})") from None
                if not isinstance(value, dict):
                    raise damaged(f"{path.name} is not a JSON object")
                return value


            def read_object_if_there(path: Path) -> dict[str, object]:
                return read_object(path) if path.exists() else {}


            def _keys(value: object) -> Iterator[tuple[str, object]]:
                open_values = [value]
                while open_values:
                    here = open_values.pop()
                    if isinstance(here, dict):
                        yield from here.items()
                        open_values.extend(here.values())
                    elif isinstance(here, list):
                        open_values.extend(here)


            def screen(settings: dict[str, object], name: str) -> None:
                """Settings are data: what makes a library run something is refused, however deep it stands."""
                for key, value in _keys(settings):
                    if key == "trust_remote_code" and value:
                        raise damaged(f"{name} asks to be trusted ({key})")
                    if key.startswith("_") and key.endswith("_internal"):
                        raise damaged(f"{name} sets {key}, which is not a model's to set")


            @dataclass(frozen=True)
            class Weights:
                """The files that hold the weights, and whether they are pickles."""

                files: tuple[Path, ...]
                is_pickled: bool

                @property
                def size(self) -> int:
                    return sum(path.stat().st_size for path in self.files)


            def _shards(folder: Path, index: str) -> tuple[Path, ...]:
                names = read_object(folder / index).get("weight_map")
                if not isinstance(names, dict) or not names:
                    raise damaged(f"{index} names no weights")
                files = sorted({str(name) for name in names.values()})
                for name in files:
                    if Path(name).name != name or name.startswith("."):
                        raise damaged(f"{index} names a file outside of the model’s folder")
                    if not (folder / name).is_file():
                        raise damaged(f"{name} is missing")
                return tuple(folder / name for name in files)


            def find_weights(folder: Path) -> Weights:
                """Safetensors first, always."""
                for single, is_pickled in [("model.safetensors", False), ("pytorch_model.bin", True)]:
                    index = f"{single}.index.json"
                    if (folder / single).is_file():
                        return Weights((folder / single,), is_pickled)
                    if (folder / index).is_file():
                        return Weights(_shards(folder, index), is_pickled)
                raise damaged("neither model.safetensors nor pytorch_model.bin is there")


            def agreed(weights: Weights, allow_pickle: bool) -> Weights:
                """- Raises: `LoadFault` for pickles that nobody agreed to."""
                if weights.is_pickled and not allow_pickle:
                    raise LoadFault(
                        f"the weights are a pickle ({weights.files[0].name}), which may hold a program; nobody agreed to read it (--allow-pickle)"
                    )
                return weights

            """#
        ),
        (
            "generate.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """Writes text, token by token, and can be stopped between two layers."""

            from __future__ import annotations

            import time
            from dataclasses import dataclass
            from typing import Any

            from .desk import Job, Piece
            from .faults import invalid, too_long, unsupported
            from .model import Loaded, first_line
            from .textflow import Detokenizer, StopWatch
            from .wire import Message, Sampling, Wish

            # Tokens of a prompt that are read at once: a bound for memory, and for how long a step takes.
            CHUNK = 256


            @dataclass(frozen=True)
            class Timings:
                """In llama.cpp's words."""

                prompt_n: int
                prompt_ms: float
                predicted_n: int
                predicted_ms: float

                def body(self) -> dict[str, float]:
                    return {
                        "prompt_n": self.prompt_n,
                        "prompt_ms": round(self.prompt_ms, 3),
                        "prompt_per_second": round(_rate(self.prompt_n, self.prompt_ms), 3),
                        "predicted_n": self.predicted_n,
                        "predicted_ms": round(self.predicted_ms, 3),
                        "predicted_per_second": round(_rate(self.predicted_n, self.predicted_ms), 3),
                    }


            def _rate(count: int, milliseconds: float) -> float:
                return count / milliseconds * 1000 if milliseconds > 0 else 0.0


            @dataclass(frozen=True)
            class Answer:
                """What a generation came to."""

                text: str
                # “stop”, or “length” where it was cut.
                reason: str
                # Why it stopped, in llama.cpp's words: eos, word or limit.
                stop_type: str
                timings: Timings


            class _Flow:
                """What the library's loop tells: each token as it is chosen. Is its streamer and its stopping criterion."""

                def __init__(self, job: Job, loaded: Loaded, prompt: list[int], wish: Wish, ends: frozenset[int]) -> None:
                    self._job, self._ends = job, ends
                    self._detokenizer = Detokenizer(lambda tokens: str(loaded.tokenizer.decode(tokens, skip_special_tokens=True)), prompt)
                    self._watch = StopWatch(wish.stops)
                    self._is_prompt = True
                    self.tokens: list[int] = []
                    self.text: list[str] = []
                    self.started = self.first = self.last = time.monotonic()

                def put(self, value: Any) -> None:
                    if self._is_prompt:
                        self._is_prompt = False
                        return
                    self._job.check()
                    self.last = time.monotonic()
                    for token in value.flatten().tolist():
                        if not self.tokens:
                            self.first = self.last
                        self.tokens.append(token)
                        if token not in self._ends:
                            self._say(self._watch.push(self._detokenizer.push(token)))

                def end(self) -> None:
                    """The library's last word; ours is `finish`."""

                def finish(self) -> None:
                    if not self._watch.has_stopped:
                        self._say(self._watch.push(self._detokenizer.finish()))
                        self._say(self._watch.finish())

                def __call__(self, tokens: Any, scores: Any, **_: Any) -> Any:
                    return tokens.new_full((tokens.shape[0],), self._watch.has_stopped, dtype=_torch().bool)

                @property
                def stop_type(self) -> str:
                    if self._watch.has_stopped:
                        return "word"
                    return "eos" if self.tokens and self.tokens[-1] in self._ends else "limit"

                def _say(self, text: str) -> None:
                    if text:
                        self.text.append(text)
                        self._job.say(Piece(text))


            class _Penalties:
                """OpenAI's two penalties, on what was written so far."""

                def __init__(self, presence: float, frequency: float, prompt: int) -> None:
                    self._presence, self._frequency, self._prompt = presence, frequency, prompt

                def __call__(self, tokens: Any, scores: Any) -> Any:
                    counts = _torch().bincount(tokens[0, self._prompt :], minlength=scores.shape[-1])[: scores.shape[-1]]
                    return scores - self._presence * (counts > 0) - self._frequency * counts


            def _torch() -> Any:
                # Imported long before: this only finds it again.
                import torch

                return torch


            class Writer:
                """One model that writes."""

                def __init__(self, loaded: Loaded) -> None:
                    self._loaded = loaded
                    self._job: Job | None = None
                    ends = loaded.model.generation_config.eos_token_id
                    ends = [ends] if isinstance(ends, int) else list(ends or [])
                    own = loaded.tokenizer.eos_token_id
                    self._ends = frozenset(ends) | ({own} if isinstance(own, int) else set())
                    self._is_chunked = not getattr(loaded.model, "_is_stateful", False)
                    for module in loaded.model.modules():
                        # Leaves only: a step is never longer than one product of two matrices.
                        if next(module.children(), None) is None:
                            module.register_forward_pre_hook(self._check)

                def _check(self, *_: Any) -> None:
                    if self._job is not None:
                        self._job.check()

                def chat_prompt(self, messages: tuple[Message, ...]) -> list[int]:
                    tokenizer = self._loaded.tokenizer
                    if not tokenizer.chat_template:
                        raise unsupported("this model has no chat template: it completes text, and does not answer in turns")
                    turns = [{"role": message.role, "content": message.content} for message in messages]
                    try:
                        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
                    except Exception as error:
                        # The template is the model's own program; what it says about these turns is for whoever wrote them.
                        raise invalid(f"the model’s chat template refuses these messages: {first_line(error)}") from None
                    return self.tokens(str(text), has_special=False)

                def tokens(self, text: str, has_special: bool) -> list[int]:
                    return [int(token) for token in self._loaded.tokenizer.encode(text, add_special_tokens=has_special)]

                def write(self, job: Job, prompt: list[int], wish: Wish) -> Answer:
                    """- Raises: `RequestFault` for a prompt that does not fit, `Cancelled` when nobody waits any more."""
                    if not prompt:
                        raise invalid("the prompt is empty")
                    room = self._loaded.context - len(prompt)
                    if room < 1:
                        raise too_long(len(prompt), self._loaded.context)
                    if wish.limit == 0:
                        return Answer("", "length", "limit", Timings(len(prompt), 0, 0, 0))
                    flow = _Flow(job, self._loaded, prompt, wish, self._ends)
                    self._job = job
                    try:
                        self._generate(flow, prompt, wish, min(room, wish.limit or room))
                    finally:
                        self._job = None
                    flow.finish()
                    return Answer(
                        text="".join(flow.text),
                        reason="length" if flow.stop_type == "limit" else "stop",
                        stop_type=flow.stop_type,
                        timings=Timings(len(prompt), (flow.first - flow.started) * 1000, len(flow.tokens), (flow.last - flow.first) * 1000),
                    )

                def _generate(self, flow: _Flow, prompt: list[int], wish: Wish, limit: int) -> None:
                    from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

                    torch = _torch()
                    seed = wish.sampling.seed
                    torch.manual_seed(seed) if seed is not None and seed >= 0 else torch.seed()
                    penalties = LogitsProcessorList()
                    if wish.sampling.presence_penalty or wish.sampling.frequency_penalty:
                        penalties.append(_Penalties(wish.sampling.presence_penalty, wish.sampling.frequency_penalty, len(prompt)))
                    inputs = torch.tensor([prompt], device=self._loaded.device)
                    with torch.inference_mode():
                        self._loaded.model.generate(
                            inputs,
                            attention_mask=torch.ones_like(inputs),
                            generation_config=GenerationConfig(**self._settings(wish.sampling, limit, len(prompt))),
                            stopping_criteria=StoppingCriteriaList([flow]),
                            logits_processor=penalties,
                            streamer=flow,
                        )

                def _settings(self, sampling: Sampling, limit: int, prompt: int) -> dict[str, object]:
                    """The request's word, else the model's own, else what llama-server does."""
                    own = self._loaded.model.generation_config

                    def pick(asked: float | None, name: str, default: float) -> float:
                        told = getattr(own, name, None)
                        return asked if asked is not None else told if isinstance(told, (int, float)) else default

                    temperature = pick(sampling.temperature, "temperature", 0.8)
                    settings: dict[str, object] = {
                        "max_new_tokens": limit,
                        "eos_token_id": sorted(self._ends) or None,
                        "pad_token_id": min(self._ends, default=0),
                        "do_sample": temperature > 0,
                        "repetition_penalty": pick(sampling.repeat_penalty, "repetition_penalty", 1.0),
                    }
                    if prompt > CHUNK and self._is_chunked:
                        settings["prefill_chunk_size"] = CHUNK
                    if temperature > 0:
                        settings["temperature"] = temperature
                        settings["top_k"] = max(0, int(pick(sampling.top_k, "top_k", 40)))
                        settings["top_p"] = pick(sampling.top_p, "top_p", 0.95) or 1e-6
                        settings["min_p"] = pick(sampling.min_p, "min_p", 0.05)
                    return settings

            """#
        ),
        (
            "main.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """From the command line to the end: listens, loads, serves, and leaves nothing behind."""

            from __future__ import annotations

            import os
            import signal
            import sys
            import threading
            import traceback
            from collections.abc import Sequence
            from typing import NoReturn

            from . import options as command_line
            from .faults import LoadFault
            from .options import Options
            from .server import Server
            from .service import Service, is_memory


            def quiet_surroundings() -> None:
                """Before any library is imported: no network, no telemetry, and whatever they print goes to the log.

                Answers travel on the socket alone. Standard output is the log as well, for C code too.
                """
                os.environ.update(
                    HF_HUB_OFFLINE="1",
                    TRANSFORMERS_OFFLINE="1",
                    HF_HUB_DISABLE_TELEMETRY="1",
                    DO_NOT_TRACK="1",
                    TOKENIZERS_PARALLELISM="false",
                    PYTORCH_NVML_BASED_CUDA_CHECK="1",
                )
                # Threads that spin while they wait take the core that the others wait for: four times slower beside one busy program.
                os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
                os.environ.setdefault("GOMP_SPINCOUNT", "0")
                sys.stdout.flush()
                os.dup2(2, 1)
                sys.stdout = sys.stderr


            def sentence(error: BaseException) -> str:
                """The last line of the log: the manager knows the kinds by these words."""
                if isinstance(error, LoadFault):
                    return str(error)
                if is_memory(error):
                    where = "CUDA memory" if "cuda" in str(error).lower() else "memory"
                    return f"failed to allocate {where} for the model"
                if isinstance(error, ImportError):
                    return f"missing library: {error.name or error}"
                line = str(error).strip().split("\n")[0][:300]
                return f"the model cannot be loaded ({type(error).__name__}: {line})"


            class Worker:
                """The threads and how they end."""

                def __init__(self, options: Options) -> None:
                    self._options = options
                    self._service = Service(options)
                    self._ended = threading.Event()
                    self._status = 0
                    self._words = ""

                def run(self) -> NoReturn:
                    try:
                        server = Server(self._options.socket, self._service)
                    except OSError as error:
                        self._leave(1, f"error: address already in use or not usable: {self._options.socket} ({error.strerror})", is_ours=False)
                    for number in (signal.SIGTERM, signal.SIGINT):
                        signal.signal(number, lambda *_: self._ended.set())
                    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True, name="socket").start()
                    threading.Thread(target=self._work, daemon=True, name="model").start()
                    self._ended.wait()
                    self._service.desk.close()
                    self._leave(self._status, self._words)

                def _work(self) -> None:
                    try:
                        self._service.load()
                        self._service.desk.run()
                    except BaseException as error:  # noqa: BLE001 - a thread that dies silently would leave a worker that never answers
                        if not isinstance(error, LoadFault):
                            traceback.print_exc(limit=-6)
                        self._status, self._words = 1, f"error: {sentence(error)}"
                    self._ended.set()

                def _leave(self, status: int, words: str, is_ours: bool = True) -> NoReturn:
                    """At once: libraries that tidy up behind themselves take seconds, and would have the last word."""
                    if is_ours:
                        try:
                            self._options.socket.unlink(missing_ok=True)
                        except OSError as error:
                            print(f"the socket stays behind: {error}", file=sys.stderr)
                    if words:
                        print(words, file=sys.stderr)
                    sys.stderr.flush()
                    os._exit(status)


            def main(arguments: Sequence[str]) -> int:
                options = command_line.parse(arguments)
                quiet_surroundings()
                Worker(options).run()

            """#
        ),
        (
            "memory.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """How much memory this worker holds, and whether that grew too much."""

            from __future__ import annotations

            import ctypes
            import gc
            import os
            import resource
            import sys

            MIB = 1 << 20


            def resident() -> int:
                """Bytes. Where the system does not tell the present figure (macOS), the highest so far."""
                try:
                    with open("/proc/self/statm", encoding="ascii") as file:
                        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                except (OSError, ValueError, IndexError):
                    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                    return peak if sys.platform == "darwin" else peak * 1024


            def give_back() -> None:
                """What a long request used is no leak: the allocator returns it before anybody measures."""
                gc.collect()
                try:
                    ctypes.CDLL(None).malloc_trim(0)
                except (OSError, AttributeError):
                    # Another C library: it has its own ways.
                    return


            class GrowthWatch:
                """Tells when the worker is to be replaced, between two requests."""

                def __init__(self, limit_mib: int) -> None:
                    self._limit = limit_mib * MIB
                    self._base: int | None = None
                    self.is_over = False

                def ready(self) -> None:
                    self._base = resident()

                def look(self) -> None:
                    """After each request. Once over, it stays over: whoever asks later must hear of it too."""
                    if self._limit and self._base is not None and resident() - self._base > self._limit:
                        give_back()
                        self.is_over = self.is_over or resident() - self._base > self._limit

            """#
        ),
        (
            "model.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """Loads a model: from its own folder alone, from safetensors unless a person agreed to a pickle, and never with code of its own."""

            from __future__ import annotations

            import platform
            import re
            from dataclasses import dataclass
            from pathlib import Path
            from typing import Any

            from . import folder as files
            from . import memory
            from .faults import LoadFault, damaged, missing_library, unknown_architecture
            from .options import Options
            from .state import State

            # The first of the line that reads configurations without running what they name (CVE-2026-4372), and speaks of `dtype`.
            LEAST_TRANSFORMERS = (5, 3)


            @dataclass(frozen=True)
            class Loaded:
                """A model that answers. Of the libraries' types nothing is known to mypy, so they are `Any` here and nowhere else."""

                model: Any
                tokenizer: Any
                device: str
                folder: Path
                # Most tokens that may be in it at once.
                context: int
                trained_context: int | None
                parameters: int
                width: int | None


            def import_torch(options: Options) -> Any:
                """- Raises: `LoadFault` where it is not installed, or not whole."""
                try:
                    import torch
                except (ImportError, OSError) as error:
                    raise missing_library(f"torch ({error})") from None
                torch.set_num_threads(options.threads)
                if torch.get_num_interop_threads() != 1:
                    # Can be set only once.
                    torch.set_num_interop_threads(1)
                torch.set_grad_enabled(False)
                return torch


            def import_transformers() -> Any:
                try:
                    import transformers
                except (ImportError, OSError, RuntimeError) as error:
                    raise missing_library(f"transformers ({error})") from None
                version = tuple(int(part) for part in transformers.__version__.split(".")[:2] if part.isdigit())
                if version < LEAST_TRANSFORMERS:
                    raise missing_library(f"transformers {'.'.join(map(str, LEAST_TRANSFORMERS))} or newer (found {transformers.__version__})")
                transformers.utils.logging.set_verbosity_error()
                transformers.utils.logging.disable_progress_bar()
                return transformers


            def processor_flags() -> frozenset[str]:
                try:
                    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
                except OSError:
                    return frozenset()
                words = [line.partition(":")[2].split() for line in lines if line.split(":")[0].strip() in ("flags", "Features")]
                return frozenset(word for line in words[:1] for word in line)


            def has_bfloat16(flags: frozenset[str]) -> bool:
                """Without it each product of two bfloat16 is made of several steps, and float32 is faster."""
                return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"}) or platform.machine() == "arm64"


            def choose_device(wished: str, torch: Any) -> str:
                """- Raises: `LoadFault` for a device that was named and is not there."""
                here = {"cpu": True, "cuda": bool(torch.cuda.is_available()), "mps": bool(torch.backends.mps.is_available())}
                if wished != "auto":
                    if not here[wished]:
                        raise LoadFault(f"invalid device: {wished} is not there")
                    return wished
                return next((name for name in ("cuda", "mps") if here[name]), "cpu")


            def choose_dtype(options: Options, device: str, stored: object, torch: Any) -> Any:
                if options.dtype != "auto":
                    return getattr(torch, options.dtype)
                if device != "cpu":
                    return {"float32": torch.float32, "bfloat16": torch.bfloat16}.get(str(stored), torch.float16)
                return torch.bfloat16 if str(stored) == "bfloat16" and has_bfloat16(processor_flags()) else torch.float32


            def load(options: Options, state: State) -> Loaded:
                """- Raises: `LoadFault`, or what a library raises (see `main.sentence`)."""
                if options.model is None:
                    raise LoadFault("no model was named")
                settings = files.read_object(options.model / "config.json")
                files.screen(settings, "config.json")
                files.screen(files.read_object_if_there(options.model / "tokenizer_config.json"), "tokenizer_config.json")
                weights = files.agreed(files.find_weights(options.model), options.allow_pickle)
                torch = import_torch(options)
                state.reached(0.35)
                transformers = import_transformers()
                state.reached(0.45)
                device = choose_device(options.device, torch)
                config, kind = _class(transformers, options, settings)
                dtype = choose_dtype(options, device, settings.get("dtype", settings.get("torch_dtype")), torch)
                _follow(state, weights.size)
                model = _read(torch, kind, config, options.model, weights, dtype)
                model.to(device)
                model.eval()
                state.reached(0.95)
                tokenizer = _tokenizer(transformers, options.model)
                return _measured(model, tokenizer, device, options)


            def _follow(state: State, size: int) -> None:
                """The weights are in memory when it has grown by their size; as float32 they take more, which only ends early."""
                before = memory.resident()
                state.follow(lambda: 0.45 + 0.5 * min(1.0, max(0, memory.resident() - before) / max(1, size)))


            def _class(transformers: Any, options: Options, settings: dict[str, object]) -> tuple[Any, Any]:
                """The library's own class for this kind of model; no other exists for us."""
                name = str(settings.get("model_type") or "without a name")
                if name not in transformers.CONFIG_MAPPING:
                    raise unknown_architecture(name)
                try:
                    config = transformers.AutoConfig.from_pretrained(options.model, trust_remote_code=False, local_files_only=True)
                except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
                    raise damaged(f"config.json is not one of a {name} ({first_line(error)})") from None
                is_chat = options.purpose == "chat"
                mapping = transformers.MODEL_FOR_CAUSAL_LM_MAPPING if is_chat else transformers.MODEL_MAPPING
                if type(config) not in mapping:
                    raise unknown_architecture(f"{name} (it {'writes no text' if is_chat else 'gives no embeddings'})")
                kind = mapping[type(config)]
                return config, kind[0] if isinstance(kind, (list, tuple)) else kind


            def _read(torch: Any, kind: Any, config: Any, folder: Path, weights: files.Weights, dtype: Any) -> Any:
                common = {"dtype": dtype, "output_loading_info": True, "local_files_only": True}
                if weights.is_pickled:
                    state = {key: value for path in weights.files for key, value in _unpickle(torch, path).items()}
                    model, told = kind.from_pretrained(None, config=config, state_dict=state, **common)
                else:
                    try:
                        model, told = kind.from_pretrained(folder, config=config, use_safetensors=True, weights_only=True, **common)
                    except (OSError, ValueError, KeyError) as error:
                        raise damaged(f"the weights cannot be read ({first_line(error)})") from None
                    except Exception as error:
                        if type(error).__name__ != "SafetensorError":
                            raise
                        raise damaged(f"the weights cannot be read ({first_line(error)})") from None
                # Where a weight is missing the library makes one up. A pooler that was never trained is not used here.
                missing = sorted(key for key in told["missing_keys"] if "pooler." not in key)
                if missing:
                    raise damaged(f"{len(missing)} weights are missing, {missing[0]} among them")
                return model


            def _unpickle(torch: Any, path: Path) -> dict[str, Any]:
                """Tensors and plain values alone: whatever else a pickle asks for is refused by the reader itself."""
                try:
                    value = torch.load(path, map_location="cpu", weights_only=True)
                except Exception as error:
                    if isinstance(error, MemoryError):
                        raise
                    raise damaged(f"{path.name} {unpickling(str(error))}, and is not read") from None
                if not isinstance(value, dict) or not all(isinstance(item, torch.Tensor) for item in value.values()):
                    raise damaged(f"{path.name} is not a list of weights")
                return value


            def unpickling(words: str) -> str:
                """What is wrong with a pickle, in our words: torch's own advise to read it all the same."""
                asked = re.search(r"GLOBAL ([\w.]{1,100})", words)
                return f"holds something else than weights ({asked.group(1)})" if asked else "is broken, or holds something else than weights"


            def _tokenizer(transformers: Any, folder: Path) -> Any:
                try:
                    return transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
                except ImportError as error:
                    raise missing_library(first_line(error)) from None
                except Exception as error:
                    if isinstance(error, MemoryError):
                        raise
                    raise damaged(f"the tokenizer cannot be read ({first_line(error)})") from None


            def _measured(model: Any, tokenizer: Any, device: str, options: Options) -> Loaded:
                text = model.config.get_text_config()
                trained = getattr(text, "max_position_embeddings", None)
                width = getattr(text, "hidden_size", None)
                trained = trained if isinstance(trained, int) and trained > 0 else None
                return Loaded(
                    model=model,
                    tokenizer=tokenizer,
                    device=device,
                    folder=options.model or Path(),
                    context=min(options.context, trained or options.context),
                    trained_context=trained,
                    parameters=int(model.num_parameters()),
                    width=width if isinstance(width, int) else None,
                )


            def first_line(error: BaseException) -> str:
                """A library's explanation may be a page."""
                lines = [line.strip() for line in str(error).splitlines() if line.strip()]
                return (lines[0] if lines else type(error).__name__)[:300]

            """#
        ),
        (
            "options.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """The command line, read once into a value."""

            from __future__ import annotations

            import argparse
            import os
            from collections.abc import Sequence
            from dataclasses import dataclass
            from pathlib import Path
            from typing import NoReturn

            KEY_VARIABLE = "LLAMA_API_KEY"


            @dataclass(frozen=True)
            class Options:
                """All that the worker is told. Nothing else is read from the environment."""

                model: Path | None
                alias: str
                socket: Path
                threads: int
                # Most tokens of prompt and answer together.
                context: int
                purpose: str
                device: str
                dtype: str
                allow_pickle: bool
                # MiB that it may grow by after it is ready before it asks to be replaced; 0: never.
                recycle_after_growth: int
                selftest: bool
                key: str | None


            class _Parser(argparse.ArgumentParser):
                def error(self, message: str) -> NoReturn:
                    self.exit(2, f"error: {message}\n")


            def _count(text: str) -> int:
                number = int(text)
                if not 1 <= number <= 1 << 31:
                    raise ValueError
                return number


            def _growth(text: str) -> int:
                number = int(text)
                if not 0 <= number <= 1 << 31:
                    raise ValueError
                return number


            def parse(arguments: Sequence[str], environment: dict[str, str] | None = None) -> Options:
                """Ends the program with status 2 and a sentence where the arguments are wrong."""
                environment = dict(os.environ) if environment is None else environment
                parser = _Parser(prog="homewise-torch", allow_abbrev=False)
                parser.add_argument("--model", type=Path, help="folder with config.json, the weights and the tokenizer's files")
                parser.add_argument("--alias", default="model")
                parser.add_argument("--socket", type=Path, required=True)
                parser.add_argument("--threads", type=_count, default=max(1, os.cpu_count() or 1))
                parser.add_argument("--context", type=_count, default=4096)
                parser.add_argument("--purpose", choices=["chat", "embedding"], default="chat")
                parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
                parser.add_argument("--dtype", choices=["auto", "float32", "bfloat16", "float16"], default="auto")
                parser.add_argument("--allow-pickle", action="store_true", help="a person agreed to pickled weights")
                parser.add_argument("--recycle-after-growth", type=_growth, default=0, metavar="MIB")
                parser.add_argument("--selftest", action="store_true", help="serve a tiny model made on the spot")
                read = parser.parse_args(arguments)
                if (read.model is None) != read.selftest:
                    parser.error("either --model or --selftest is needed")
                return Options(
                    model=read.model,
                    alias=read.alias,
                    socket=read.socket,
                    threads=read.threads,
                    context=read.context,
                    purpose=read.purpose,
                    device=read.device,
                    dtype=read.dtype,
                    allow_pickle=read.allow_pickle,
                    recycle_after_growth=read.recycle_after_growth,
                    selftest=read.selftest,
                    key=environment.get(KEY_VARIABLE) or None,
                )

            """#
        ),
        (
            "replies.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """Answers in the shapes that clients parse: OpenAI's, and llama-server's own for `/completion`."""

            from __future__ import annotations

            import base64
            import json
            import struct
            import time
            import uuid
            from collections.abc import Iterator
            from typing import TYPE_CHECKING, Protocol

            from .wire import Json, Wish

            if TYPE_CHECKING:
                from .generate import Answer


            def encode(body: object) -> bytes:
                return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


            def usage(answer: "Answer") -> Json:
                timings = answer.timings
                return {
                    "prompt_tokens": timings.prompt_n,
                    "completion_tokens": timings.predicted_n,
                    "total_tokens": timings.prompt_n + timings.predicted_n,
                }


            class Shape(Protocol):
                """One way to say an answer."""

                is_ended_by_done: bool

                def opening(self) -> Iterator[Json]: ...
                def piece(self, text: str) -> Json: ...
                def closing(self, answer: "Answer") -> Iterator[Json]: ...
                def whole(self, answer: "Answer") -> Json: ...


            class _OpenAI:
                is_ended_by_done = True

                def __init__(self, alias: str, wish: Wish, prefix: str, whole: str, chunk: str) -> None:
                    self._head = {"id": f"{prefix}-{uuid.uuid4().hex}", "created": int(time.time()), "model": alias}
                    self._wish, self._whole, self._chunk = wish, whole, chunk

                def _body(self, kind: str, choice: Json, **more: object) -> Json:
                    return {**self._head, "object": kind, "choices": [{"index": 0, **choice}], **more}

                def _usage(self, answer: "Answer") -> Iterator[Json]:
                    if self._wish.wants_usage:
                        yield {**self._head, "object": self._chunk, "choices": [], "usage": usage(answer)}


            class Chat(_OpenAI):
                """`/v1/chat/completions`."""

                def __init__(self, alias: str, wish: Wish) -> None:
                    super().__init__(alias, wish, "chatcmpl", "chat.completion", "chat.completion.chunk")

                def opening(self) -> Iterator[Json]:
                    yield self._body(self._chunk, {"delta": {"role": "assistant", "content": ""}, "finish_reason": None})

                def piece(self, text: str) -> Json:
                    return self._body(self._chunk, {"delta": {"content": text}, "finish_reason": None})

                def closing(self, answer: "Answer") -> Iterator[Json]:
                    yield self._body(self._chunk, {"delta": {}, "finish_reason": answer.reason}, timings=answer.timings.body())
                    yield from self._usage(answer)

                def whole(self, answer: "Answer") -> Json:
                    choice: Json = {"message": {"role": "assistant", "content": answer.text}, "finish_reason": answer.reason}
                    return self._body(self._whole, choice, usage=usage(answer), timings=answer.timings.body())


            class Text(_OpenAI):
                """`/v1/completions`."""

                def __init__(self, alias: str, wish: Wish) -> None:
                    super().__init__(alias, wish, "cmpl", "text_completion", "text_completion")

                def opening(self) -> Iterator[Json]:
                    return iter(())

                def piece(self, text: str) -> Json:
                    return self._body(self._chunk, {"text": text, "finish_reason": None, "logprobs": None})

                def closing(self, answer: "Answer") -> Iterator[Json]:
                    yield self._body(self._chunk, {"text": "", "finish_reason": answer.reason, "logprobs": None}, timings=answer.timings.body())
                    yield from self._usage(answer)

                def whole(self, answer: "Answer") -> Json:
                    choice: Json = {"text": answer.text, "finish_reason": answer.reason, "logprobs": None}
                    return self._body(self._whole, choice, usage=usage(answer), timings=answer.timings.body())


            class Native:
                """llama-server's `/completion`."""

                is_ended_by_done = False

                def opening(self) -> Iterator[Json]:
                    return iter(())

                def piece(self, text: str) -> Json:
                    return {"content": text, "stop": False}

                def closing(self, answer: "Answer") -> Iterator[Json]:
                    yield {**self.whole(answer), "content": ""}

                def whole(self, answer: "Answer") -> Json:
                    return {
                        "content": answer.text,
                        "stop": True,
                        "stop_type": answer.stop_type,
                        "tokens_evaluated": answer.timings.prompt_n,
                        "tokens_predicted": answer.timings.predicted_n,
                        "timings": answer.timings.body(),
                    }


            def embeddings(alias: str, vectors: list[list[float]], tokens: int, is_base64: bool) -> Json:
                def form(vector: list[float]) -> object:
                    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii") if is_base64 else vector

                data = [{"object": "embedding", "index": number, "embedding": form(vector)} for number, vector in enumerate(vectors)]
                return {"object": "list", "model": alias, "data": data, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}

            """#
        ),
        (
            "server.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """HTTP on a Unix socket: decodes a request, gives it to the service, encodes what comes back, and sees who has hung up."""

            from __future__ import annotations

            import hmac
            import os
            import queue
            import select
            import socket
            import socketserver
            import sys
            import time
            from collections.abc import Callable
            from http.server import BaseHTTPRequestHandler
            from pathlib import Path
            from typing import TYPE_CHECKING, BinaryIO, cast

            from . import body, replies, wire
            from .desk import Done, Failed, Job, Piece
            from .faults import RequestFault, invalid
            from .service import Service
            from .wire import Json

            if TYPE_CHECKING:
                from .generate import Answer

            # A client that reads nothing for so long is given up, in seconds.
            PATIENCE = 60.0
            # How often somebody who waits is looked after, in seconds.
            GLANCE = 0.05


            class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
                """Listens from the first moment, before anything slow is done."""

                daemon_threads = True
                block_on_close = False
                request_queue_size = 128

                def __init__(self, path: Path, service: Service) -> None:
                    self.service = service
                    before = os.umask(0o177)
                    try:
                        super().__init__(str(path), Handler)
                    finally:
                        os.umask(before)

                def handle_error(self, request: object, client_address: object) -> None:
                    error = sys.exc_info()[1]
                    if not isinstance(error, (ConnectionError, TimeoutError)):
                        print(f"a connection ended badly: {type(error).__name__}: {error}", file=sys.stderr)


            class Handler(BaseHTTPRequestHandler):
                """One connection."""

                protocol_version = "HTTP/1.1"
                timeout = PATIENCE
                server: Server

                # GET and POST go by these tables; an address that is in one of them and not in the other gets 405.
                def do_GET(self) -> None:
                    self._route({"/health": self._health, "/v1/health": self._health, "/v1/models": self._models, "/models": self._models})

                def do_POST(self) -> None:
                    self._route(self._posts())

                def _posts(self) -> dict[str, Callable[[], None]]:
                    return {
                        "/v1/chat/completions": self._chat,
                        "/chat/completions": self._chat,
                        "/v1/completions": self._completions,
                        "/completions": self._native,
                        "/completion": self._native,
                        "/v1/embeddings": self._embeddings,
                        "/embeddings": self._embeddings,
                        "/tokenize": self._tokenize,
                    }

                _GETS = ("/health", "/v1/health", "/v1/models", "/models")

                def do_PUT(self) -> None:
                    self._route({})

                do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = do_PUT

                def _route(self, table: dict[str, Callable[[], None]]) -> None:
                    path = self.path.partition("?")[0]
                    try:
                        if path not in ("/health", "/v1/health"):
                            self._check_key()
                        act = table.get(path)
                        if act is None:
                            known = path in self._GETS or path in self._posts()
                            kind = "not_found_error" if not known else "invalid_request_error"
                            raise RequestFault(405 if known else 404, kind, f"{self.command} {path} is not served here")
                        act()
                    except RequestFault as fault:
                        self._refuse(fault)

                def _check_key(self) -> None:
                    key = self.server.service.options.key
                    if key is None:
                        return
                    given = self.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
                    if not hmac.compare_digest(given, f"Bearer {key}".encode()):
                        raise RequestFault(401, "authentication_error", "Invalid API Key")

                # Routes.

                def _health(self) -> None:
                    self._reply(*self.server.service.health())

                def _models(self) -> None:
                    self._reply(200, self.server.service.models())

                def _chat(self) -> None:
                    request = wire.parse_chat(self._json())
                    shape = replies.Chat(self.server.service.options.alias, request.wish)
                    self._write(self.server.service.chat(request), shape, request.wish.is_streaming)

                def _completions(self) -> None:
                    request = wire.parse_completion(self._json())
                    shape = replies.Text(self.server.service.options.alias, request.wish)
                    self._write(self.server.service.complete(request), shape, request.wish.is_streaming)

                def _native(self) -> None:
                    request = wire.parse_completion(self._json())
                    self._write(self.server.service.complete(request), replies.Native(), request.wish.is_streaming)

                def _embeddings(self) -> None:
                    request = wire.parse_embedding(self._json())
                    result = self._wait(self.server.service.embed(request))
                    if result is not None:
                        vectors, tokens = cast("tuple[list[list[float]], int]", result)
                        self._reply(200, replies.embeddings(self.server.service.options.alias, vectors, tokens, request.is_base64))

                def _tokenize(self) -> None:
                    result = self._wait(self.server.service.tokenize(wire.parse_tokenize(self._json())))
                    if result is not None:
                        self._reply(200, {"tokens": result})

                # Bodies and answers.

                def _json(self) -> Json:
                    return wire.parse_json(body.read(cast(BinaryIO, self.rfile), self.headers.get("Content-Length"), self.headers.get("Transfer-Encoding")))

                def _next(self, job: Job) -> Piece | Done | Failed | None:
                    """What the job says next; `None` when the client hung up, and then the job has been told."""
                    while not self._has_hung_up():
                        try:
                            return job.events.get(timeout=GLANCE)
                        except queue.Empty:
                            continue
                    job.cancel()
                    self.close_connection = True
                    return None

                def _has_hung_up(self) -> bool:
                    poll = select.poll()
                    # The end of both directions is told unasked; a client may close its own half and still listen.
                    poll.register(self.connection, 0)
                    return bool(poll.poll(0))

                def _wait(self, job: Job) -> object | None:
                    """The result of a job without pieces, `None` when nobody waits. - Raises: `RequestFault`."""
                    self.server.service.desk.take(job)
                    while True:
                        event = self._next(job)
                        if isinstance(event, Failed):
                            raise event.fault
                        if not isinstance(event, Piece):
                            return event.result if event is not None else None

                def _write(self, job: Job, shape: replies.Shape, is_streaming: bool) -> None:
                    if is_streaming:
                        return self._stream(job, shape)
                    result = self._wait(job)
                    if result is not None:
                        self._reply(200, shape.whole(cast("Answer", result)))

                def _stream(self, job: Job, shape: replies.Shape) -> None:
                    self.server.service.desk.take(job)
                    # What fails before the first word is a plain answer with its own status.
                    event = self._next(job)
                    if isinstance(event, Failed):
                        raise event.fault
                    if event is None:
                        return
                    try:
                        self._begin("text/event-stream", {"Transfer-Encoding": "chunked", "Cache-Control": "no-cache"})
                        for message in shape.opening():
                            self._event(message)
                        self._follow(job, shape, event)
                    except (ConnectionError, TimeoutError):
                        job.cancel()
                        self.close_connection = True

                def _follow(self, job: Job, shape: replies.Shape, event: Piece | Done | Failed | None) -> None:
                    while isinstance(event, Piece):
                        self._event(shape.piece(event.text))
                        event = self._next(job)
                    if isinstance(event, Failed):
                        self._event(event.fault.body())
                    elif event is not None:
                        for message in shape.closing(cast("Answer", event.result)):
                            self._event(message)
                        if shape.is_ended_by_done:
                            self._chunk(b"data: [DONE]\n\n")
                    if event is not None:
                        self._chunk(b"")

                def _event(self, message: Json) -> None:
                    self._chunk(b"data: " + replies.encode(message) + b"\n\n")

                def _chunk(self, data: bytes) -> None:
                    self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

                def _begin(self, kind: str, headers: dict[str, str], status: int = 200) -> None:
                    self.send_response_only(status)
                    self.send_header("Content-Type", kind)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    if self.close_connection:
                        self.send_header("Connection", "close")
                    self.end_headers()

                def _reply(self, status: int, message: Json) -> None:
                    data = replies.encode(message)
                    self._begin("application/json; charset=utf-8", {"Content-Length": str(len(data))}, status)
                    if self.command != "HEAD":
                        self.wfile.write(data)

                def _refuse(self, fault: RequestFault) -> None:
                    # What is left of a body that was not read would be taken for the next request.
                    self.close_connection = True
                    self._reply(fault.status, fault.body())
                    self._drain()

                def _drain(self) -> None:
                    """Reads on for a moment: a client that is still writing would else never see why it was refused."""
                    deadline = time.monotonic() + 1
                    try:
                        self.connection.shutdown(socket.SHUT_WR)
                        self.connection.settimeout(0.2)
                        while time.monotonic() < deadline and self.connection.recv(1 << 20):
                            continue
                    except OSError:
                        return

                # What the library would do in its own words.

                def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
                    self.close_connection = True
                    self.command = getattr(self, "command", None) or ""
                    self.request_version = "HTTP/1.1"
                    fault = invalid(message or "this is no request")
                    self._reply(405 if code == 501 else code, RequestFault(405 if code == 501 else code, fault.kind, fault.message).body())

                def address_string(self) -> str:
                    return "the manager"

                def log_message(self, format: str, *args: object) -> None:
                    """Every request is the manager's, who keeps its own log."""

            """#
        ),
        (
            "service.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """What the worker can be asked, as jobs for the one thread that has the model."""

            from __future__ import annotations

            import dataclasses
            import tempfile
            import time
            from pathlib import Path
            from typing import TYPE_CHECKING

            from . import memory
            from .desk import Desk, Job
            from .faults import RequestFault, still_loading, unsupported
            from .options import Options
            from .state import State
            from .wire import ChatRequest, CompletionRequest, EmbeddingRequest, Json, TokenizeRequest

            if TYPE_CHECKING:
                from .embed import Embedder
                from .generate import Writer
                from .model import Loaded


            def explain(error: BaseException) -> RequestFault:
                """Whatever a library raised in the middle of a request."""
                if is_memory(error):
                    return RequestFault(500, "server_error", "failed to allocate memory for this request; a shorter one may fit")
                line = str(error).strip().split("\n")[0][:300]
                return RequestFault(500, "server_error", f"the computation failed ({type(error).__name__}: {line})")


            def is_memory(error: BaseException) -> bool:
                words = str(error).lower()
                return isinstance(error, MemoryError) or any(word in words for word in ("can't allocate memory", "out of memory", "not enough memory"))


            class Service:
                """The model and its thread."""

                def __init__(self, options: Options) -> None:
                    self.options = options
                    self.state = State()
                    self._growth = memory.GrowthWatch(options.recycle_after_growth)
                    self.desk = Desk(self._growth.look, explain)
                    self._created = int(time.time())
                    self._loaded: "Loaded | None" = None
                    self._writer: "Writer | None" = None
                    self._embedder: "Embedder | None" = None

                def load(self) -> None:
                    """On the desk's thread: the pool of threads that torch makes belongs to the one that asks."""
                    from .model import import_torch, load

                    options = self.options
                    if options.selftest:
                        from . import tiny

                        import_torch(options)
                        folder = Path(tempfile.mkdtemp(prefix="homewise-torch-", dir=options.socket.parent))
                        try:
                            tiny.write(folder)
                            self._use(load(dataclasses.replace(options, model=folder), self.state))
                        finally:
                            for file in folder.iterdir():
                                file.unlink()
                            folder.rmdir()
                    else:
                        self._use(load(options, self.state))
                    memory.give_back()
                    self._growth.ready()
                    self.state.ready()

                def _use(self, loaded: "Loaded") -> None:
                    self._loaded = loaded
                    if self.options.purpose == "chat":
                        from .generate import Writer

                        self._writer = Writer(loaded)
                    else:
                        from .embed import Embedder

                        self._embedder = Embedder(loaded)

                def health(self) -> tuple[int, Json]:
                    if not self.state.is_ready:
                        return 503, {**still_loading().body(), "progress": self.state.progress}
                    return 200, {"status": "ok", "recycle": self._growth.is_over, "resident": memory.resident()}

                def models(self) -> Json:
                    loaded = self._ready()
                    meta: Json = {"n_params": loaded.parameters, "n_ctx": self._limit(loaded)}
                    if loaded.trained_context is not None:
                        meta["n_ctx_train"] = loaded.trained_context
                    if loaded.width is not None:
                        meta["n_embd"] = loaded.width
                    model = {"id": self.options.alias, "object": "model", "created": self._created, "owned_by": "homewise", "meta": meta}
                    return {"object": "list", "data": [model]}

                def _limit(self, loaded: "Loaded") -> int:
                    return self._embedder.limit if self._embedder else loaded.context

                def _ready(self) -> "Loaded":
                    """- Raises: `RequestFault` while it loads."""
                    if self._loaded is None or not self.state.is_ready:
                        raise still_loading()
                    return self._loaded

                def _writing(self) -> "Writer":
                    self._ready()
                    if self._writer is None:
                        raise unsupported("this model gives embeddings, and writes no text")
                    return self._writer

                def chat(self, request: ChatRequest) -> Job:
                    writer = self._writing()
                    return Job(lambda job: writer.write(job, writer.chat_prompt(request.messages), request.wish))

                def complete(self, request: CompletionRequest) -> Job:
                    writer = self._writing()
                    return Job(lambda job: writer.write(job, writer.tokens(request.prompt, has_special=True), request.wish))

                def embed(self, request: EmbeddingRequest) -> Job:
                    self._ready()
                    embedder = self._embedder
                    if embedder is None:
                        raise unsupported("this model writes text; it was not started to give embeddings")
                    return Job(lambda job: embedder.embed(job, request.inputs, request.dimensions))

                def tokenize(self, request: TokenizeRequest) -> Job:
                    self._ready()
                    speaker = self._writer or self._embedder
                    if speaker is None:
                        raise still_loading()
                    return Job(lambda job: speaker.tokens(request.content, request.has_special))

            """#
        ),
        (
            "state.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """How far the worker has come."""

            from __future__ import annotations

            import threading
            from collections.abc import Callable


            class State:
                """Told by the thread that loads, asked by those that answer."""

                def __init__(self) -> None:
                    self._lock = threading.Lock()
                    self._progress: Callable[[], float] = lambda: 0.0
                    self._least = 0.0
                    self._is_ready = False

                def reached(self, progress: float) -> None:
                    self.follow(lambda: progress)

                def follow(self, progress: Callable[[], float]) -> None:
                    """From here on the progress is what this function says."""
                    with self._lock:
                        self._progress = progress

                def ready(self) -> None:
                    with self._lock:
                        self._is_ready = True

                @property
                def is_ready(self) -> bool:
                    with self._lock:
                        return self._is_ready

                @property
                def progress(self) -> float:
                    """0 to 1, and never backwards."""
                    with self._lock:
                        self._least = max(self._least, min(0.99, self._progress()))
                        return round(self._least, 3)

            """#
        ),
        (
            "textflow.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """From tokens to text that may go out: no half characters, and nothing that belongs to a stop string."""

            from __future__ import annotations

            from collections.abc import Callable, Sequence

            HALF = "\ufffd"


            class Detokenizer:
                """Decodes a few tokens at a time: each word is decoded behind the one before it, as tokenizers want it."""

                # So many tokens of the prompt are enough for the tokenizer to know what stands before the answer.
                LOOKBACK = 6
                # A character has at most four bytes; a model that writes more broken ones than this is not waited for.
                MOST_HELD = 12

                def __init__(self, decode: Callable[[list[int]], str], prompt: Sequence[int]) -> None:
                    self._decode = decode
                    self._tokens = list(prompt[-self.LOOKBACK :])
                    self._start = 0
                    self._shown = len(self._tokens)

                def push(self, token: int) -> str:
                    """The text that is whole now; empty while a character is not."""
                    self._tokens.append(token)
                    before, now = self._texts()
                    is_held = now.endswith(HALF) and len(self._tokens) - self._shown < self.MOST_HELD
                    if len(now) <= len(before) or is_held:
                        return ""
                    self._start, self._shown = self._shown, len(self._tokens)
                    return now[len(before) :]

                def finish(self) -> str:
                    """What is left at the end, without the half character that never became whole."""
                    before, now = self._texts()
                    self._start = self._shown = len(self._tokens)
                    return now[len(before) :].rstrip(HALF)

                def _texts(self) -> tuple[str, str]:
                    before = self._decode(self._tokens[self._start : self._shown])
                    return before, self._decode(self._tokens[self._start :])


            class StopWatch:
                """Holds back what may become a stop string, and ends the text before one."""

                def __init__(self, stops: Sequence[str]) -> None:
                    self._stops = tuple(stops)
                    self._held = ""
                    self.has_stopped = False

                def push(self, text: str) -> str:
                    if self.has_stopped:
                        return ""
                    text = self._held + text
                    found = [place for place in (text.find(stop) for stop in self._stops) if place >= 0]
                    if found:
                        self.has_stopped, self._held = True, ""
                        return text[: min(found)]
                    keep = max((self._overlap(text, stop) for stop in self._stops), default=0)
                    self._held = text[len(text) - keep :]
                    return text[: len(text) - keep]

                def finish(self) -> str:
                    """What was held back and is no stop string after all."""
                    held, self._held = self._held, ""
                    return held

                @staticmethod
                def _overlap(text: str, stop: str) -> int:
                    for length in range(min(len(stop) - 1, len(text)), 0, -1):
                        if text.endswith(stop[:length]):
                            return length
                    return 0

            """#
        ),
        (
            "tiny.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """A language model of some forty kilobytes with made-up weights, written on the spot: it proves that the libraries load, compute and answer."""

            from __future__ import annotations

            from pathlib import Path

            WORDS = ["<unk>", "<s>", "</s>"] + [chr(number) for number in range(32, 127)]
            TEMPLATE = "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + ' ' }}{% endfor %}"


            def write(folder: Path) -> None:
                """Llama with one layer, and a tokenizer of one token a letter."""
                import torch
                from tokenizers import Tokenizer, decoders, models, pre_tokenizers
                from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

                torch.manual_seed(1)
                config = LlamaConfig(
                    vocab_size=len(WORDS),
                    hidden_size=32,
                    intermediate_size=64,
                    num_hidden_layers=1,
                    num_attention_heads=2,
                    num_key_value_heads=2,
                    max_position_embeddings=512,
                    bos_token_id=1,
                    eos_token_id=2,
                )
                LlamaForCausalLM(config).save_pretrained(folder)
                letters = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
                letters.pre_tokenizer = pre_tokenizers.Split("", "isolated")
                letters.decoder = decoders.Fuse()
                tokenizer = PreTrainedTokenizerFast(tokenizer_object=letters, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
                tokenizer.chat_template = TEMPLATE
                tokenizer.save_pretrained(folder)

            """#
        ),
        (
            "wire.py",
            #"""
            # SPDX-License-Identifier: Apache-2.0
            # SPDX-FileCopyrightText: The HomeWise authors
            """Requests, validated into values: what is not said is `None`, what is wrong is refused by name."""

            from __future__ import annotations

            import json
            import math
            from collections.abc import Callable
            from dataclasses import dataclass
            from typing import TypeVar

            from .faults import RequestFault, invalid

            MOST_STOPS = 64
            MOST_INPUTS = 2048
            Json = dict[str, object]
            Value = TypeVar("Value")


            @dataclass(frozen=True)
            class Sampling:
                """`None`: as the model's own settings say, else as llama-server does."""

                temperature: float | None = None
                top_p: float | None = None
                top_k: int | None = None
                min_p: float | None = None
                repeat_penalty: float | None = None
                presence_penalty: float = 0.0
                frequency_penalty: float = 0.0
                seed: int | None = None


            @dataclass(frozen=True)
            class Wish:
                """How an answer is to be written."""

                sampling: Sampling
                limit: int | None
                stops: tuple[str, ...]
                is_streaming: bool
                wants_usage: bool


            @dataclass(frozen=True)
            class Message:
                role: str
                content: str


            @dataclass(frozen=True)
            class ChatRequest:
                messages: tuple[Message, ...]
                wish: Wish


            @dataclass(frozen=True)
            class CompletionRequest:
                prompt: str
                wish: Wish


            @dataclass(frozen=True)
            class EmbeddingRequest:
                inputs: tuple[str, ...]
                is_base64: bool
                dimensions: int | None


            @dataclass(frozen=True)
            class TokenizeRequest:
                content: str
                has_special: bool


            def _no_constant(name: str) -> object:
                raise ValueError(f"{name} is no JSON")


            def parse_json(body: bytes) -> Json:
                try:
                    value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
                except RecursionError:
                    raise invalid("the body is nested too deeply") from None
                except ValueError as error:
                    raise invalid(f"the body is not JSON: {error}") from None
                if not isinstance(value, dict):
                    raise invalid("the body is not a JSON object")
                return value


            def _number(body: Json, name: str, least: float, most: float) -> float | None:
                value = body.get(name)
                if value is None:
                    return None
                if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most or not math.isfinite(value):
                    raise invalid(f"“{name}” is not a number from {least:g} to {most:g}")
                return float(value)


            def _whole(body: Json, name: str, least: int, most: int) -> int | None:
                value = body.get(name)
                if value is None:
                    return None
                if isinstance(value, float) and value.is_integer():
                    value = int(value)
                if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                    raise invalid(f"“{name}” is not a whole number from {least} to {most}")
                return value


            def _flag(body: Json, name: str, default: bool = False) -> bool:
                value = body.get(name)
                if value is None:
                    return default
                if not isinstance(value, bool):
                    raise invalid(f"“{name}” is neither true nor false")
                return value


            def _text(body: Json, name: str) -> str:
                value = body.get(name)
                if not isinstance(value, str):
                    raise invalid(f"“{name}” is missing" if value is None else f"“{name}” is not a text")
                return sound(value, name)


            def sound(text: str, name: str) -> str:
                """Half of a surrogate pair is no character, and no tokenizer reads it."""
                try:
                    text.encode("utf-8")
                except UnicodeEncodeError:
                    raise invalid(f"“{name}” holds half a character") from None
                return text


            def _stops(body: Json) -> tuple[str, ...]:
                value = body.get("stop")
                if value is None:
                    return ()
                stops = [value] if isinstance(value, str) else value
                if not isinstance(stops, list) or len(stops) > MOST_STOPS or not all(isinstance(stop, str) for stop in stops):
                    raise invalid(f"“stop” is neither a text nor a list of at most {MOST_STOPS}")
                return tuple(sound(stop, "stop") for stop in stops if stop)


            # What would change the answer and is not done here is refused, not passed over.
            _REFUSED: dict[str, Callable[[object], bool]] = {
                "n": lambda value: value not in (None, 1),
                "best_of": lambda value: value not in (None, 1),
                "echo": bool,
                "tools": bool,
                "functions": bool,
                "logprobs": bool,
                "n_probs": bool,
                "top_logprobs": bool,
                "logit_bias": bool,
                "grammar": bool,
                "json_schema": bool,
                "suffix": bool,
                "response_format": lambda value: value is not None and value != {"type": "text"},
            }


            def _refuse(body: Json) -> None:
                for name, is_asked in _REFUSED.items():
                    if is_asked(body.get(name)):
                        raise invalid(f"“{name}” is not supported by this engine; leave it out, or run the model as GGUF")


            def parse_wish(body: Json) -> Wish:
                _refuse(body)
                options = body.get("stream_options")
                if options is not None and not isinstance(options, dict):
                    raise invalid("“stream_options” is not an object")
                limits = [_whole(body, name, -1, 1 << 31) for name in ("max_completion_tokens", "max_tokens", "n_predict")]
                limit = next((limit for limit in limits if limit is not None), None)
                sampling = Sampling(
                    temperature=_number(body, "temperature", 0, 100),
                    top_p=_number(body, "top_p", 0, 1),
                    top_k=_whole(body, "top_k", -1, 1 << 31),
                    min_p=_number(body, "min_p", 0, 1),
                    repeat_penalty=_number(body, "repeat_penalty", 0.01, 100),
                    presence_penalty=_number(body, "presence_penalty", -2, 2) or 0,
                    frequency_penalty=_number(body, "frequency_penalty", -2, 2) or 0,
                    seed=_whole(body, "seed", -1, (1 << 63) - 1),
                )
                return Wish(
                    sampling=sampling,
                    # llama-server's -1: as many as fit.
                    limit=None if limit == -1 else limit,
                    stops=_stops(body),
                    is_streaming=_flag(body, "stream"),
                    wants_usage=_flag(options, "include_usage") if options else False,
                )


            _ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}


            def _content(value: object, role: str) -> str:
                if isinstance(value, str):
                    return sound(value, "content")
                if value is None and role == "assistant":
                    return ""
                if not isinstance(value, list):
                    raise invalid("“content” of a message is neither a text nor a list of parts")
                parts: list[str] = []
                for part in value:
                    if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
                        raise invalid("only parts of the type “text” are supported by this engine")
                    parts.append(sound(part["text"], "text"))
                return "".join(parts)


            def _message(value: object) -> Message:
                if not isinstance(value, dict):
                    raise invalid("a message is not an object")
                role = _ROLES.get(value["role"]) if isinstance(value.get("role"), str) else None
                if role is None:
                    raise invalid("“role” of a message is none of system, user, assistant, tool")
                return Message(role, _content(value.get("content"), role))


            def parse_chat(body: Json) -> ChatRequest:
                messages = body.get("messages")
                if not isinstance(messages, list) or not messages:
                    raise invalid("“messages” is missing or not a list")
                return ChatRequest(tuple(_message(message) for message in messages), parse_wish(body))


            def parse_completion(body: Json) -> CompletionRequest:
                prompt = body.get("prompt")
                if isinstance(prompt, list) and len(prompt) == 1:
                    body = {**body, "prompt": prompt[0]}
                return CompletionRequest(_text(body, "prompt"), parse_wish(body))


            def parse_embedding(body: Json) -> EmbeddingRequest:
                value = body.get("input", body.get("content"))
                inputs = [value] if isinstance(value, str) else value
                if not isinstance(inputs, list) or not inputs or len(inputs) > MOST_INPUTS:
                    raise invalid(f"“input” is neither a text nor a list of 1 to {MOST_INPUTS}")
                texts: list[str] = []
                for text in inputs:
                    if not isinstance(text, str) or not text:
                        raise invalid("“input” holds something that is no text, or an empty one")
                    texts.append(sound(text, "input"))
                form = body.get("encoding_format", "float")
                if form not in ("float", "base64", None):
                    raise invalid("“encoding_format” is neither float nor base64")
                return EmbeddingRequest(tuple(texts), form == "base64", _whole(body, "dimensions", 1, 1 << 31))


            def parse_tokenize(body: Json) -> TokenizeRequest:
                return TokenizeRequest(_text(body, "content"), _flag(body, "add_special"))


            __all__ = [
                "ChatRequest",
                "CompletionRequest",
                "EmbeddingRequest",
                "Json",
                "Message",
                "RequestFault",
                "Sampling",
                "TokenizeRequest",
                "Wish",
                "parse_chat",
                "parse_completion",
                "parse_embedding",
                "parse_json",
                "parse_tokenize",
            ]

            """#
        ),
    ]
}
