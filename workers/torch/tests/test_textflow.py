# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""Half characters and stop strings."""

import unittest

from homewise_torch.textflow import Detokenizer, StopWatch


def byte_decode(tokens: list[int]) -> str:
    """A tokenizer of one token a byte."""
    return bytes(tokens).decode("utf-8", "replace")


class Detokenizing(unittest.TestCase):
    def flow(self, data: bytes, prompt: bytes = b"ask") -> tuple[list[str], str]:
        flow = Detokenizer(byte_decode, list(prompt))
        return [flow.push(byte) for byte in data], flow.finish()

    def test_characters_of_several_bytes_come_whole(self) -> None:
        pieces, rest = self.flow("aé🙂z".encode())
        self.assertEqual(pieces, ["a", "", "é", "", "", "", "🙂", "z"])
        self.assertEqual(rest, "")

    def test_half_a_character_at_the_end_is_left_out(self) -> None:
        pieces, rest = self.flow("a🙂".encode()[:-1])
        self.assertEqual("".join(pieces) + rest, "a")

    def test_broken_bytes_are_not_waited_for(self) -> None:
        pieces, rest = self.flow(b"\x80" * 40 + b"ok")
        self.assertTrue(("".join(pieces) + rest).endswith("ok"))
        self.assertTrue(any(pieces[:20]))

    def test_nothing_of_the_prompt_is_repeated(self) -> None:
        pieces, rest = self.flow(b"b", prompt=b"")
        self.assertEqual(("".join(pieces), rest), ("b", ""))

    def test_a_text_of_many_tokens_is_the_same_as_decoded_at_once(self) -> None:
        text = "Grüße, 世界! 👩‍👩‍👧 done." * 20
        pieces, rest = self.flow(text.encode())
        self.assertEqual("".join(pieces) + rest, text)


class Stopping(unittest.TestCase):
    def run_through(self, pieces: list[str], stops: list[str]) -> tuple[str, bool]:
        watch = StopWatch(stops)
        text = "".join(watch.push(piece) for piece in pieces)
        return text + watch.finish(), watch.has_stopped

    def test_a_stop_string_over_several_pieces_is_not_emitted(self) -> None:
        self.assertEqual(self.run_through(["one", " EN", "D", " two"], [" END"]), ("one", True))

    def test_the_first_of_several_ends_it(self) -> None:
        self.assertEqual(self.run_through(["a b c"], ["c", "b"]), ("a ", True))

    def test_what_only_looked_like_one_is_given(self) -> None:
        self.assertEqual(self.run_through(["one EN", "TRY"], ["END"]), ("one ENTRY", False))
        self.assertEqual(self.run_through(["one EN"], ["END"]), ("one EN", False))

    def test_a_repeated_beginning_is_held_right(self) -> None:
        self.assertEqual(self.run_through(list("aaab"), ["aab"]), ("a", True))

    def test_nothing_waits_where_nothing_stops(self) -> None:
        self.assertEqual(StopWatch([]).push("text"), "text")


if __name__ == "__main__":
    unittest.main()
