"""python3 -B -m unittest discover -s scripts/lib/bench"""

import re
import unittest

import attacks
from places import ROOT


def row(name, owner, outsider):
    return {"name": name, "owner": {"with": {"mean": owner}}, "outsider": {"with": {"mean": outsider}}}


class Attacks(unittest.TestCase):
    def test_what_gains_more_than_is_aimed_at_is_named(self):
        found = attacks.judged({"attacks": [row("copies", -3.0, 0.0), row("splitting", 15.5, 0.25)]})
        self.assertEqual(found["attack_gain"], 15.5)
        self.assertEqual(found["gaining"], [{"name": "splitting", "attacker": "owner", "gain": 15.5}])

    def test_nothing_is_named_when_nothing_gains(self):
        found = attacks.judged({"attacks": [row("copies", -3.0, 0.0)]})
        self.assertEqual(found, {"attack_gain": 0.0, "gaining": []})

    def test_fees_are_split_as_the_runtime_splits_them(self):
        part = re.compile(r"(\w+): Permill::from_percent\((\d+)\)")
        files = ("runtime/src/configs/parameters.rs", "node/attribution/examples/attacks/payer.rs")
        splits = []
        for file in files:
            text = (ROOT / file).read_text(encoding="utf-8")
            start = text.index(": FeeSplit = FeeSplit {")
            splits.append(part.findall(text[start : text.index("};", start)]))
        self.assertEqual(*splits)
        self.assertEqual(len(splits[0]), 5)


if __name__ == "__main__":
    unittest.main()
