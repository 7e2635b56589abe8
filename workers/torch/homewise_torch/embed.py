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
