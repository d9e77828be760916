"""What settling answers in batches costs the chain, and how exactly contributors are paid by it.

Prints one JSON object: what the examples `settlement` of the node (batches settled on the runtime, and a claim
verified in its WASM), `draws` (the error of contributors' pay), `receipts_speed` of the sessions (receipts that an
operator's store gives), `receipts_ratio` of the worker (answers over HTTP with them and without, by the
demonstration's base and by a tiny one) and `scale` (ten thousand operators on the weights just found) report.
docs/benchmarks.md says what the figures are.
"""

import json
import pathlib

import build
from figures import aims
from machine import conditions
from places import DRAWS, MODEL, RECEIPTS_RATIO, RECEIPTS_SPEED, SCALE, SETTLEMENT
from processes import run, say

EXAMPLES = ("settlement", "draws", "receipts_speed", "receipts_ratio", "scale")


def add_arguments(parser, number):
    parser.add_argument("--wasm", type=pathlib.Path, metavar="FILE", help="the runtime's WASM (default: the one that is built along)")
    parser.add_argument("--leaves", type=number(1024), default=1 << 20, metavar="N", help="leaves of the index that claims are made from (default %(default)s)")
    parser.add_argument("--large", type=number(1000), default=1_000_000, metavar="N", help="answers of the batch that is compared with one of 1000 (default %(default)s)")
    parser.add_argument("--settled", type=number(1000), default=100_000, metavar="N", help="answers of the batches after which state is counted (default %(default)s)")
    parser.add_argument("--verifiers", type=number(0), default=256, metavar="N", help="verifiers on the chain, which making a claim final is charged for (default %(default)s, the most)")
    parser.add_argument("--repeat", type=number(1), default=200, metavar="N", help="times that a claim is verified (default %(default)s)")
    parser.add_argument("--pairs", type=number(1), default=12, metavar="N", help="times that answers with receipts and without are compared (default %(default)s)")
    parser.add_argument("--audit-rate", type=float, default=0.1, metavar="R", help="part of drawn receipts that is audited, of which answers_per_block_audited speaks (default %(default)s)")
    parser.add_argument("--seeds", type=number(1), default=101, metavar="N", help="times that the error of pay is taken (default %(default)s)")
    parser.add_argument("--days", type=number(1), default=7, metavar="N", help="days of the network of operators (default %(default)s)")
    parser.add_argument("--model", type=pathlib.Path, default=MODEL, help="GGUF file that answers with receipts and without (default %(default)s)")


def described(settled, drawn, given, compared, small, scaled):
    """The figures at the top, and what they come from below."""
    payment = drawn["payment_error"]
    figures = {
        "claim_ms": settled["claim_ms"],
        "proof_kib": settled["proof_kib"],
        "weight_million_over_thousand": settled["weight_million_over_thousand"],
        "length_million_over_thousand": settled["length_million_over_thousand"],
        "answers_per_block": settled["answers_per_block"],
        "answers_per_block_with_idle_time": settled["answers_per_block_with_idle_time"],
        "answers_per_block_audited": settled["answers_per_block_audited"],
        "payment_error": payment["median"],
        "payment_error_worst": payment["worst"],
        "state_bytes_per_answer": settled["state_bytes_per_answer"],
        "state_bytes_per_answer_next": settled["state_bytes_per_answer_next"],
        "receipts_per_s": given["receipts_per_s"],
        "receipts_throughput_ratio": compared["receipts_throughput_ratio"],
        "receipts_throughput_ratio_tiny_base": small["receipts_throughput_ratio"],
    }
    http = {"base": compared, "tiny_base": small}
    details = {"settlement": settled, "payment": payment, "receipts": given, "http": http, "scale": scaled}
    return {"targets": aims(figures)} | figures | details


def settle(arguments):
    line = [SETTLEMENT, "--leaves", arguments.leaves, "--compare", 1000, arguments.large]
    line += ["--settled", arguments.settled, "--verifiers", arguments.verifiers, "--repeat", arguments.repeat]
    line += ["--audit-rate", arguments.audit_rate]
    return run(line + (["--wasm", arguments.wasm] if arguments.wasm else []))


def measure(arguments, folder):
    for example in EXAMPLES:
        build.example(example)
    found = conditions()
    say("settling batches on the runtime")
    settled = settle(arguments)
    costs = folder / "settlement.json"
    costs.write_text(settled, encoding="utf-8")
    say("giving receipts")
    given = json.loads(run([RECEIPTS_SPEED, folder]))
    say("answering with receipts and without")
    compared = json.loads(run([RECEIPTS_RATIO, arguments.pairs, arguments.model]))
    small = json.loads(run([RECEIPTS_RATIO, arguments.pairs]))
    say("paying by draws")
    drawn = json.loads(run([DRAWS, "--seeds", arguments.seeds]))
    say("running a network of operators")
    scaled = json.loads(run([SCALE, costs, "--days", arguments.days]))
    return found | described(json.loads(settled), drawn, given, compared, small, scaled)
