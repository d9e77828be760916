"""python3 -B -m unittest discover -s scripts/lib/bench"""

import itertools
import json
import pathlib
import signal
import sys
import tempfile
import time
import types
import unittest

import blocks
import chain
import index
import latency
import peers
import processes
import speed
import training
import weights
from figures import aims, figure
from node import free_ports, metrics

METRICS = """\
# HELP openledger_failures_total Jobs given up
# TYPE openledger_failures_total counter
openledger_failures_total{chain="dev",kind="busy"} 2
openledger_failures_total{chain="dev",kind="missing base"} 1
openledger_generating_seconds_total{chain="dev"} 12.5
up 1
"""


class Figures(unittest.TestCase):
    def test_figure_has_target_beside_samples(self):
        found = figure("demo_cached_s", "s", [3, 1, 2])
        self.assertEqual((found["median"], found["max"], found["samples"]), (2, 3, [3, 1, 2]))
        self.assertEqual(found["target"], "< 120")

    def test_figure_is_empty_when_nothing_was_measured(self):
        found = figure("other", "s", [])
        self.assertEqual((found["median"], found["target"]), (None, None))

    def test_aims_are_of_figures_that_are_plain_numbers(self):
        found = {"decode_over_llama_cpp": 1.5, "node_resident": figure("node_resident", "MiB", [1]), "threads": 2}
        self.assertEqual(aims(found), {"decode_over_llama_cpp": ">= 1.0"})


class Metrics(unittest.TestCase):
    def test_metrics_are_summed_over_labels(self):
        found = metrics(METRICS)
        self.assertEqual(found["openledger_failures_total"], 3)
        self.assertEqual(found["openledger_generating_seconds_total"], 12.5)
        self.assertEqual(found["up"], 1)


class Ports(unittest.TestCase):
    def test_ports_differ(self):
        self.assertEqual(len(set(free_ports(8))), 8)


class Latency(unittest.TestCase):
    trace = {
        "request": 7, "model": 1, "state": "answered", "usage": {"prompt": 40, "output": 9},
        "requested_at": 100, "answered_at": 104,
    }
    before = {"openledger_generating_seconds_total": 10.0, "openledger_answers_total": 4.0}
    after = {"openledger_generating_seconds_total": 13.25, "openledger_answers_total": 5.0}

    def test_blocks_over_generation_leave_out_the_blocks_that_generating_takes(self):
        self.assertEqual([latency.over(4, s) for s in (0.1, 3.0, 3.1)], [3, 3, 2])

    def test_request_is_described_by_trace_and_counters(self):
        found = latency.describe(self.trace, self.before, self.after)
        self.assertEqual((found["blocks_to_claim"], found["generation_s"]), (4, 3.25))
        self.assertEqual((found["blocks_over_generation"], found["jobs_answered"]), (2, 1))

    def test_request_has_no_blocks_when_it_is_not_answered(self):
        trace = {**self.trace, "state": "refunded", "answered_at": None}
        found = latency.describe(trace, self.before, self.before)
        self.assertIsNone(found["blocks_to_claim"])
        self.assertIsNone(found["blocks_over_generation"])

    def test_questions_alternate_between_published_models_and_begin_again(self):
        with tempfile.TemporaryDirectory() as folder:
            for corpus, count in (("one", 2), ("two-parts", 1)):
                held_out = pathlib.Path(folder) / "openledger" / "corpora" / corpus / "heldout.jsonl"
                held_out.parent.mkdir(parents=True)
                lines = [json.dumps({"question": f"{corpus} {i}"}) for i in range(count)]
                held_out.write_text("\n".join(lines))
            models = [
                {"id": 0, "name": "one-0-0", "status": "Published"},
                {"id": 1, "name": "two-parts-1-0", "status": "Published"},
                {"id": 2, "name": "draft", "status": "Draft"},
            ]
            asked = latency.questions(lambda *_: models, pathlib.Path(folder))
            found = list(itertools.islice(asked, 5))
        one, two = [(0, "one 0"), (0, "one 1")], (1, "two-parts 0")
        self.assertEqual(found, [one[0], two, one[1], two, one[0]])


class Blocks(unittest.TestCase):
    def test_block_takes_what_the_sum_grows_by(self):
        readings = [
            blocks.reading({"made_sum": seconds, "made_count": count}, "made", best)
            for seconds, count, best in ((1.0, 4.0, 10), (1.0, 4.0, 10), (1.7, 5.0, 11), (2.1, 7.0, 13))
        ]
        found = [blocks.between(*pair) for pair in itertools.pairwise(readings)]
        # The third time two blocks came, and which of them took how long is not known.
        two = [{"block": None, "ms": 200.0}] * 2
        self.assertEqual(found, [[], [{"block": 11, "ms": 700.0}], two])
        self.assertEqual(blocks.between(None, readings[0]), [])

    def test_node_that_has_not_made_a_block_has_no_times(self):
        self.assertEqual(blocks.reading({}, "made", 3)["count"], 0)

    def test_percentiles_are_samples_that_occurred(self):
        self.assertEqual(blocks.percentile(range(1, 101), 0.95), 95)
        self.assertEqual(blocks.percentile([7], 0.5), 7)
        self.assertIsNone(blocks.percentile([], 0.5))

    def test_full_blocks_are_preferred_to_those_with_some_load(self):
        samples = [{"block": number, "ms": ms} for number, ms in ((1, 5), (2, 90), (3, 70), (None, 8))]
        found = blocks.of_full(samples, {2: 0.5, 3: 1.0}, 0.95)
        self.assertEqual((found["blocks"], found["samples"]), ("full", [70]))
        found = blocks.of_full(samples, {2: 0.5}, 0.95)
        self.assertEqual((found["blocks"], found["p50"]), ("loaded", 90))
        found = blocks.of_full(samples, {}, 0.95)
        self.assertEqual((found["blocks"], found["p50"], found["p95"]), (None, None, None))


class Chain(unittest.TestCase):
    def report(self, rpc):
        phase = {
            "transfers_per_block": 1637, "extrinsics_per_s": 540.5, "inclusion_s": {"p50": 4.0},
            "rpc_ms": rpc, "rpc_failures": 2, "sent_per_s": 3000.0,
        }
        block = {"number": 7, "fill": 1.0}
        return {
            "phases": [phase, {**phase, "transfers_per_block": 1200, "extrinsics_per_s": 300.0}],
            "recovery": {"recovered": True},
            "blocks": [block, {"number": 8, "fill": None}],
        }

    def test_figures_are_of_full_blocks_and_of_the_overload(self):
        made = [{"block": 7, "ms": 700.0}, {"block": 8, "ms": 3.0}]
        found = chain.figures(self.report({"p95": 28.5}), made, made, True)
        self.assertEqual((found["transfers_per_block"], found["author_ms"]), (1637, 700.0))
        self.assertEqual((found["import_ms_p50"], found["import_ms_p95"]), (700.0, 700.0))
        self.assertEqual(found["extrinsics_per_s"], 540.5)
        overload = found["overload"]
        self.assertEqual((overload["stayed_up"], overload["recovered"]), (True, True))
        self.assertEqual(overload["answered_rpc_ms_p95"], 28.5)

    def test_node_that_answered_nothing_has_no_time_of_answering(self):
        found = chain.figures(self.report(None), [], [], False)
        self.assertIsNone(found["overload"]["answered_rpc_ms_p95"])
        self.assertFalse(found["overload"]["stayed_up"])
        self.assertIsNone(found["author_ms"])


class Weights(unittest.TestCase):
    def script(self, folder, text):
        path = pathlib.Path(folder) / "weights"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def test_figures_are_missing_with_a_reason(self):
        found = weights.drift(False)
        self.assertIsNone(found["weight_drift"])
        self.assertIn("--with-weights", found["weights_missing"])

    def test_figures_are_what_the_script_prints(self):
        found = {"heaviest_call_block_share": 0.4, "weight_drift": 1.1, "other": 1}
        kept = weights.SCRIPT
        with tempfile.TemporaryDirectory() as folder:
            weights.SCRIPT = self.script(folder, f"[ \"$*\" = 'drift --json' ] && echo '{json.dumps(found)}'")
            try:
                self.assertEqual(weights.drift(True), {name: found[name] for name in weights.FIELDS})
                # Too heavy a call is a finding; no object is none.
                weights.SCRIPT = self.script(folder, f"echo '{json.dumps(found)}'; exit 1")
                self.assertEqual(weights.drift(True)["heaviest_call_block_share"], 0.4)
                weights.SCRIPT = self.script(folder, "exit 1")
                self.assertIn("failed", weights.drift(True)["weights_missing"])
                weights.SCRIPT = pathlib.Path(folder) / "none"
                self.assertIn("there is no", weights.drift(True)["weights_missing"])
            finally:
                weights.SCRIPT = kept


def decoded(rate, prompt):
    return {
        "prompt_tokens": prompt, "output_tokens": 128, "prefill_tokens_per_second": 10 * rate,
        "decode_tokens_per_second": rate, "resident_mib": 150.0, "threads": 2, "system": "AVX2 = 1",
    }


class Peers(unittest.TestCase):
    def peer(self, **of):
        return peers.Peer("one==1", **{"interpreter": lambda *_: sys.executable, "runs": 2, **of})

    def decoder(self, package, rate, reason=None):
        interpreter = peers.without(reason) if reason else lambda *_: sys.executable
        made = peers.Decoder(package, interpreter, "none.py", 2)
        if not reason:
            made.short, made.long = [decoded(rate, 41)], [decoded(rate, 241)]
            made.batches = [{"tokens_per_s": 4 * rate}]
        return made

    def test_peer_that_cannot_be_installed_is_left_out(self):
        def fails(*_):
            raise processes.Failed("no compiler")

        found = self.peer(interpreter=fails)
        self.assertIsNone(found.ask(0, "none.py", given=None))
        self.assertEqual(found.described({}), {"package": "one==1", "unavailable": "no compiler"})

    def test_peer_that_fails_is_asked_no_more_and_keeps_its_figures(self):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "script.py"
            script.write_text("import json, sys; print(json.dumps([json.load(sys.stdin), *sys.argv[1:]]))")
            found = self.peer()
            self.assertEqual(found.ask(0, script, 7, given=[3]), [[3], "7"])
            # It has had its runs, which is no failure.
            self.assertIsNone(found.ask(2, script, given=None))
            self.assertIsNone(found.unavailable)
            script.write_text("print('no JSON')")
            self.assertIsNone(found.ask(1, script, given=None))
            script.write_text("print(1)")
            self.assertIsNone(found.ask(1, script, given=None))
        described = found.described({"decode": 5})
        self.assertIn("script.py failed", described["unavailable"])
        self.assertEqual(described["decode"], 5)

    def test_ours_is_compared_with_the_build_for_this_machine(self):
        found = speed.llama_cpp(self.decoder("native==1", 200.0), self.decoder("wheel==1", 100.0))
        self.assertEqual((found["build"], found["package"]), ("native", "native==1"))
        self.assertEqual(found["wheel"]["decode"]["median"], 100.0)
        self.assertNotIn("native_unavailable", found)

    def test_ours_is_compared_with_the_wheel_where_there_is_no_build(self):
        found = speed.llama_cpp(self.decoder("native==1", 0, "--wheel-only"), self.decoder("wheel==1", 100.0))
        self.assertEqual((found["build"], found["package"]), ("wheel", "wheel==1"))
        self.assertIn("--wheel-only", found["native_unavailable"])

    def test_ratios_are_of_medians_and_of_those_that_there_are(self):
        ours = speed.row([decoded(150.0, 41)], [decoded(150.0, 241)])
        together = {"base_tokens_per_s": 900.0, "mixed_tokens_per_s": 600.0, "mixed_slowdown": 1 / 3, "rank": 8}
        row, slowdown = speed.served([together])
        self.assertEqual(slowdown, 0.333)
        llama, none = speed.described(self.decoder("a", 100.0)), speed.described(self.decoder("b", 0, "x"))
        self.assertIsNone(llama["decode"]["target"])
        found = speed.ratios(ours | row, llama, none)
        expected = {
            "decode_over_llama_cpp": 1.5, "prefill_over_llama_cpp": 1.5, "base16_over_llama_cpp": 2.25,
            "mixed16_over_llama_cpp": 6.0,
        }
        self.assertEqual(found, expected)
        self.assertEqual(speed.ratios(ours | row, none, none), {})

    def test_training_stands_alone_without_torch(self):
        mine = [{"train_tokens_per_s": 90.0, "autograd_tokens_per_s": 30.0, "train_over_autograd": 3.0}]
        found = training.described(mine, [], self.peer(interpreter=peers.without("--no-peer")))
        self.assertEqual(found["train_over_autograd"], 3.0)
        self.assertNotIn("train_over_torch", found)
        self.assertIn("--no-peer", found["training"]["torch"]["unavailable"])
        found = training.described(mine, [{"train_tokens_per_s": 60.0}], self.peer())
        self.assertEqual(found["train_over_torch"], 1.5)


class Index(unittest.TestCase):
    def test_recall_stands_at_the_top_beside_the_targets(self):
        found = index.described({"scan": {"two_stage": {"two_stage_recall": 0.9995}}, "dimension": 512})
        self.assertEqual((found["two_stage_recall"], found["dimension"]), (0.9995, 512))
        self.assertEqual(found["targets"]["scan_over_read_1m_512"], "<= 1.5")


class CommandLine(unittest.TestCase):
    def test_benchmarks_without_a_model_ask_for_none(self):
        defaults = {}
        parser = types.SimpleNamespace(
            add_argument=lambda *_, **__: None, set_defaults=lambda **given: defaults.update(given)
        )
        for benchmark in (chain,):
            defaults.clear()
            benchmark.add_arguments(parser, lambda least: int)
            self.assertEqual(defaults, {"model": None})


class Processes(unittest.TestCase):
    def test_output_is_returned_when_the_status_is_accepted(self):
        self.assertEqual(processes.run(["sh", "-c", "cat; exit 1"], text="a", accepted=(0, 1)), "a")

    def test_run_fails_when_the_status_is_not_accepted_or_there_is_no_program(self):
        for line in (["sh", "-c", "exit 3"], ["/nonexistent/program"]):
            with self.assertRaises(processes.Failed):
                processes.run(line)

    def test_run_fails_when_patience_ends(self):
        with self.assertRaises(processes.Failed):
            processes.run(["sleep", "60"], patience=0.1)

    def test_group_ends_with_its_process(self):
        child = processes.start(["sh", "-c", "sleep 60 & echo $!; wait"], stdout=-1, text=True)
        started_by_it = pathlib.Path("/proc") / child.stdout.readline().strip()
        self.assertTrue(started_by_it.exists())
        processes.end(child)
        child.stdout.close()
        self.assertEqual(child.returncode, -signal.SIGTERM)
        for _ in range(50):
            # Nobody may be there to collect it.
            if not started_by_it.exists() or "Z (zombie)" in (started_by_it / "status").read_text():
                break
            time.sleep(0.1)
        else:
            self.fail("what the process had started runs on")


if __name__ == "__main__":
    unittest.main()
