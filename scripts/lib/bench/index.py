"""How fast attribution indexes are made, scanned, written and appended to.

Prints one JSON object: what the examples `sketch_cost` (sketches of real records and answers),
`index_scale` (of synthetic sketches) and `span_speed` (verbatim matches, beside infini-gram on the same
tokens and queries) of the attribution engine report. docs/benchmarks.md says what the figures are.
"""

import json
import pathlib

import build
import spans
from machine import conditions
from places import INDEX_SCALE, MODEL, ROOT, SKETCH_COST
from processes import run
from targets import TARGETS

FIGURES = (
    "sketch_over_prefill",
    "build_tokens_per_s",
    "build_over_training",
    "scan_over_read_1m_512",
    "two_stage_recall",
    "span_bytes_per_token",
    "span_query_p95_us",
    "span_build_over_infini_gram",
)


def add_arguments(parser, number):
    parser.add_argument("--model", type=pathlib.Path, default=MODEL, help="GGUF file (default %(default)s)")
    parser.add_argument("--records", type=number(64), default=1_000_000, metavar="N", help="leaves of the largest scan and of the two-stage search; 10000000 take 7 GB with 512 components (default %(default)s)")
    parser.add_argument("--dimension", type=number(16), default=512, metavar="K", help="components of a sketch (default %(default)s)")
    parser.add_argument("--span-tokens", type=number(1000), default=10_000_000, metavar="N", help="tokens of the index of spans (default %(default)s)")
    parser.add_argument("--file-records", type=number(2), default=50_000, metavar="N", help="leaves of the files that are written (default %(default)s)")


def described(found):
    """The examples' figures, those with a target at the top beside it."""
    recall = found["scan"]["two_stage"]["two_stage_recall"]
    targets = {name: TARGETS[name] for name in FIGURES if name in TARGETS}
    return {"targets": targets, "two_stage_recall": recall} | found


def measure(arguments, folder):
    for example in ("index_scale", "sketch_cost"):
        build.example(example)
    corpora = folder / "corpora"
    run([ROOT / "scripts" / "corpora", "--out", corpora])
    files = sorted(path for path in corpora.glob("*/*.jsonl") if path.stem != "heldout")
    found = conditions()
    found |= json.loads(run([SKETCH_COST, arguments.model, *files]))
    sizes = (arguments.records, arguments.dimension, arguments.file_records)
    found |= described(json.loads(run([INDEX_SCALE, *sizes])))
    work = folder / "spans"
    work.mkdir()
    return found | spans.figures(arguments.model, work, files, arguments.span_tokens)
