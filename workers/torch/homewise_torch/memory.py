# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""How much memory this worker holds, and whether that grew too much."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys

MIB = 1 << 20


def resident() -> int:
    """Bytes. Where the system does not tell the present figure (macOS), the highest so far."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def give_back() -> None:
    """What a long request used is no leak: the allocator returns it before anybody measures."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        # Another C library: it has its own ways.
        return


class GrowthWatch:
    """Tells when the worker is to be replaced, between two requests."""

    def __init__(self, limit_mib: int) -> None:
        self._limit = limit_mib * MIB
        self._base: int | None = None
        self.is_over = False

    def ready(self) -> None:
        self._base = resident()

    def look(self) -> None:
        """After each request. Once over, it stays over: whoever asks later must hear of it too."""
        if self._limit and self._base is not None and resident() - self._base > self._limit:
            give_back()
            self.is_over = self.is_over or resident() - self._base > self._limit
