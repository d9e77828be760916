"""How long single blocks took a node, out of its metrics.

A histogram of Prometheus has a sum and a count beside its buckets. Both are read more often than
there are blocks, so that what they grow by is the time of one block, exactly, where the buckets
would say no more than that it lay between two bounds.
"""

import contextlib
import math
import threading

# Between two readings; blocks are three seconds apart.
INTERVAL = 0.4
HISTOGRAMS = {
    "made": "substrate_proposer_block_constructed",
    "imported": "substrate_block_verification_and_import_time",
}


class Times:
    """Reads while its block runs; then `samples` are `{"block", "ms"}` in order.

    Where two blocks came between two readings, both are given the mean and no number."""

    def __init__(self, node, what):
        self.node = node
        self.histogram = HISTOGRAMS[what]
        self.samples = []

    def __enter__(self):
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def read(self):
        before = None
        while not self.ended.wait(INTERVAL):
            # A node under load may be late to answer, and its next answer has it all.
            with contextlib.suppress(OSError):
                best = self.node.best()
                now = reading(self.node.metrics(), self.histogram, best)
                self.samples += between(before, now)
                before = now


def reading(metrics, histogram, best):
    return {
        "seconds": metrics.get(f"{histogram}_sum", 0.0),
        "count": round(metrics.get(f"{histogram}_count", 0.0)),
        "best": best,
    }


def between(before, now):
    """The blocks between two readings; which one it was is known only where there is one."""
    if before is None or now["count"] <= before["count"]:
        return []
    count = now["count"] - before["count"]
    ms = round((now["seconds"] - before["seconds"]) / count * 1000, 3)
    return [{"block": before["best"] + 1 if count == 1 else None, "ms": ms}] * count


def percentile(samples, share):
    """The smallest sample that at least this share of all are at most."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def of_full(samples, fills, full):
    """What the times of the full blocks come to, or else of those that held any of the load."""
    for least, which in ((full, "full"), (0.01, "loaded")):
        times = [one["ms"] for one in samples if fills.get(one["block"], 0.0) >= least]
        if times:
            break
    else:
        which = None
    return {
        "unit": "ms",
        "blocks": which,
        "p50": percentile(times, 0.5),
        "p95": percentile(times, 0.95),
        "samples": times,
    }
