# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""One thread does all the work, in the order in which it came: the model is loaded, asked and left by the same one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .faults import Cancelled, RequestFault

# Pieces of an answer that wait for a client that reads slowly; then the work waits too.
MOST_WAITING = 256


@dataclass(frozen=True)
class Piece:
    """Some text of an answer."""

    text: str


@dataclass(frozen=True)
class Done:
    """The end of a job, with what it came to."""

    result: object


@dataclass(frozen=True)
class Failed:
    fault: RequestFault


Event = Piece | Done | Failed


@dataclass
class Job:
    """Work that somebody waits for."""

    work: Callable[["Job"], object]
    events: "queue.Queue[Event]" = field(default_factory=lambda: queue.Queue(MOST_WAITING))
    _gone: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        self._gone.set()

    @property
    def is_cancelled(self) -> bool:
        return self._gone.is_set()

    def check(self) -> None:
        """Called wherever work can stop. - Raises: `Cancelled`."""
        if self._gone.is_set():
            raise Cancelled

    def say(self, event: Event) -> None:
        while True:
            self.check()
            try:
                return self.events.put(event, timeout=0.05)
            except queue.Full:
                continue


class Desk:
    """Jobs in order, one at a time."""

    def __init__(self, after_each: Callable[[], None], explain: Callable[[BaseException], RequestFault]) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._after_each = after_each
        self._explain = explain
        self._current: Job | None = None

    def take(self, job: Job) -> None:
        self._jobs.put(job)

    def close(self) -> None:
        """Ends the work in hand, and everything behind it."""
        self._jobs.put(None)
        current = self._current
        if current is not None:
            current.cancel()

    def run(self) -> None:
        """Works until the desk is closed. The caller's thread is the one that the model lives on."""
        while (job := self._jobs.get()) is not None:
            self._current = job
            self._do(job)
            self._current = None
            self._after_each()

    def _do(self, job: Job) -> None:
        try:
            job.check()
            job.say(Done(job.work(job)))
        except Cancelled:
            return
        except BaseException as error:  # noqa: BLE001 - whatever a library raises is told to who waits, and ends no worker
            fault = error if isinstance(error, RequestFault) else self._explain(error)
            try:
                job.say(Failed(fault))
            except Cancelled:
                return
