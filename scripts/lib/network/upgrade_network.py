"""A network whose nodes are of two versions."""

import os

from layout import arguments
from network import Network
from node import Node
from places import NODE
from processes import start_detached, undisturbed


class Versioned(Node):
    """A node that another binary can take over, with its keys and its data."""

    def __init__(self, member, network):
        super().__init__(member, network)
        self.binary = NODE

    def start(self, environment=None):
        peers = self.network.peers(self.member)
        line = arguments(self.member, self.home, self.network.spec, peers, self.network.settings)
        with undisturbed():
            pid = start_detached([self.binary, *line], self.log, {**os.environ, **(environment or {})})
            self.pid_file.write(pid)


class Mixed(Network):
    """Starts with the old version, which has made its specification and its keys too."""

    def __init__(self, folder, settings):
        super().__init__(folder, settings)
        self.nodes = {name: Versioned(node.member, self) for name, node in self.nodes.items()}
