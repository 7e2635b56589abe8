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
