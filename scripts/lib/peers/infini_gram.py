"""python infini_gram.py FOLDER THREADS < QUERIES: indexes FOLDER/tokenized.0 with infini-gram and counts
the queries in it, and prints what it took as JSON.

QUERIES is {"queries": [[token, ...], ...], "counts": [...]}, the counts being ours. Its own engine is asked,
in this process and without the checks of its Python wrapper, in the arrangement in which it is fastest here:
with the index mapped or in memory, with and without prefetching.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import time

# This file's own folder comes first on the path, and its name is the package's.
sys.path = [path for path in sys.path if pathlib.Path(path or ".").resolve() != pathlib.Path(__file__).resolve().parent]

ARRANGEMENTS = [
    {"load_to_ram": in_memory, "ds_prefetch_depth": depth, "sa_prefetch_depth": 3 * depth}
    for in_memory in (False, True)
    for depth in (0, 1)
]


def build(folder, threads):
    """Seconds that its indexer takes, from tokens to the finished array."""
    (folder / "table.0").unlink(missing_ok=True)
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    line = [sys.executable, "-m", "infini_gram.indexing", "--data_dir", folder, "--save_dir", folder]
    line += ["--token_dtype", "u16", "--cpus", threads, "--mem", "4", "--ulimit", most_files]
    started = time.perf_counter()
    subprocess.run([*map(str, line)], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    return time.perf_counter() - started


def percentile(ordered, percent):
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def ask(folder, queries, arrangement):
    from infini_gram.engine import InfiniGramEngine

    engine = InfiniGramEngine(str(folder), eos_token_id=0, token_dtype="u16", **arrangement).engine
    counts, took = [], []
    for query in queries:
        started = time.perf_counter_ns()
        found = engine.count(input_ids=query)
        took.append((time.perf_counter_ns() - started) / 1_000)
        counts.append(found.count)
    took.sort()
    return counts, {"p50": percentile(took, 50), "p95": percentile(took, 95), "p99": percentile(took, 99)}


def main():
    folder, threads = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    asked = json.load(sys.stdin)
    # Its messages are not for the JSON.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    build_s = build(folder, threads)
    found = [(arrangement, *ask(folder, asked["queries"], arrangement)) for arrangement in ARRANGEMENTS]
    arrangement, counts, count_us = min(found, key=lambda one: one[2]["p95"])
    different = sum(ours != theirs for ours, theirs in zip(asked["counts"], counts, strict=True))
    size = sum(path.stat().st_size for path in folder.glob("*.0"))
    result = {
        "build_s": build_s,
        "bytes": size,
        "count_us": count_us,
        "arrangement": arrangement,
        "different_counts": different,
    }
    print(json.dumps(result), file=out, flush=True)


if __name__ == "__main__":
    main()
