"""One node: its folder, its process, and what it says of itself."""

import os
import signal
import socket

import rpc
from layout import arguments
from places import NODE
from processes import Failed, PidFile, end, identity, send, start_detached, undisturbed, wait

START_LIMIT = 180


def listening(port):
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


def number(header):
    return int(header["number"], 16)


class Node:
    def __init__(self, member, network):
        self.member = member
        self.name = member.name
        self.network = network
        self.home = network.folder / member.name
        self.log = self.home / "node.log"
        self.pid_file = PidFile(self.home / "pid")
        # Another version can take the node over, with its keys and its data.
        self.binary = NODE

    @property
    def ports(self):
        return self.member.ports(self.network.settings.port_base)

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.ports['rpc']}"

    @property
    def worker(self):
        return f"http://127.0.0.1:{self.ports['worker']}"

    @property
    def pid(self):
        return self.pid_file.pid()

    def start(self, environment=None):
        peers = self.network.peers(self.member)
        line = arguments(self.member, self.home, self.network.spec, peers, self.network.settings)
        # A process without its pid file would be nobody's to end.
        with undisturbed():
            pid = start_detached([self.binary, *line], self.log, {**os.environ, **(environment or {})})
            self.pid_file.write(pid)

    def stop(self):
        if pid := self.pid:
            end([pid])
        self.pid_file.remove()

    def kill(self):
        """As a power cut would: no chance to write anything more."""
        pid = self.pid
        if pid is None:
            raise Failed(f"{self.name} does not run; see {self.log}")
        was = identity(pid)
        send(pid, signal.SIGKILL)
        wait(10, lambda: identity(pid) != was, f"{self.name} did not die", 0.02)
        self.pid_file.remove()

    def check(self):
        """Fails as soon as the process has ended, with what it said last."""
        if self.pid is None:
            lines = self.log.read_text(errors="replace").splitlines()[-12:]
            raise Failed("\n".join([f"{self.name} ended by itself; the end of {self.log}:", *lines]))

    def rpc(self, method, *params):
        return rpc.call(self.ports["rpc"], method, *params)

    def answers(self):
        self.check()
        return bool(self.rpc("system_health"))

    def await_answer(self, limit=START_LIMIT):
        wait(limit, self.answers, f"{self.name} did not answer (log: {self.log})")

    def best(self):
        return number(self.rpc("chain_getHeader"))

    def finalised(self):
        return number(self.rpc("chain_getHeader", self.rpc("chain_getFinalizedHead")))

    def peers(self):
        return self.rpc("system_health")["peers"]

    def logged(self, text, since=0):
        """Whether the log holds a text, from a byte of it on."""
        with self.log.open("rb") as log:
            log.seek(since)
            return text.encode() in log.read()
