"""What one block takes, how long making and importing it takes, and what overload does to a node.

Prints one JSON object. Starts two nodes on this machine, one that makes blocks and one that follows
it, and sends transfers to the first with `openledger load`: at first at --rate until its pool has
more than a block of them, then --overload times as much. Making a block is timed by the maker's own
metrics and importing it by the follower's, over the blocks that were full; where none was, over
those that held any of the load. The two nodes and the load share the machine.
"""

import json

import build
import weights
from blocks import Times, of_full
from machine import conditions
from node import Node
from places import CLIENT
from processes import run, say

# A block counts as full from this share of its weight on.
FULL = 0.95


def add_arguments(parser, number):
    parser.add_argument("--rate", type=number(1), default=600, metavar="TX_PER_S", help="transfers a second (default %(default)s)")
    parser.add_argument("--seconds", type=number(5), default=30, metavar="N", help="how long, and as long again for the overload (default %(default)s)")
    parser.add_argument("--overload", type=number(2), default=10, metavar="FACTOR", help="how many times as much then (default %(default)s)")
    parser.add_argument("--accounts", type=number(2), default=1000, metavar="N", help="accounts that send (default %(default)s)")
    parser.add_argument("--pool-limit", type=number(1), default=20000, metavar="N", help="transactions that the maker's pool holds (default %(default)s)")
    parser.add_argument("--with-weights", action="store_true", help="compare the weights with new measurements too, which takes long")
    parser.set_defaults(model=None)


def measure(arguments, folder):
    build.binaries()
    found = conditions()
    found |= under_load(arguments, folder)
    return found | weights.drift(arguments.with_weights)


def under_load(arguments, folder):
    pool = ["--pool-limit", arguments.pool_limit, "--pool-kbytes", 1024 * 1024]
    with Node(folder / "maker", options=["--dev", *pool]) as maker:
        follow = ["--chain", "dev", "--no-mdns", "--bootnodes", maker.address]
        with Node(folder / "follower", options=follow) as follower:
            follower.wait_for_block(2)
            with Times(maker, "made") as made, Times(follower, "imported") as imported:
                report = load(arguments, maker)
            up = maker.is_up() and follower.is_up()
    return figures(report, made.samples, imported.samples, up)


def load(arguments, node):
    say(f"sending {arguments.rate} transfers a second, then {arguments.overload} times as many")
    line = [CLIENT, "load", "--json", "--url", node.url, "--from", "//Alice"]
    for name in ("rate", "seconds", "overload", "accounts"):
        line += [f"--{name}", getattr(arguments, name)]
    return json.loads(run(line))


def figures(report, made, imported, up):
    """The load's report and the samples of both nodes, as the figures that are asked for."""
    steady, overload = report["phases"]
    fills = {block["number"]: block["fill"] or 0.0 for block in report["blocks"]}
    author, importing = of_full(made, fills, FULL), of_full(imported, fills, FULL)
    return {
        "transfers_per_block": max(phase["transfers_per_block"] for phase in report["phases"]),
        "author_ms": author["p50"],
        "import_ms_p50": importing["p50"],
        "import_ms_p95": importing["p95"],
        "extrinsics_per_s": steady["extrinsics_per_s"],
        "inclusion_s": steady["inclusion_s"],
        "overload": {
            "stayed_up": up,
            "answered_rpc_ms_p95": overload["rpc_ms"] and overload["rpc_ms"]["p95"],
            "rpc_failures": overload["rpc_failures"],
            "recovered": report["recovery"]["recovered"],
            "sent_per_s": overload["sent_per_s"],
            "extrinsics_per_s": overload["extrinsics_per_s"],
        },
        "author": author,
        "import": importing,
        "load": report,
    }
