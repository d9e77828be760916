"""The pallets' benchmarks, run and written as the runtime's source."""

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
    "pallet_audits",
    "pallet_duplicates",
    "pallet_lots",
    "pallet_receipts",
    "pallet_rewards",
    "pallet_voice",
    "pallet_pauses",
    "pallet_parameters",
    "pallet_babe",
    "pallet_grandpa",
    "elections",
)
REFERENCE = "reference"
ROUNDS = 10
# Of the runs of one benchmark with one size, the part that counts: the fastest.
FASTEST = 4


def prefer():
    """Goes before other work where that is allowed: the clock runs on while something else does."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)


def measure(pallets, folder, steps, repeat):
    """Measures each of `pallets` into a file of `folder`, together with the reference.

    All of them in turns, ROUNDS times over: a machine that is slow for a minute is slow for one
    round of each, and not for all of one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    each = -(-repeat // ROUNDS)
    rounds = []
    for number in range(1, ROUNDS + 1):
        say(f"measuring, round {number} of {ROUNDS}")
        rounds.append(one_round(pallets, folder, steps, each))
    merged = merge(rounds)
    took = reference(merged)
    for pallet in pallets:
        batches = [batch for batch in merged if batch["pallet"] == pallet]
        write(pallet, folder, batches, took, steps, each * ROUNDS)


def one_round(pallets, folder, steps, repeat):
    """What one round measured of the pallets and the reference, by the SDK's names."""
    samples = folder / "samples.json"
    line = [BENCHER, "--runtime", RUNTIME]
    line += ["--genesis-builder", "runtime", "--genesis-builder-preset", "development"]
    line += ["--pallet", ",".join([REFERENCE, *pallets]), "--extrinsic", "*"]
    line += ["--steps", steps, "--repeat", repeat, "--min-duration", 0]
    # A sovereign chain ships no proofs: none is recorded while time is taken, none is weighed.
    line += ["--disable-proof-recording", "--default-pov-mode", "ignored"]
    line += ["--json-file", samples, "--quiet"]
    run(line, cwd=ROOT, preexec_fn=prefer)
    return json.loads(samples.read_text(encoding="utf-8"))


def reference(batches):
    """Nanoseconds that the reference took, the median."""
    times = [
        one["extrinsic_time"]
        for batch in batches
        if batch["pallet"] == REFERENCE
        for one in batch["time_results"]
    ]
    if not times:
        raise Failed("the reference was not measured")
    return round(statistics.median(times))


def merge(rounds):
    """The rounds as one, of which the fastest runs of each benchmark with each size are left.

    Other work on the machine only ever makes a run slower.
    """
    merged = {}
    for batch in (batch for batches in rounds for batch in batches):
        key = batch["pallet"], batch["benchmark"]
        known = merged.setdefault(key, batch | {"time_results": []})
        known["time_results"] += batch["time_results"]
    for batch in merged.values():
        batch["time_results"] = fastest(batch["time_results"])
    return list(merged.values())


def fastest(runs):
    """The fastest part of the runs of each size."""
    sizes = {}
    for one in runs:
        sizes.setdefault(json.dumps(one["components"]), []).append(one)
    for those in sizes.values():
        those.sort(key=lambda one: one["extrinsic_time"])
    return [one for those in sizes.values() for one in those[: -(-len(those) // FASTEST)]]


def write(pallet, folder, batches, median, steps, repeat):
    """A pallet's weights as the runtime's source."""
    samples = folder / "samples.json"
    samples.write_text(json.dumps(batches), encoding="utf-8")
    line = [BENCHER, "--runtime", RUNTIME, "--json-input", samples]
    line += ["--pallet", pallet, "--extrinsic", "*", "--steps", steps, "--repeat", repeat]
    line += ["--default-pov-mode", "ignored", "--template", TEMPLATE, "--output", folder, "--quiet"]
    run(line, cwd=ROOT)
    file = folder / f"{pallet}.rs"
    written = file.read_text(encoding="utf-8")
    file.write_text(written.replace("@reference@", str(median)), encoding="utf-8")
    run(["rustfmt", "--edition", "2024", "--config-path", ROOT, file])
