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
