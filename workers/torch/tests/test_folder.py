# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""What lies in a model's folder, and the command line."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from homewise_torch import folder as files
from homewise_torch import options
from homewise_torch.embed import Recipe
from homewise_torch.faults import LoadFault
from homewise_torch.memory import MIB, GrowthWatch, resident
from homewise_torch.model import unpickling


class Folders(unittest.TestCase):
    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)

    def put(self, name: str, value: object) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(value), encoding="utf-8")

    def fault(self, word: str) -> "contextlib.AbstractContextManager[object]":
        return self.assertRaisesRegex(LoadFault, word)

    def test_safetensors_come_first(self) -> None:
        for name in ("pytorch_model.bin", "model.safetensors"):
            (self.folder / name).write_bytes(b"x")
        self.assertFalse(files.find_weights(self.folder).is_pickled)

    def test_a_pickle_is_read_by_consent_alone(self) -> None:
        (self.folder / "pytorch_model.bin").write_bytes(b"x")
        weights = files.find_weights(self.folder)
        with self.fault("allow-pickle"):
            files.agreed(weights, allow_pickle=False)
        self.assertEqual(files.agreed(weights, allow_pickle=True), weights)

    def test_shards_stay_in_their_folder(self) -> None:
        for name in ("../secret", "/etc/passwd", ".hidden"):
            self.put("model.safetensors.index.json", {"weight_map": {"a": name}})
            with self.fault("outside"):
                files.find_weights(self.folder)
        self.put("model.safetensors.index.json", {"weight_map": {"a": "b.safetensors"}})
        with self.fault("damaged model: b.safetensors is missing"):
            files.find_weights(self.folder)

    def test_nothing_there(self) -> None:
        with self.fault("damaged model"):
            files.find_weights(self.folder)
        with self.fault("damaged model: config.json is missing"):
            files.read_object(self.folder / "config.json")

    def test_settings_that_are_none(self) -> None:
        for data in [b"[]", b"{", b"\xff\xfe", b"[" * 200_000]:
            (self.folder / "config.json").write_bytes(data)
            with self.fault("damaged model: config.json"):
                files.read_object(self.folder / "config.json")

    def test_c4_settings_that_run_something_are_refused_at_any_depth(self) -> None:
        for key, value in [("trust_remote_code", True), ("_attn_implementation_internal", "somebody/kernel")]:
            nested: dict[str, object] = {key: value}
            for _ in range(6):
                with self.fault("damaged model"):
                    files.screen(nested, "config.json")
                nested = {"inner": [nested]}
        files.screen({"trust_remote_code": False, "auto_map": {"AutoModel": "a.B"}}, "config.json")

    def test_how_vectors_are_pooled(self) -> None:
        self.assertEqual(Recipe.read(self.folder), Recipe("mean", None))
        self.put("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False})
        self.put("sentence_bert_config.json", {"max_seq_length": 256})
        self.assertEqual(Recipe.read(self.folder), Recipe("cls", 256))
        for settings in [
            {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
            {"pooling_mode_weightedmean_tokens": True},
        ]:
            self.put("1_Pooling/config.json", settings)
            with self.fault("unknown model architecture"):
                Recipe.read(self.folder)

    def test_vectors_that_need_more_than_pooling(self) -> None:
        self.put("modules.json", [{"type": "sentence_transformers.models.Transformer"}, {"type": "sentence_transformers.models.Dense"}])
        with self.fault("unknown model architecture: an embedder with Dense"):
            Recipe.read(self.folder)


class Pickles(unittest.TestCase):
    def test_no_advice_to_read_it_all_the_same_is_passed_on(self) -> None:
        words = "Weights only load failed. Re-running with `weights_only` set to `False` will succeed. GLOBAL posix.system was not allowed"
        self.assertEqual(unpickling(words), "holds something else than weights (posix.system)")
        self.assertNotIn("False", unpickling("set `weights_only` to `False`"))


class CommandLine(unittest.TestCase):
    def test_all_that_is_told(self) -> None:
        told = options.parse(["--model", "/m", "--socket", "/s", "--threads", "3"], {"LLAMA_API_KEY": "k"})
        self.assertEqual((told.model, told.threads, told.key, told.purpose), (Path("/m"), 3, "k", "chat"))
        self.assertFalse(told.allow_pickle)
        self.assertIsNone(options.parse(["--selftest", "--socket", "/s"], {}).key)

    def test_wrong_arguments_end_it_with_a_sentence(self) -> None:
        for wrong in (["--socket", "/s"], ["--model", "/m"], ["--model", "/m", "--socket", "/s", "--threads", "0"], ["--selftest", "--model", "/m", "--socket", "/s"]):
            words = io.StringIO()
            with contextlib.redirect_stderr(words), self.assertRaises(SystemExit) as raised:
                options.parse(wrong, {})
            self.assertEqual(raised.exception.code, 2)
            self.assertTrue(words.getvalue().startswith("error: "))


class Growth(unittest.TestCase):
    def test_sup36_growth_past_the_limit_asks_for_a_successor(self) -> None:
        watch = GrowthWatch(20)
        watch.ready()
        watch.look()
        self.assertFalse(watch.is_over)
        before = resident()
        held = bytearray(b"x" * (40 * MIB))
        watch.look()
        self.assertTrue(watch.is_over and resident() > before, len(held))

    def test_without_a_limit_it_never_asks(self) -> None:
        watch = GrowthWatch(0)
        watch.ready()
        watch.look()
        self.assertFalse(watch.is_over)


if __name__ == "__main__":
    unittest.main()
