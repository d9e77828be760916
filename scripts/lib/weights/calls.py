"""The calls of OpenLedger's pallets, and what the committed weights make of them."""

import re

import weights_file
from places import COMMITTED, ROOT
from processes import Failed

CALL = re.compile(r"#\[pallet::call_index\(\d+\)\](.*?)pub fn (\w+)", re.DOTALL)
BENCHMARK = re.compile(r"(?:T|<T as Config>)::WeightInfo::(\w+)\(")
UNWEIGHED = re.compile(r"WeightInfo = \(\);")

# Picoseconds of a block, and of it what no call may exceed.
BLOCK = 10**12
HEAVY = 0.25
# Picoseconds of an access: `ParityDbWeight`, which runtime/src/configs/system.rs chooses.
READ, WRITE = 8_000_000, 50_000_000
# Where a call can have more of a component than its benchmark goes to.
BEYOND = {
    # A claim that pays contributors shows as many records beside them, and one that is refused for it may have
    # the longest sketches in all of them and in the query, and two of the longest proofs: `Claim::size`.
    ("pallet_inference", "answer"): {"c": 46},
    ("pallet_receipts", "reveal"): {"c": 8 * 46},
    # What fits in a block; runtime/src/configs/system.rs.
    ("pallet_voice", "dispatch"): {"n": 5 * 1024 * 1024 * 3 // 4},
}


def of(source):
    """The calls in a pallet's source, each with the benchmark that its weight is taken from."""
    found = {}
    for attributes, name in CALL.findall(source):
        benchmark = BENCHMARK.search(attributes)
        found[name] = benchmark[1] if benchmark else None
    return found


def all_of_them():
    for source in sorted(ROOT.glob("pallets/*/src/lib.rs")):
        pallet = f"pallet_{source.parents[1].name}"
        for call, benchmark in of(source.read_text(encoding="utf-8")).items():
            yield pallet, call, benchmark


def share(pallet, benchmark, weight):
    """What a weight at its largest takes of a block, database included."""
    values = weight.most() | BEYOND.get((pallet, benchmark), {})
    accesses = weight.reads.at(values) * READ + weight.writes.at(values) * WRITE
    return (weight.time.at(values) + accesses) / BLOCK


def check():
    """The committed weights by pallet, and each call's share of a block; fails where one is missing."""
    for source in sorted((ROOT / "runtime" / "src").rglob("*.rs")):
        if UNWEIGHED.search(source.read_text(encoding="utf-8")):
            raise Failed(f"{source} has a pallet without weights (`WeightInfo = ()`)")
    committed = {file.stem: weights_file.read(file) for file in sorted(COMMITTED.glob("*.rs"))}
    shares = {}
    for pallet, call, benchmark in all_of_them():
        weight = committed[pallet].benchmarks.get(benchmark) if pallet in committed else None
        if weight is None:
            raise Failed(f"{pallet}::{call} has no measured weight; give it a benchmark and run scripts/weights run --pallet {pallet}")
        shares[f"{pallet}::{call}"] = share(pallet, benchmark, weight)
    return committed, shares


def heaviest(shares):
    call = max(shares, key=shares.get)
    return {
        "calls": len(shares),
        "heaviest_call": call,
        "heaviest_call_block_share": round(shares[call], 4),
    }
