"""Resident memory of a node that has nothing to do."""

import time

from figures import figure
from node import Node
from processes import say


def idle(name, folder, base, blocks, seconds):
    """VmRSS once a second for `seconds`, from the time that the node has made `blocks` blocks."""
    with Node(folder, base) as node:
        node.wait_for_block(blocks)
        first = node.best()
        say(f"block {first}: reading resident memory for {seconds} s")
        samples = []
        for _ in range(seconds):
            samples.append(node.resident())
            time.sleep(1)
        return {**figure(name, "MiB", samples), "from_block": first, "to_block": node.best()}
