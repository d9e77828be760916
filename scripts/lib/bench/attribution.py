"""How right attribution is, judged by retraining an adapter without parts of its data.

Trains two random entries of the committed table of retrained losses again, compares their bits, and holds
every estimator against the table. Prints one JSON object; docs/attribution-report says what its figures are
and is written anew with --report.
"""

import json
import pathlib

import build
import report
from machine import conditions
from places import GROUND, GROUND_TRUTH
from processes import run
from targets import TARGETS

FIGURES = (
    "lds_over_ceiling",
    "lds_gain_low",
    "contributor_spearman",
    "mislabel_auc",
    "int8_over_float_lds",
    "sketch_over_full_lds",
    "style_swapped_recall",
    "null_paid",
)


def add_arguments(parser, number):
    parser.set_defaults(model=None)
    parser.add_argument("--ablations", action="store_true", help="also compare the variants that the default was chosen from (ten minutes more)")
    parser.add_argument("--costs", type=pathlib.Path, metavar="FILE", help="what scripts/bench index printed, for the report")
    parser.add_argument("--report", type=pathlib.Path, metavar="DIRECTORY", help="write the report into this folder; implies --ablations")


def measure(arguments, _):
    costs = json.loads(arguments.costs.read_text(encoding="utf-8")) if arguments.costs else None
    build.example("ground_truth")
    found = conditions() | {"targets": {name: TARGETS[name] for name in FIGURES}}
    found |= json.loads(run([GROUND_TRUTH, "check", GROUND]))
    found |= json.loads(run([GROUND_TRUTH, "judge", GROUND]))
    if arguments.ablations or arguments.report:
        found["ablations"] = json.loads(run([GROUND_TRUTH, "choose", GROUND]))
    if arguments.report:
        report.write(arguments.report, found, costs)
    return found
