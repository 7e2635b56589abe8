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
