"""python3 -B -m unittest discover -s scripts/lib/weights"""

import unittest

import places  # noqa: F401
import calls
import drift
import measure
import weights_file

FILE = """\
//! Weights of `pallet_x`, measured.
//!
//! Machine: Some(R) CPU @ 2.50GHz.
//! Steps: 20, each repeated 10 times.
//! Reference: 20000 ns.

impl<T: frame_system::Config> pallet_x::WeightInfo for WeightInfo<T> {
	// `a`: 1 to 11.
	// `c`: 0 to 16.
	fn answer(a: u32, c: u32) -> Weight {
		Weight::from_parts(1_000_000, 0)
			.saturating_add(Weight::from_parts(2_000, 0).saturating_mul(a.into()))
			.saturating_add(
				Weight::from_parts(3_000, 0).saturating_mul(c.into()),
			)
			.saturating_add(T::DbWeight::get().reads(4))
			.saturating_add(T::DbWeight::get().reads(2_u64.saturating_mul(c.into())))
			.saturating_add(T::DbWeight::get().writes(3))
	}

	fn expire() -> Weight {
		Weight::from_parts(500_000, 0)
	}
}
"""
PALLET = """\
	#[pallet::call_index(0)]
	#[pallet::weight(T::WeightInfo::answer(
		answer.len() as u32,
	))]
	pub fn answer(
	#[pallet::call_index(1)]
	#[pallet::weight(T::WeightInfo::expire())]
	pub fn expire(
	#[pallet::call_index(2)]
	#[pallet::weight(Weight::zero())]
	pub fn free(
"""




class Weights(unittest.TestCase):
    found = weights_file.parse(FILE)

    def test_file_tells_machine_and_reference(self):
        self.assertEqual((self.found.machine, self.found.reference), ("Some(R) CPU @ 2.50GHz", 20_000))

    def test_weight_has_ranges_slopes_and_accesses(self):
        answer = self.found.benchmarks["answer"]
        self.assertEqual(answer.ranges, {"a": (1, 11), "c": (0, 16)})
        self.assertEqual(answer.time.at({"a": 10, "c": 1}), 1_023_000)
        self.assertEqual(answer.reads.at(answer.most()), 36)
        self.assertEqual(answer.writes, weights_file.Linear(3, {}))

    def test_weight_is_constant_when_nothing_depends_on_components(self):
        expire = self.found.benchmarks["expire"]
        self.assertEqual((expire.ranges, expire.time.at({}), expire.reads.at({})), ({}, 500_000, 0))


class Calls(unittest.TestCase):
    def test_call_names_its_benchmark(self):
        self.assertEqual(calls.of(PALLET), {"answer": "answer", "expire": "expire", "free": None})

    def test_share_counts_database_at_largest(self):
        answer = Weights.found.benchmarks["answer"]
        expected = 1_000_000 + 22_000 + 48_000 + 36 * calls.READ + 3 * calls.WRITE
        self.assertEqual(calls.share("pallet_x", "answer", answer), expected / calls.BLOCK)

    def test_share_goes_beyond_benchmark_where_call_does(self):
        answer = Weights.found.benchmarks["answer"]
        more = calls.share("pallet_inference", "answer", answer)
        self.assertGreater(more, calls.share("pallet_x", "answer", answer))


class Drift(unittest.TestCase):
    def row(self, old, new):
        rows = drift.compare("pallet_x", weights_file.parse(old), weights_file.parse(new))
        return {row["benchmark"]: row for row in rows}

    def test_drift_is_none_when_machine_is_slower_throughout(self):
        slower = FILE.replace("Reference: 20000", "Reference: 40000").replace("500_000", "1_000_000")
        self.assertEqual(self.row(FILE, slower)["expire"]["drift"], 0)

    def test_drift_shows_when_one_benchmark_is_slower(self):
        rows = self.row(FILE, FILE.replace("500_000", "600_000"))
        self.assertEqual((rows["expire"]["drift"], rows["answer"]["drift"]), (0.2, 0))

    def test_drift_tells_when_accesses_differ(self):
        rows = self.row(FILE, FILE.replace("writes(3)", "writes(4)"))
        self.assertEqual((rows["answer"]["accesses_differ"], rows["expire"]["accesses_differ"]), (True, False))

    def test_benchmark_on_one_side_has_no_drift(self):
        self.assertIsNone(self.row(FILE, FILE.replace("fn expire", "fn expired"))["expired"]["drift"])


class MergeTest(unittest.TestCase):
    @staticmethod
    def round(reference, time):
        def batch(pallet, benchmark, *times):
            results = [{"extrinsic_time": one, "components": []} for one in times]
            return {"pallet": pallet, "benchmark": benchmark, "time_results": results, "db_results": [1]}

        return [batch("reference", "reference", reference), batch("pallet_x", "answer", time)]

    def test_slow_rounds_of_a_benchmark_do_not_count(self):
        times = [2_000, 1_000, 1_500, 1_800, 1_100, 2_500, 1_700, 1_900]
        merged = measure.merge([self.round(100 + one, one) for one in times])
        left = [one["extrinsic_time"] for one in merged[1]["time_results"]]
        self.assertEqual((measure.reference(merged), left), (1_150, [1_000, 1_100]))
        self.assertEqual(merged[1]["db_results"], [1])

    def test_every_size_keeps_its_fastest_runs(self):
        runs = [{"components": [["n", n]], "extrinsic_time": 100 * n + i} for i in range(5) for n in (1, 2)]
        left = sorted(one["extrinsic_time"] for one in measure.fastest(runs))
        self.assertEqual(left, [100, 101, 200, 201])

    def test_measurement_without_reference_is_refused(self):
        with self.assertRaises(measure.Failed):
            measure.reference(measure.merge([self.round(100, 1)[1:]]))


if __name__ == "__main__":
    unittest.main()
