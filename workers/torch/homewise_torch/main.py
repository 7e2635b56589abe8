# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""From the command line to the end: listens, loads, serves, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import NoReturn

from . import options as command_line
from .faults import LoadFault
from .options import Options
from .server import Server
from .service import Service, is_memory


def quiet_surroundings() -> None:
    """Before any library is imported: no network, no telemetry, and whatever they print goes to the log.

    Answers travel on the socket alone. Standard output is the log as well, for C code too.
    """
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
        TOKENIZERS_PARALLELISM="false",
        PYTORCH_NVML_BASED_CUDA_CHECK="1",
    )
    # Threads that spin while they wait take the core that the others wait for: four times slower beside one busy program.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    sys.stdout.flush()
    os.dup2(2, 1)
    sys.stdout = sys.stderr


def sentence(error: BaseException) -> str:
    """The last line of the log: the manager knows the kinds by these words."""
    if isinstance(error, LoadFault):
        return str(error)
    if is_memory(error):
        where = "CUDA memory" if "cuda" in str(error).lower() else "memory"
        return f"failed to allocate {where} for the model"
    if isinstance(error, ImportError):
        return f"missing library: {error.name or error}"
    line = str(error).strip().split("\n")[0][:300]
    return f"the model cannot be loaded ({type(error).__name__}: {line})"


class Worker:
    """The threads and how they end."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._service = Service(options)
        self._ended = threading.Event()
        self._status = 0
        self._words = ""

    def run(self) -> NoReturn:
        try:
            server = Server(self._options.socket, self._service)
        except OSError as error:
            self._leave(1, f"error: address already in use or not usable: {self._options.socket} ({error.strerror})", is_ours=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ended.set())
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True, name="socket").start()
        threading.Thread(target=self._work, daemon=True, name="model").start()
        self._ended.wait()
        self._service.desk.close()
        self._leave(self._status, self._words)

    def _work(self) -> None:
        try:
            self._service.load()
            self._service.desk.run()
        except BaseException as error:  # noqa: BLE001 - a thread that dies silently would leave a worker that never answers
            if not isinstance(error, LoadFault):
                traceback.print_exc(limit=-6)
            self._status, self._words = 1, f"error: {sentence(error)}"
        self._ended.set()

    def _leave(self, status: int, words: str, is_ours: bool = True) -> NoReturn:
        """At once: libraries that tidy up behind themselves take seconds, and would have the last word."""
        if is_ours:
            try:
                self._options.socket.unlink(missing_ok=True)
            except OSError as error:
                print(f"the socket stays behind: {error}", file=sys.stderr)
        if words:
            print(words, file=sys.stderr)
        sys.stderr.flush()
        os._exit(status)


def main(arguments: Sequence[str]) -> int:
    options = command_line.parse(arguments)
    quiet_surroundings()
    Worker(options).run()
