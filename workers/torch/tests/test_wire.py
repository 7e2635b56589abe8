# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""Requests: what is wrong is refused by name, with its status."""

import unittest

from homewise_torch import wire
from homewise_torch.faults import RequestFault
from homewise_torch.wire import Message


class Requests(unittest.TestCase):
    def refused(self, body: dict[str, object], word: str) -> None:
        with self.assertRaises(RequestFault) as raised:
            wire.parse_chat({"messages": [{"role": "user", "content": "x"}], **body})
        self.assertEqual((raised.exception.status, raised.exception.kind), (400, "invalid_request_error"))
        self.assertIn(word, raised.exception.message)

    def test_a_chat_is_read(self) -> None:
        request = wire.parse_chat(
            {
                "messages": [
                    {"role": "developer", "content": "a"},
                    {"role": "user", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "c"}]},
                    {"role": "assistant", "content": None},
                ],
                "max_tokens": 5,
                "stop": "x",
                "stream": True,
                "stream_options": {"include_usage": True},
                "temperature": 0,
                "model": "whatever",
            }
        )
        self.assertEqual(request.messages, (Message("system", "a"), Message("user", "bc"), Message("assistant", "")))
        self.assertEqual((request.wish.limit, request.wish.stops, request.wish.sampling.temperature), (5, ("x",), 0))
        self.assertTrue(request.wish.is_streaming and request.wish.wants_usage)

    def test_limits_of_both_names(self) -> None:
        for body, limit in [({"max_completion_tokens": 3, "max_tokens": 9}, 3), ({"n_predict": -1}, None), ({"max_tokens": 0}, 0)]:
            self.assertEqual(wire.parse_wish(dict(body)).limit, limit)

    def test_wrong_values_are_named(self) -> None:
        wrong: list[tuple[str, object]] = [
            ("temperature", "hot"),
            ("temperature", -1),
            ("temperature", True),
            ("top_p", 2),
            ("top_k", 1.5),
            ("max_tokens", -2),
            ("seed", 1 << 64),
            ("stream", 1),
            ("stop", 5),
            ("stop", ["a", 1]),
            ("stop", ["a"] * 100),
            ("stream_options", []),
            ("messages", []),
            ("messages", "x"),
        ]
        for name, value in wrong:
            with self.subTest(name=name, value=value):
                self.refused({name: value}, name)

    def test_messages_of_other_kinds(self) -> None:
        for message in ["x", {}, {"role": "king", "content": "x"}, {"role": ["user"], "content": "x"}, {"role": "user"}]:
            self.refused({"messages": [message]}, "message")
        self.refused({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "text")
        self.refused({"messages": [{"role": "user", "content": "\ud800"}]}, "half a character")

    def test_what_would_change_the_answer_is_not_passed_over(self) -> None:
        for name, value in [("n", 2), ("tools", [{}]), ("response_format", {"type": "json_object"}), ("logprobs", True), ("grammar", "x")]:
            self.refused({name: value}, name)
        for name, value in [("n", 1), ("tools", []), ("response_format", {"type": "text"}), ("logprobs", False)]:
            wire.parse_wish({name: value})

    def test_json_that_is_none(self) -> None:
        for body in [b"", b"[]", b"{", b"\xff", b'{"a": NaN}', b'{"a":' * 100_000, b'{"a": ' + b"9" * 5000 + b"}"]:
            with self.assertRaises(RequestFault) as raised:
                wire.parse_json(body)
            self.assertEqual(raised.exception.status, 400)

    def test_embeddings_take_texts(self) -> None:
        self.assertEqual(wire.parse_embedding({"input": ["a", "b"], "encoding_format": "base64"}).inputs, ("a", "b"))
        wrong: list[dict[str, object]] = [{}, {"input": []}, {"input": [1]}, {"input": ""}, {"input": "x", "encoding_format": "png"}]
        for body in wrong:
            with self.assertRaises(RequestFault):
                wire.parse_embedding(body)

    def test_a_prompt_is_a_text(self) -> None:
        self.assertEqual(wire.parse_completion({"prompt": ["x"]}).prompt, "x")
        wrong: list[dict[str, object]] = [{}, {"prompt": 1}, {"prompt": ["a", "b"]}]
        for body in wrong:
            with self.assertRaises(RequestFault):
                wire.parse_completion(body)


if __name__ == "__main__":
    unittest.main()
