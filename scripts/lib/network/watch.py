"""Reads, all the time, what every running node calls final."""

import contextlib
import threading

from ledger import Finalised
from rpc import Refused

POLL_SECONDS = 1
# Heights asked for in one call.
RANGE = 200


class Watch(threading.Thread):
    def __init__(self, network):
        super().__init__(daemon=True)
        self.network = network
        self.finalised = Finalised()
        self.ended = threading.Event()
        # Up to which height each node has been read.
        self.read = {}

    def run(self):
        while not self.ended.wait(POLL_SECONDS):
            for node in list(self.network.nodes.values()):
                # It is down, on purpose or not; what it says later counts all the same.
                with contextlib.suppress(OSError, Refused):
                    if node.pid:
                        self.look(node)

    def look(self, node, first=None):
        """Notes what a node finalised since the last look, or from a height on."""
        height = node.finalised()
        if first is None:
            # One that came back may have forgotten its latest blocks, and finalises them again.
            first = min(self.read.get(node.name, 0), height)
        first = max(1, first)
        while first <= height:
            heights = list(range(first, min(height, first + RANGE - 1) + 1))
            for at, block in zip(heights, node.rpc("chain_getBlockHash", heights)):
                # A node that warped lacks some for a while.
                if block:
                    self.finalised.note(node.name, at, block)
            first = heights[-1] + 1
        self.read[node.name] = height

    def finish(self):
        """Ends the thread, and reads every running node once more from the first block on."""
        self.ended.set()
        self.join()
        for node in self.network.running():
            self.look(node, 1)
