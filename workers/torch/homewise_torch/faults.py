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
