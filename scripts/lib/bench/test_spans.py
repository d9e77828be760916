"""python3 -B -m unittest discover -s scripts/lib/bench"""

import json
import pathlib
import tempfile
import types
import unittest

import spans


class Corpus(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_packages_are_those_of_the_lock_file_that_are_there(self):
        for name in ("b-1.0.0", "a-2.0.0", "other-1.0.0"):
            (self.folder / "src" / "index" / name).mkdir(parents=True)
        lock = self.folder / "Cargo.lock"
        entry = '[[package]]\nname = "{}"\nversion = "{}"\n{}\n'
        listed = [("a", "2.0.0", 'source = "registry"'), ("b", "1.0.0", 'source = "registry"')]
        listed += [("gone", "1.0.0", 'source = "registry"'), ("other", "1.0.0", "")]
        lock.write_text("".join(entry.format(*package) for package in listed))
        found = spans.packages(lock, self.folder / "src")
        self.assertEqual([path.name for path in found], ["a-2.0.0", "b-1.0.0"])

    def test_records_are_corpora_and_then_texts_until_there_are_enough(self):
        corpus, package = self.folder / "corpus.jsonl", self.folder / "package"
        corpus.write_text('{"text": "one"}\n')
        package.mkdir()
        for name, text in [("a.rs", "first"), ("b.md", " "), ("c.txt", "no text"), ("d.rs", "second"), ("e.rs", "third")]:
            (package / name).write_text(text)
        out = self.folder / "records.jsonl"
        spans.write_records(out, [corpus], [package], 45)
        found = [json.loads(line)["text"] for line in out.read_text().splitlines()]
        self.assertEqual(found, ["one", "first", "second"])


class Figures(unittest.TestCase):
    ours = {
        "bytes_per_token": 6.3, "build_s": 2.0, "count_us": {"p95": 3.0}, "longest_match_us": {"p95": 5.0},
    }
    peer = types.SimpleNamespace(described=lambda figures: {"package": "peer"} | figures)

    def test_figures_stand_beside_the_peer(self):
        found = spans.compare(self.ours, {"build_s": 8.0, "different_counts": 0}, self.peer)
        self.assertEqual((found["span_bytes_per_token"], found["span_query_p95_us"]), (6.3, 5.0))
        self.assertEqual((found["span_build_over_infini_gram"], found["span_counts_equal"]), (0.25, True))
        different = spans.compare(self.ours, {"build_s": 8.0, "different_counts": 1}, self.peer)
        self.assertFalse(different["span_counts_equal"])

    def test_figures_are_ours_alone_when_the_peer_is_missing(self):
        found = spans.compare(self.ours, None, self.peer)
        self.assertIsNone(found["span_build_over_infini_gram"])
        self.assertEqual(found["infini_gram"], {"package": "peer"})


if __name__ == "__main__":
    unittest.main()
