"""A development node with a fresh chain, on free ports, that ends with the block that uses it."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import time

from http_client import request, rpc
from machine import fields, mib
from places import NODE
from processes import Failed, end, say, start

START_LIMIT = 180
# A block takes three seconds; a busy machine may miss some.
BLOCK_LIMIT = 30
METRIC = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})? (\S+)$", re.MULTILINE)


def free_ports(count):
    """Different ones, since all are held until the last is known."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def metrics(text):
    """Prometheus's text as name and value, summed over labels."""
    found = {}
    for name, value in METRIC.findall(text):
        found[name] = found.get(name, 0.0) + float(value)
    return found


class Node:
    """`folder` takes its data and its log; with `base`, it runs an operator's worker too.

    `options` say which chain it is on and what it does there."""

    def __init__(self, folder, base=None, options=("--dev",)):
        self.folder = pathlib.Path(folder)
        self.base = base
        self.options = options
        self.rpc_port, self.http_port, self.metrics_port, self.p2p_port = free_ports(4)
        self.log = self.folder / "node.log"

    def __enter__(self):
        self.folder.mkdir(parents=True)
        line = [NODE, *self.options, "--tmp", "--rpc-port", self.rpc_port, "--port", self.p2p_port]
        line += ["--prometheus-port", self.metrics_port]
        if self.base:
            line += ["--operator", "--operator-base", self.base]
            line += ["--operator-listen", f"127.0.0.1:{self.http_port}"]
        say(f"starting a node {'with' if self.base else 'without'} an operator's worker")
        with self.log.open("w") as log:
            # The node leaves what --tmp makes behind when it is stopped; here it goes with the folder.
            environment = {**os.environ, "TMPDIR": str(self.folder)}
            self.process = start(
                line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
            )
        try:
            self.wait(self.answers, START_LIMIT, "did not answer")
        except BaseException:
            end(self.process)
            raise
        return self

    def __exit__(self, *_):
        end(self.process)

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.rpc_port}"

    @property
    def address(self):
        """Where other nodes find it."""
        peer = rpc(self.rpc_port, "system_localPeerId")
        return f"/ip4/127.0.0.1/tcp/{self.p2p_port}/p2p/{peer}"

    @property
    def worker(self):
        return f"http://127.0.0.1:{self.http_port}"

    def answers(self):
        rpc(self.rpc_port, "system_health")
        if self.base:
            request(self.http_port, "GET", "/health")
        return True

    def wait(self, condition, limit, otherwise):
        deadline = time.monotonic() + limit
        while True:
            # A node that is not up yet, or has ended, refuses; its log knows why.
            with contextlib.suppress(OSError):
                if condition():
                    return
            if self.process.poll() is not None:
                raise self.failed("ended by itself")
            if time.monotonic() > deadline:
                raise self.failed(f"{otherwise} within {limit} s")
            time.sleep(0.5)

    def failed(self, how):
        lines = self.log.read_text(errors="replace").splitlines()[-20:]
        return Failed("\n".join([f"the node {how}; the end of its log:", *lines]))

    def best(self):
        """The best block's number."""
        return int(rpc(self.rpc_port, "chain_getHeader")["number"], 16)

    def wait_for_block(self, number):
        limit = BLOCK_LIMIT * max(1, number - self.best())
        self.wait(lambda: self.best() >= number, limit, f"did not reach block {number}")

    def resident(self):
        """Resident memory in MiB."""
        resident = fields(f"/proc/{self.process.pid}/status").get("VmRSS")
        # The memory of a process that has ended is gone from there first.
        if resident is None:
            raise self.failed("ended by itself")
        return mib(resident)

    def is_up(self):
        """Whether it runs and answers."""
        try:
            return self.process.poll() is None and self.answers()
        except OSError:
            return False

    def metrics(self):
        return metrics(request(self.metrics_port, "GET", "/metrics"))
