# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""HTTP on a Unix socket: decodes a request, gives it to the service, encodes what comes back, and sees who has hung up."""

from __future__ import annotations

import hmac
import os
import queue
import select
import socket
import socketserver
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from . import body, replies, wire
from .desk import Done, Failed, Job, Piece
from .faults import RequestFault, invalid
from .service import Service
from .wire import Json

if TYPE_CHECKING:
    from .generate import Answer

# A client that reads nothing for so long is given up, in seconds.
PATIENCE = 60.0
# How often somebody who waits is looked after, in seconds.
GLANCE = 0.05


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Listens from the first moment, before anything slow is done."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, path: Path, service: Service) -> None:
        self.service = service
        before = os.umask(0o177)
        try:
            super().__init__(str(path), Handler)
        finally:
            os.umask(before)

    def handle_error(self, request: object, client_address: object) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            print(f"a connection ended badly: {type(error).__name__}: {error}", file=sys.stderr)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    server: Server

    # GET and POST go by these tables; an address that is in one of them and not in the other gets 405.
    def do_GET(self) -> None:
        self._route({"/health": self._health, "/v1/health": self._health, "/v1/models": self._models, "/models": self._models})

    def do_POST(self) -> None:
        self._route(self._posts())

    def _posts(self) -> dict[str, Callable[[], None]]:
        return {
            "/v1/chat/completions": self._chat,
            "/chat/completions": self._chat,
            "/v1/completions": self._completions,
            "/completions": self._native,
            "/completion": self._native,
            "/v1/embeddings": self._embeddings,
            "/embeddings": self._embeddings,
            "/tokenize": self._tokenize,
        }

    _GETS = ("/health", "/v1/health", "/v1/models", "/models")

    def do_PUT(self) -> None:
        self._route({})

    do_DELETE = do_PATCH = do_OPTIONS = do_HEAD = do_PUT

    def _route(self, table: dict[str, Callable[[], None]]) -> None:
        path = self.path.partition("?")[0]
        try:
            if path not in ("/health", "/v1/health"):
                self._check_key()
            act = table.get(path)
            if act is None:
                known = path in self._GETS or path in self._posts()
                kind = "not_found_error" if not known else "invalid_request_error"
                raise RequestFault(405 if known else 404, kind, f"{self.command} {path} is not served here")
            act()
        except RequestFault as fault:
            self._refuse(fault)

    def _check_key(self) -> None:
        key = self.server.service.options.key
        if key is None:
            return
        given = self.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, f"Bearer {key}".encode()):
            raise RequestFault(401, "authentication_error", "Invalid API Key")

    # Routes.

    def _health(self) -> None:
        self._reply(*self.server.service.health())

    def _models(self) -> None:
        self._reply(200, self.server.service.models())

    def _chat(self) -> None:
        request = wire.parse_chat(self._json())
        shape = replies.Chat(self.server.service.options.alias, request.wish)
        self._write(self.server.service.chat(request), shape, request.wish.is_streaming)

    def _completions(self) -> None:
        request = wire.parse_completion(self._json())
        shape = replies.Text(self.server.service.options.alias, request.wish)
        self._write(self.server.service.complete(request), shape, request.wish.is_streaming)

    def _native(self) -> None:
        request = wire.parse_completion(self._json())
        self._write(self.server.service.complete(request), replies.Native(), request.wish.is_streaming)

    def _embeddings(self) -> None:
        request = wire.parse_embedding(self._json())
        result = self._wait(self.server.service.embed(request))
        if result is not None:
            vectors, tokens = cast("tuple[list[list[float]], int]", result)
            self._reply(200, replies.embeddings(self.server.service.options.alias, vectors, tokens, request.is_base64))

    def _tokenize(self) -> None:
        result = self._wait(self.server.service.tokenize(wire.parse_tokenize(self._json())))
        if result is not None:
            self._reply(200, {"tokens": result})

    # Bodies and answers.

    def _json(self) -> Json:
        return wire.parse_json(body.read(cast(BinaryIO, self.rfile), self.headers.get("Content-Length"), self.headers.get("Transfer-Encoding")))

    def _next(self, job: Job) -> Piece | Done | Failed | None:
        """What the job says next; `None` when the client hung up, and then the job has been told."""
        while not self._has_hung_up():
            try:
                return job.events.get(timeout=GLANCE)
            except queue.Empty:
                continue
        job.cancel()
        self.close_connection = True
        return None

    def _has_hung_up(self) -> bool:
        poll = select.poll()
        # The end of both directions is told unasked; a client may close its own half and still listen.
        poll.register(self.connection, 0)
        return bool(poll.poll(0))

    def _wait(self, job: Job) -> object | None:
        """The result of a job without pieces, `None` when nobody waits. - Raises: `RequestFault`."""
        self.server.service.desk.take(job)
        while True:
            event = self._next(job)
            if isinstance(event, Failed):
                raise event.fault
            if not isinstance(event, Piece):
                return event.result if event is not None else None

    def _write(self, job: Job, shape: replies.Shape, is_streaming: bool) -> None:
        if is_streaming:
            return self._stream(job, shape)
        result = self._wait(job)
        if result is not None:
            self._reply(200, shape.whole(cast("Answer", result)))

    def _stream(self, job: Job, shape: replies.Shape) -> None:
        self.server.service.desk.take(job)
        # What fails before the first word is a plain answer with its own status.
        event = self._next(job)
        if isinstance(event, Failed):
            raise event.fault
        if event is None:
            return
        try:
            self._begin("text/event-stream", {"Transfer-Encoding": "chunked", "Cache-Control": "no-cache"})
            for message in shape.opening():
                self._event(message)
            self._follow(job, shape, event)
        except (ConnectionError, TimeoutError):
            job.cancel()
            self.close_connection = True

    def _follow(self, job: Job, shape: replies.Shape, event: Piece | Done | Failed | None) -> None:
        while isinstance(event, Piece):
            self._event(shape.piece(event.text))
            event = self._next(job)
        if isinstance(event, Failed):
            self._event(event.fault.body())
        elif event is not None:
            for message in shape.closing(cast("Answer", event.result)):
                self._event(message)
            if shape.is_ended_by_done:
                self._chunk(b"data: [DONE]\n\n")
        if event is not None:
            self._chunk(b"")

    def _event(self, message: Json) -> None:
        self._chunk(b"data: " + replies.encode(message) + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _begin(self, kind: str, headers: dict[str, str], status: int = 200) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _reply(self, status: int, message: Json) -> None:
        data = replies.encode(message)
        self._begin("application/json; charset=utf-8", {"Content-Length": str(len(data))}, status)
        if self.command != "HEAD":
            self.wfile.write(data)

    def _refuse(self, fault: RequestFault) -> None:
        # What is left of a body that was not read would be taken for the next request.
        self.close_connection = True
        self._reply(fault.status, fault.body())
        self._drain()

    def _drain(self) -> None:
        """Reads on for a moment: a client that is still writing would else never see why it was refused."""
        deadline = time.monotonic() + 1
        try:
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(0.2)
            while time.monotonic() < deadline and self.connection.recv(1 << 20):
                continue
        except OSError:
            return

    # What the library would do in its own words.

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        self.close_connection = True
        self.command = getattr(self, "command", None) or ""
        self.request_version = "HTTP/1.1"
        fault = invalid(message or "this is no request")
        self._reply(405 if code == 501 else code, RequestFault(405 if code == 501 else code, fault.kind, fault.message).body())

    def address_string(self) -> str:
        return "the manager"

    def log_message(self, format: str, *args: object) -> None:
        """Every request is the manager's, who keeps its own log."""
