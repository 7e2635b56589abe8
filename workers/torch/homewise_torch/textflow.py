# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""From tokens to text that may go out: no half characters, and nothing that belongs to a stop string."""

from __future__ import annotations

from collections.abc import Callable, Sequence

HALF = "\ufffd"


class Detokenizer:
    """Decodes a few tokens at a time: each word is decoded behind the one before it, as tokenizers want it."""

    # So many tokens of the prompt are enough for the tokenizer to know what stands before the answer.
    LOOKBACK = 6
    # A character has at most four bytes; a model that writes more broken ones than this is not waited for.
    MOST_HELD = 12

    def __init__(self, decode: Callable[[list[int]], str], prompt: Sequence[int]) -> None:
        self._decode = decode
        self._tokens = list(prompt[-self.LOOKBACK :])
        self._start = 0
        self._shown = len(self._tokens)

    def push(self, token: int) -> str:
        """The text that is whole now; empty while a character is not."""
        self._tokens.append(token)
        before, now = self._texts()
        is_held = now.endswith(HALF) and len(self._tokens) - self._shown < self.MOST_HELD
        if len(now) <= len(before) or is_held:
            return ""
        self._start, self._shown = self._shown, len(self._tokens)
        return now[len(before) :]

    def finish(self) -> str:
        """What is left at the end, without the half character that never became whole."""
        before, now = self._texts()
        self._start = self._shown = len(self._tokens)
        return now[len(before) :].rstrip(HALF)

    def _texts(self) -> tuple[str, str]:
        before = self._decode(self._tokens[self._start : self._shown])
        return before, self._decode(self._tokens[self._start :])


class StopWatch:
    """Holds back what may become a stop string, and ends the text before one."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.has_stopped = False

    def push(self, text: str) -> str:
        if self.has_stopped:
            return ""
        text = self._held + text
        found = [place for place in (text.find(stop) for stop in self._stops) if place >= 0]
        if found:
            self.has_stopped, self._held = True, ""
            return text[: min(found)]
        keep = max((self._overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """What was held back and is no stop string after all."""
        held, self._held = self._held, ""
        return held

    @staticmethod
    def _overlap(text: str, stop: str) -> int:
        for length in range(min(len(stop) - 1, len(text)), 0, -1):
            if text.endswith(stop[:length]):
                return length
        return 0
