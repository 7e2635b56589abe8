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
