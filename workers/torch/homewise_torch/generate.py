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
