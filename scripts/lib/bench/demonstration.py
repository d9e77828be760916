"""scripts/demo against a node, with caches of its own."""

import json
import os

from figures import figure
from places import CACHE, CLIENT, ROOT, TARGET
from processes import Failed, run, say

# What is fetched rather than made; the demonstration makes everything else that it keeps.
FETCHED = ("models", "packages")


def environment(cache_home):
    return {**os.environ, "XDG_CACHE_HOME": str(cache_home), "CARGO_TARGET_DIR": str(TARGET)}


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
