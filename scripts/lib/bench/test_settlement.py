"""python3 -B -m unittest discover -s scripts/lib/bench"""

import json
import re
import unittest

import settlement
from places import ROOT
from targets import TARGETS

SETTLED = {
    "claim_ms": 1.5,
    "proof_kib": 23.5,
    "weight_million_over_thousand": 1.02,
    "length_million_over_thousand": 1.01,
    "answers_per_block": 120_000.0,
    "answers_per_block_with_idle_time": 160_000.0,
    "answers_per_block_audited": 110_000.0,
    "state_bytes_per_answer": 0.3,
    "state_bytes_per_answer_next": 0.1,
    "costs": {"block_ps": 10**12},
}
DRAWN = {"payment_error": {"median": 0.04, "worst": 0.2, "seeds": 7}}
GIVEN = {"receipts_per_s": 6000.0, "cpu_us_per_receipt": 150.0}
COMPARED = {"receipts_throughput_ratio": 0.98}
SMALL = {"receipts_throughput_ratio": 0.94}
SCALED = {"blocks": {"of_time": 0.5}}

PARAMETERS = (ROOT / "runtime/src/configs/parameters.rs").read_text(encoding="utf-8")
PALLETS = (ROOT / "runtime/src/configs/openledger.rs").read_text(encoding="utf-8")
NETWORK = (ROOT / "node/simulations/src/scale/network.rs").read_text(encoding="utf-8")
REPORT = (ROOT / "node/simulations/src/settling/report.rs").read_text(encoding="utf-8")
UNITS = {"MINUTE": 20, "HOUR": 1200, "Permill::from_percent(10)": 0.1}


def parameter(pallet, name):
    """A default of the runtime's parameters, times counted in blocks."""
    start = PARAMETERS.index(f"pub mod {pallet} ")
    value = re.search(rf"pub static {name}: \w+ = ([^;]+);", PARAMETERS[start:])[1]
    if value in UNITS:
        return UNITS[value]
    count, _, unit = value.partition(" * ")
    return int(count) * UNITS.get(unit, 1)


def assumed(name):
    """What the network of operators takes for it."""
    start = NETWORK.index("impl Default for Network")
    return float(re.search(rf"\b{name}: ([\d_.e]+),", NETWORK[start:])[1].replace("_", ""))


class Settlement(unittest.TestCase):
    def test_figures_stand_at_the_top_beside_their_targets(self):
        found = settlement.described(SETTLED, DRAWN, GIVEN, COMPARED, SMALL, SCALED)
        self.assertEqual(found["payment_error"], 0.04)
        self.assertEqual(found["receipts_per_s"], 6000.0)
        self.assertEqual(found["receipts_throughput_ratio"], 0.98)
        self.assertEqual(found["http"], {"base": COMPARED, "tiny_base": SMALL})
        self.assertEqual(found["scale"], SCALED)
        for name, target in found["targets"].items():
            self.assertEqual(target, TARGETS[name])
            self.assertIsInstance(found[name], float)
        self.assertEqual(len(found["targets"]), 8)
        json.dumps(found)

    def test_network_has_the_runtimes_parameters(self):
        for name, pallet, of_runtime in (
            ("draws", "receipts", "Draws"),
            ("reveal_period", "receipts", "RevealPeriod"),
            ("window", "attribution", "ChallengeWindow"),
            ("round", "audits", "RoundLength"),
            ("audit_rate", "audits", "Rate"),
            ("commit_period", "audits", "CommitPeriod"),
            ("appeal_window", "audits", "AppealWindow"),
        ):
            self.assertEqual(assumed(name), parameter(pallet, of_runtime), name)
        self.assertIn(f"LookAgain: BlockNumber = {assumed('look_again'):.0f};", PALLETS)
        self.assertIn(f"type MaxVerifiers = ConstU32<{assumed('verifiers'):.0f}>;", PALLETS)
        due = PALLETS.index("impl pallet_attribution::Config")
        self.assertIn(f"type MaxDue = ConstU32<{assumed('most_due'):.0f}>;", PALLETS[due : PALLETS.index("}", due)])

    def test_errors_are_told_at_the_runtimes_number_of_draws(self):
        draws = re.search(r"DEFAULT_DRAWS: u8 = (\d+);", REPORT)[1]
        self.assertEqual(int(draws), parameter("receipts", "Draws"))


if __name__ == "__main__":
    unittest.main()
