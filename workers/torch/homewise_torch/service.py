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
