"""The demonstration with empty and with filled caches, and blocks from a request to its claim.

Prints one JSON object. Starts a development node with an operator's worker and a fresh chain, and
runs `scripts/demo --json` with no corpora, adapters and features cached; then once more against
another fresh chain, with what the first run left. Your own caches are neither used nor changed, but
for what is fetched (models and packages). The requests are asked at the end, each after the answer
to the one before.
"""

import build
import demonstration
import latency
from machine import conditions
from node import Node
from places import MODEL


def add_arguments(parser, number):
    parser.add_argument("--requests", type=number(5), default=5, metavar="N", help="requests to time, at least 5 (default %(default)s)")
    parser.add_argument("--max-tokens", type=number(1), default=48, metavar="N", help="longest answer to them (default %(default)s)")
    parser.set_defaults(model=MODEL)


def measure(arguments, folder):
    build.binaries()
    caches = demonstration.empty_caches(folder)
    found = conditions()
    with Node(folder / "training", MODEL) as node:
        found["demo_training_s"] = demonstration.demonstrate("demo_training_s", node, caches)
    with Node(folder / "cached", MODEL) as node:
        found["demo_cached_s"] = demonstration.demonstrate("demo_cached_s", node, caches)
        return found | latency.measure(node, caches, arguments.requests, arguments.max_tokens)
