"""Measures again, and compares with the committed weights.

Prints, for each benchmark, how long it takes in the middle of its components' ranges by the
committed weights and now, and by how much the two differ once each is divided by the reference of
its run. What the database is charged is no measurement and left out; that a benchmark reads or
writes more or less than it did is said. Nothing is written.
"""

import calls
import weights_file
from measure import measure


def compare(pallet, old, new):
    rows = []
    for name in sorted(old.benchmarks.keys() | new.benchmarks.keys()):
        row = {"pallet": pallet, "benchmark": name, "old_us": None, "new_us": None, "drift": None}
        before, now = old.benchmarks.get(name), new.benchmarks.get(name)
        if before and now:
            values = before.middle()
            was, is_now = before.time.at(values), now.time.at(now.middle())
            row["old_us"], row["new_us"] = round(was / 10**6, 2), round(is_now / 10**6, 2)
            row["drift"] = round((is_now / new.reference) / (was / old.reference) - 1, 3)
            row["accesses_differ"] = (before.reads, before.writes) != (now.reads, now.writes)
        rows.append(row)
    return rows


def measured(pallets, folder, steps, repeat):
    committed, shares = calls.check()
    measure(pallets, folder, steps, repeat)
    rows, references = [], {}
    for pallet in pallets:
        new = weights_file.read(folder / f"{pallet}.rs")
        rows += compare(pallet, committed[pallet], new)
        references[pallet] = {"committed": committed[pallet].reference, "now": new.reference}
    drifts = [row for row in rows if row["drift"] is not None]
    worst = max(drifts, key=lambda row: abs(row["drift"]))
    return {
        **calls.heaviest(shares),
        "weight_drift": abs(worst["drift"]),
        "most_drifted": f"{worst['pallet']}::{worst['benchmark']}",
        "reference_ns": round(sum(one["now"] for one in references.values()) / len(references)),
        "references_ns": references,
        "benchmarks": rows,
    }


def lines(found):
    """The findings for people."""
    for row in found["benchmarks"]:
        name = f"{row['pallet']}::{row['benchmark']}"
        if row["drift"] is None:
            yield f"{name:48} {'only committed' if row['old_us'] else 'only on one side':>34}"
            continue
        note = "  accesses differ" if row["accesses_differ"] else ""
        yield f"{name:48} {row['old_us']:12.1f} µs {row['new_us']:12.1f} µs {row['drift']:+8.1%}{note}"
    yield f"largest drift: {found['weight_drift']:.1%} ({found['most_drifted']})"
