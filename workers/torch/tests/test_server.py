# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""The wire, on a real socket, with a model that only pretends: no torch is needed."""

import http.client
import json
import os
import socket
import stat
import tempfile
import threading
import time
import unittest
from pathlib import Path

from homewise_torch import options
from homewise_torch.body import LARGEST
from homewise_torch.desk import Job, Piece
from homewise_torch.faults import too_long
from homewise_torch.generate import Answer, Timings
from homewise_torch.server import Server
from homewise_torch.service import Service
from homewise_torch.wire import ChatRequest, CompletionRequest, EmbeddingRequest, Json


class Pretender(Service):
    """Writes a word every few milliseconds, and does as the prompt says."""

    def __init__(self, socket_path: Path) -> None:
        super().__init__(options.parse(["--selftest", "--alias", "m", "--socket", str(socket_path)], {"LLAMA_API_KEY": "key"}))
        self.steps = 0
        self.seen: list[str] = []

    def models(self) -> Json:
        return {"object": "list", "data": [{"id": "m"}]}

    def chat(self, request: ChatRequest) -> Job:
        return self._job(request.messages[-1].content)

    def complete(self, request: CompletionRequest) -> Job:
        return self._job(request.prompt)

    def embed(self, request: EmbeddingRequest) -> Job:
        return Job(lambda job: ([[0.6, 0.8] for _ in request.inputs], 7))

    def _job(self, prompt: str) -> Job:
        return Job(lambda job: self._write(job, prompt))

    def _write(self, job: Job, prompt: str) -> Answer:
        self.seen.append(prompt)
        if prompt == "long":
            raise too_long(900, 512)
        for number in range(10_000 if prompt in ("endless", "flood") else 3):
            job.check()
            if prompt == "break" and number == 2:
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
            time.sleep(0 if prompt == "flood" else 0.005)
            self.steps += 1
            job.say(Piece("x" * 65_536 if prompt == "flood" else f"w{number} "))
        return Answer("w0 w1 w2 ", "stop", "eos", Timings(4, 10, 3, 15))


class Wire(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory(dir="/tmp")
        self.addCleanup(place.cleanup)
        self.path = Path(place.name) / "s"
        self.service = Pretender(self.path)
        self.server = Server(self.path, self.service)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        threading.Thread(target=self.service.desk.run, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.service.desk.close)

    def connect(self) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        self.addCleanup(line.close)
        line.settimeout(10)
        line.connect(str(self.path))
        return line

    def ask(self, method: str, path: str, body: object = None, key: str | None = "key") -> tuple[int, str]:
        line = http.client.HTTPConnection("x")
        line.sock = self.connect()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        data = body if isinstance(body, (str, bytes)) else json.dumps(body) if body is not None else None
        line.request(method, path, data, headers)
        answer = line.getresponse()
        return answer.status, answer.read().decode()

    def chat(self, prompt: str, **more: object) -> tuple[int, str]:
        return self.ask("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": prompt}], **more})

    def open_stream(self, prompt: str, *, is_streaming: bool = True) -> socket.socket:
        line = self.connect()
        data = json.dumps({"prompt": prompt, "stream": is_streaming}).encode()
        head = f"POST /completion HTTP/1.1\r\nAuthorization: Bearer key\r\nContent-Length: {len(data)}\r\n\r\n"
        line.sendall(head.encode() + data)
        return line

    def until(self, condition: object, limit: float = 5) -> bool:
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if callable(condition) and condition():
                return True
            time.sleep(0.005)
        return False

    def test_the_socket_is_for_one_person(self) -> None:
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_it_answers_while_it_loads(self) -> None:
        self.service.state.reached(0.5)
        status, text = self.ask("GET", "/health", key=None)
        self.assertEqual((status, json.loads(text)["progress"]), (503, 0.5))
        self.service.state.reached(0.2)
        self.assertEqual(json.loads(self.ask("GET", "/health")[1])["progress"], 0.5, "never backwards")
        self.service.state.ready()
        self.assertEqual(self.ask("GET", "/health", key=None)[0], 200)

    def test_without_the_key_nothing_is_told(self) -> None:
        for key in (None, "other", "ké"):
            status, text = self.ask("GET", "/v1/models", key=key)
            self.assertEqual((status, json.loads(text)["error"]["type"]), (401, "authentication_error"))

    def test_a_stream_has_its_parts_in_order(self) -> None:
        status, text = self.chat("x", stream=True, stream_options={"include_usage": True})
        events = [line[6:] for line in text.split("\n\n") if line]
        chunks = [json.loads(event) for event in events[:-1]]
        self.assertEqual((status, events[-1]), (200, "[DONE]"))
        self.assertEqual(chunks[0]["choices"][0]["delta"]["role"], "assistant")
        self.assertEqual("".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1]), "w0 w1 w2 ")
        self.assertEqual((chunks[-2]["choices"][0]["finish_reason"], chunks[-2]["timings"]["prompt_n"]), ("stop", 4))
        self.assertEqual(chunks[-1]["usage"], {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7})

    def test_a_whole_answer(self) -> None:
        answer = json.loads(self.chat("x")[1])
        self.assertEqual(answer["choices"][0]["message"]["content"], "w0 w1 w2 ")
        self.assertEqual((answer["usage"]["total_tokens"], answer["timings"]["predicted_per_second"]), (7, 200))

    def test_llama_servers_own_completion(self) -> None:
        answer = json.loads(self.ask("POST", "/completion", {"prompt": "x", "n_predict": 3})[1])
        self.assertEqual((answer["content"], answer["stop_type"]), ("w0 w1 w2 ", "eos"))

    def test_embeddings_in_both_forms(self) -> None:
        plain = json.loads(self.ask("POST", "/v1/embeddings", {"input": ["a", "b"]})[1])
        self.assertEqual(([row["embedding"] for row in plain["data"]], plain["usage"]["prompt_tokens"]), ([[0.6, 0.8]] * 2, 7))
        packed = json.loads(self.ask("POST", "/v1/embeddings", {"input": "a", "encoding_format": "base64"})[1])
        self.assertEqual(packed["data"][0]["embedding"], "mpkZP83MTD8=")

    def test_too_long_names_both_numbers(self) -> None:
        status, text = self.chat("long", stream=True)
        error = json.loads(text)["error"]
        self.assertEqual((status, error["type"], error["n_prompt_tokens"], error["n_ctx"]), (400, "exceed_context_size_error", 900, 512))
        self.assertTrue("900" in error["message"] and "512" in error["message"])

    def test_a_failure_in_mid_answer_is_never_a_whole_answer(self) -> None:
        status, text = self.chat("break", stream=True)
        self.assertEqual(status, 200)
        self.assertIn("failed to allocate", json.loads(text.strip().split("\n\n")[-1][6:])["error"]["message"])
        self.assertNotIn("[DONE]", text)
        self.assertEqual(self.chat("x")[0], 200, "the next one is served")

    def test_what_is_not_served(self) -> None:
        for method, path, status in [("GET", "/nothing", 404), ("GET", "/completion", 405), ("POST", "/health", 405), ("BREW", "/health", 405)]:
            self.assertEqual(self.ask(method, path)[0], status, path)
        self.assertEqual(self.ask("POST", "/v1/chat/completions", "{")[0], 400)

    def test_a_body_that_is_too_large_is_refused_and_its_writer_hears_it(self) -> None:
        self.assertEqual(self.ask("POST", "/completion", b" " * (LARGEST + 1))[0], 413)

    def test_a_body_in_chunks(self) -> None:
        line = self.connect()
        line.sendall(b"POST /completion HTTP/1.1\r\nAuthorization: Bearer key\r\nTransfer-Encoding: chunked\r\n\r\n")
        line.sendall(b'5\r\n{"pro\r\nA;x=1\r\nmpt": "x"}\r\n0\r\n\r\n')
        self.assertTrue(line.recv(100).startswith(b"HTTP/1.1 200"))

    def test_broken_chunks_are_refused(self) -> None:
        for chunk in (b"zz\r\n", b"-5\r\n", b"5\r\nab\r\n0\r\n\r\n", b"fffffffffffffffff\r\n"):
            line = self.connect()
            line.sendall(b"POST /completion HTTP/1.1\r\nAuthorization: Bearer key\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
            line.shutdown(socket.SHUT_WR)
            self.assertRegex(line.recv(100), rb"HTTP/1.1 4(00|13)")

    def test_no_request_at_all(self) -> None:
        line = self.connect()
        line.sendall(b"garbage\r\n\r\n")
        self.assertTrue(line.recv(100).startswith(b"HTTP/1.1 400"))

    def test_sup30_hanging_up_ends_the_work(self) -> None:
        for is_streaming in (True, False):
            line = self.open_stream("endless", is_streaming=is_streaming)
            steps = self.service.steps
            self.assertTrue(self.until(lambda: self.service.steps > steps + 3))
            line.close()
            start = time.monotonic()
            self.assertEqual(self.chat("x")[0], 200)
            self.assertLess(time.monotonic() - start, 0.5)

    def test_whoever_hung_up_while_waiting_is_dropped(self) -> None:
        first = self.open_stream("endless")
        self.assertTrue(self.until(lambda: "endless" in self.service.seen))
        self.open_stream("unheard").close()
        time.sleep(0.2)
        first.close()
        self.assertEqual(self.chat("heard")[0], 200)
        self.assertEqual(self.service.seen, ["endless", "heard"])

    def test_sup31_a_client_that_reads_nothing_stops_the_work_and_not_the_memory(self) -> None:
        line = self.open_stream("flood")
        self.assertTrue(self.until(lambda: self.service.steps > 0))

        def rests() -> bool:
            steps = self.service.steps
            time.sleep(0.5)
            return self.service.steps == steps

        self.assertTrue(self.until(rests, 60))
        self.assertLess(self.service.steps, 1_000)
        line.close()
        self.assertEqual(self.chat("x")[0], 200)


if __name__ == "__main__":
    unittest.main()
