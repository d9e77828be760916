"""How fast attribution indexes are scanned, written and appended to.

Prints one JSON object: what the example `index_scale` of the attribution engine reports, of synthetic
sketches. docs/benchmarks.md says what its figures are.
"""

import json

import build
from machine import conditions
from places import INDEX_SCALE
from processes import run
from targets import TARGETS


def add_arguments(parser, number):
    parser.set_defaults(model=None)
    parser.add_argument("--records", type=number(64), default=1_000_000, metavar="N", help="leaves of the largest scan and of the two-stage search; 10000000 take 7 GB with 512 components (default %(default)s)")
    parser.add_argument("--dimension", type=number(16), default=512, metavar="K", help="components of a sketch (default %(default)s)")
    parser.add_argument("--file-records", type=number(2), default=50_000, metavar="N", help="leaves of the files that are written (default %(default)s)")


def described(found):
    """The example's object, with the figures that have a target at the top beside them."""
    recall = found["scan"]["two_stage"]["two_stage_recall"]
    targets = {name: TARGETS[name] for name in ("scan_over_read_1m_512", "two_stage_recall")}
    return {"targets": targets, "two_stage_recall": recall} | found


def measure(arguments, _):
    build.example("index_scale")
    found = conditions()
    sizes = (arguments.records, arguments.dimension, arguments.file_records)
    return found | described(json.loads(run([INDEX_SCALE, *sizes])))
