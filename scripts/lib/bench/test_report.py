"""python3 -B -m unittest discover -s scripts/lib/bench"""

import pathlib
import tempfile
import unittest
import xml.etree.ElementTree

import plots
import report


class Words(unittest.TestCase):
    def test_numbers_have_a_minus_and_no_negative_zero(self):
        self.assertEqual([report.number(value) for value in (0.5, -0.25, -0.0001)], ["0.500", "−0.250", "0.000"])

    def test_rows_are_ranked_by_their_score(self):
        rows = [{"name": "a", "lds": 0.1, "ci": [0, 1], "seconds": 1.0}, {"name": "b", "lds": 0.2, "ci": [0, 1], "seconds": 2.0}]
        lines = report.lds(rows).splitlines()
        self.assertEqual([line.split(" | ")[0] for line in lines[2:]], ["| b", "| a"])

    def test_every_place_of_the_page_is_filled(self):
        row = {"mean": 0.5, "ci": [0.4, 0.6]}
        scored = [{"name": "index", "lds": 0.5, "ci": [0.4, 0.6], "seconds": 1.0}]
        paid = {"value": 0.9, "ci": [0.8, 1.0], "raw": 0.7, "reliability": 0.8}
        found = dict.fromkeys(report.WITHIN, 0.5) | {
            "targets": dict.fromkeys(report.WITHIN, ">= 0"), "ceiling": row, "queries": 4, "lds": scored,
            "best_baseline": "BM25", "lds_gain": row, "contributors": {"paid": paid},
            "removed": {"queries": 2, "ours": {"10": row}}, "mislabelled": {"ours": row}, "style_swapped": {"ours": row},
            "nulls": {"queries": 3, "calibrated_on": 1_000, "above_floor": row, "paid": row},
            "ablations": {"queries": 2, "ceiling": row, "lds": scored, "style_swapped": [row | {"name": "sketch"}],
                          "paid": [{"pay_by": "Records", "credits": 4, "dimension": 2_048, "contributor_spearman": 0.5, "nulls": {"above_floor": row}}]},
        }

        times = {"sketch_ms": 1.0, "gain_ms": 1.0, "prefill_ms": 1.0, "generation_ms": 2.0, "share_of_generation": 0.5}
        costs = {
            "machine": {"cpu": "one", "cores": 2}, "dimension": 512, "build_tokens_per_s": 10.0, "build_over_training": 1.0,
            "scan": {"records_and_ms": [[1000, 0.05], [10_000, 0.6]]}, "sketches": {"answers": [{"prompt": 32, "answer": 64} | times]},
        }
        with tempfile.TemporaryDirectory() as folder:
            report.write(pathlib.Path(folder), found, costs)
            xml.etree.ElementTree.parse(pathlib.Path(folder) / "scan.svg")
            words = (pathlib.Path(folder) / "README.md").read_text(encoding="utf-8")
            picture = (pathlib.Path(folder) / "lds.svg").read_text(encoding="utf-8")
        self.assertNotIn("{", words)
        xml.etree.ElementTree.fromstring(picture)


class Plots(unittest.TestCase):
    def test_names_are_escaped(self):
        picture = plots.bars("a < b", [("<script>", 0.5, 0.4, 0.6)])
        root = xml.etree.ElementTree.fromstring(picture)
        self.assertIn("<script>", [part.text for part in root.iter("{http://www.w3.org/2000/svg}text")])

    def test_bars_below_zero_grow_to_the_left(self):
        picture = plots.bars("t", [("a", -0.5, -0.6, -0.4), ("b", 0.5, 0.4, 0.6)])
        root = xml.etree.ElementTree.fromstring(picture)
        left, right = [float(part.get("x")) for part in root.iter("{http://www.w3.org/2000/svg}rect")]
        self.assertLess(left, right)


if __name__ == "__main__":
    unittest.main()
