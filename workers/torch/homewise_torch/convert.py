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
