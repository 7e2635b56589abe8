# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""How far the worker has come."""

from __future__ import annotations

import threading
from collections.abc import Callable


class State:
    """Told by the thread that loads, asked by those that answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress: Callable[[], float] = lambda: 0.0
        self._least = 0.0
        self._is_ready = False

    def reached(self, progress: float) -> None:
        self.follow(lambda: progress)

    def follow(self, progress: Callable[[], float]) -> None:
        """From here on the progress is what this function says."""
        with self._lock:
            self._progress = progress

    def ready(self) -> None:
        with self._lock:
            self._is_ready = True

    @property
    def is_ready(self) -> bool:
        with self._lock:
            return self._is_ready

    @property
    def progress(self) -> float:
        """0 to 1, and never backwards."""
        with self._lock:
            self._least = max(self._least, min(0.99, self._progress()))
            return round(self._least, 3)
