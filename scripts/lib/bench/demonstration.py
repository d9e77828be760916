"""The demonstration with empty and with filled caches, and blocks from a request to its claim.

Prints one JSON object. Starts a development node with an operator's worker and a fresh chain, and
runs `scripts/demo --json` with no corpora, adapters and features cached; then once more against
another fresh chain, with what the first run left. Your own caches are neither used nor changed, but
for what is fetched (models and packages). The requests are asked at the end, each after the answer
to the one before.
"""

import json

import build
import latency
from figures import figure
from machine import conditions
from node import Node
from places import CACHE, CLIENT, MODEL, ROOT, environment
from processes import Failed, run, say

# What is fetched rather than made; the demonstration makes everything else that it keeps.
FETCHED = ("models", "packages")


def add_arguments(parser, number):
    parser.add_argument("--requests", type=number(5), default=5, metavar="N", help="requests to time, at least 5 (default %(default)s)")
    parser.add_argument("--max-tokens", type=number(1), default=48, metavar="N", help="longest answer to them (default %(default)s)")
    parser.set_defaults(model=MODEL)


def measure(arguments, folder):
    build.binaries()
    caches = empty_caches(folder)
    found = conditions()
    with Node(folder / "training", MODEL) as node:
        found["demo_training_s"] = demonstrate("demo_training_s", node, caches)
    with Node(folder / "cached", MODEL) as node:
        found["demo_cached_s"] = demonstrate("demo_cached_s", node, caches)
        return found | latency.measure(node, caches, arguments.requests, arguments.max_tokens)


def empty_caches(folder):
    """A cache folder without corpora, adapters and features, and with all that comes over the network."""
    # Fetches the corpora's packages where they are not there yet.
    run([ROOT / "scripts" / "corpora", "--out", folder / "corpora"])
    cache = folder / "cache" / "openledger"
    cache.mkdir(parents=True)
    for name in FETCHED:
        (cache / name).symlink_to((CACHE / name).resolve())
    return cache.parent


def demonstrate(name, node, cache_home):
    """One run; what it reports of the money, and how long it took by its own clock."""
    say(f"running the demonstration ({name})")
    line = [ROOT / "scripts" / "demo", "--json", "--url", node.url, "--worker", node.worker]
    # Status 1 with a result means that a fee does not add up, which is reported rather than hidden.
    output = run([*line, "--client", CLIENT], accepted=(0, 1), env=environment(cache_home))
    if not output.strip():
        raise Failed("the demonstration failed; its message is above")
    result = json.loads(output)
    return {
        **figure(name, "s", [result["seconds"]]),
        "conserved": result["conserved"],
        "paid_most_is_answering": result["paid_most_is_answering"],
        "requests": len(result["requests"]),
    }
