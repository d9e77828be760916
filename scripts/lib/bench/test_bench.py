"""python3 -B -m unittest discover -s scripts/lib/bench"""

import itertools
import json
import pathlib
import signal
import tempfile
import time
import unittest

import latency
import processes
from figures import figure
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


class Processes(unittest.TestCase):
    def test_output_is_returned_when_the_status_is_accepted(self):
        self.assertEqual(processes.run(["sh", "-c", "cat; exit 1"], text="a", accepted=(0, 1)), "a")

    def test_run_fails_when_the_status_is_not_accepted_or_there_is_no_program(self):
        for line in (["sh", "-c", "exit 3"], ["/nonexistent/program"]):
            with self.assertRaises(processes.Failed):
                processes.run(line)

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
