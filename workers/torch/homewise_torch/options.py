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
