"""One run of a pallet's benchmarks, written as the runtime's source."""

import contextlib
import json
import os
import statistics

from messages import say
from places import BENCHER, ROOT, RUNTIME, TEMPLATE
from processes import Failed, run

# What there is to measure; runtime/src/benchmarks.rs lists the same, and the reference.
PALLETS = (
    "pallet_datanets",
    "pallet_models",
    "pallet_inference",
    "pallet_attribution",
    "pallet_rewards",
    "pallet_voice",
    "pallet_pauses",
    "pallet_parameters",
    "pallet_babe",
    "pallet_grandpa",
    "elections",
)
REFERENCE = "reference"


def prefer():
    """Goes before other work where that is allowed: the clock runs on while something else does."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)


def reference(file):
    """Nanoseconds that the reference took, the median."""
    batches = json.loads(file.read_text(encoding="utf-8"))
    times = [
        one["extrinsic_time"]
        for batch in batches
        if batch["pallet"] == REFERENCE
        for one in batch["time_results"]
    ]
    if not times:
        raise Failed("the reference was not measured")
    return round(statistics.median(times))


def measure(pallets, folder, steps, repeat):
    """Measures each of `pallets` into a file of `folder`, together with the reference."""
    samples = folder / "samples.json"
    for pallet in pallets:
        say(f"measuring {pallet}")
        line = [BENCHER, "--runtime", RUNTIME]
        line += ["--genesis-builder", "runtime", "--genesis-builder-preset", "development"]
        line += ["--pallet", f"{REFERENCE},{pallet}", "--extrinsic", "*"]
        line += ["--steps", steps, "--repeat", repeat, "--min-duration", 1]
        # A sovereign chain ships no proofs: none is recorded while time is taken, none is weighed.
        line += ["--disable-proof-recording", "--default-pov-mode", "ignored"]
        line += ["--template", TEMPLATE, "--output", folder, "--json-file", samples, "--quiet"]
        run(line, cwd=ROOT, preexec_fn=prefer)
        file = folder / f"{pallet}.rs"
        written = file.read_text(encoding="utf-8")
        file.write_text(written.replace("@reference@", str(reference(samples))), encoding="utf-8")
        run(["rustfmt", "--edition", "2024", "--config-path", ROOT, file])
