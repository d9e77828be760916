"""A network: its folder, its keys, its chain's specification, and its nodes."""

import contextlib
import dataclasses
import fcntl
import json
import pathlib
import shutil

from layout import (
    ARCHIVE, KEPT_BLOCKS, OPERATOR, PORT_BASE, RPC, VALIDATORS, address, highest_port, members,
)
from node import Node, listening
from places import NODE
from processes import Failed, end, run, say, wait

MARK = ".openledger-network"
# The first block comes with the first slot after the start, finality two blocks later; a busy machine
# takes its time.
FINALITY_LIMIT = 180
# So that there is something to warp over.
WARP_FROM = 5
WARP_LIMIT = 240


@dataclasses.dataclass(frozen=True)
class Settings:
    """What stays the same as long as a network's data does."""

    port_base: int = PORT_BASE
    validators: int = len(VALIDATORS)
    chain: str = "local"
    models: tuple = ()
    others: tuple = (OPERATOR, ARCHIVE, RPC)
    kept: int = KEPT_BLOCKS

    def __post_init__(self):
        if highest_port(self.port_base) > 65_535:
            raise Failed(f"--port-base {self.port_base} leaves too few ports above it")


def chain_of(given):
    """A preset's name as it is, a specification file by its whole path."""
    path = pathlib.Path(given)
    return str(path.resolve()) if path.is_file() else given


@contextlib.contextmanager
def locked(folder):
    """Keeps a second script from a folder for the time of the block."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(f"another script is at work on {folder}") from None
        yield


class Network:
    def __init__(self, folder, settings):
        self.folder = pathlib.Path(folder).resolve()
        self.settings = settings
        self.spec = self.folder / "chain.json"
        self.nodes = {
            member.name: Node(member, self)
            for member in members(settings.validators, settings.others)
        }
        self.started = []

    @classmethod
    def of(cls, folder):
        """The network of a folder, or none."""
        try:
            stored = json.loads((pathlib.Path(folder) / "network.json").read_text())
        except FileNotFoundError:
            return None
        lists = {name: tuple(stored[name]) for name in ("models", "others")}
        return cls(folder, Settings(**{**stored, **lists}))

    def validators(self):
        return [node for node in self.nodes.values() if node.member.role == "validator"]

    def running(self):
        return [node for node in self.nodes.values() if node.pid]

    def peers(self, member):
        """The addresses of the validators other than `member`."""
        others = [node for node in self.validators() if node.member != member]
        return [
            address(node.member, self.settings.port_base, (node.home / "peer-id").read_text().strip())
            for node in others
        ]

    def claim(self):
        """Makes the folder, and marks it: only what is marked is ever deleted."""
        mark = self.folder / MARK
        if not mark.exists() and self.folder.exists() and any(self.folder.iterdir()):
            raise Failed(f"{self.folder} exists and is not a network's; choose another with --folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        # Session keys lie in it, if only those of the development accounts.
        self.folder.chmod(0o700)
        mark.touch()

    def purge(self):
        if not (self.folder / MARK).exists():
            raise Failed(f"{self.folder} is not a network's; nothing is deleted")
        shutil.rmtree(self.folder)

    def refuse_taken_ports(self, nodes):
        taken = [
            f"{port} ({node.name}'s {what} port)"
            for node in nodes for what, port in node.ports.items() if listening(port)
        ]
        if taken:
            raise Failed(
                f"in use by something else: {', '.join(taken)}; stop it, or choose others with --port-base"
            )

    def prepare(self):
        """The chain's specification, and every node's keys, where they are not there yet."""
        if not self.spec.exists():
            say(f"writing the specification of the chain `{self.settings.chain}`")
            draft = self.folder / "chain.new"
            run([NODE, "export-chain-spec", "--chain", self.settings.chain, "--raw", "--output", draft])
            draft.replace(self.spec)
        (self.folder / "network.json").write_text(json.dumps(dataclasses.asdict(self.settings)) + "\n")
        for node in self.nodes.values():
            self.prepare_node(node)

    def prepare_node(self, node):
        node.home.mkdir(exist_ok=True)
        # Written last, so that a run that was cut short is made up for.
        peer_id = node.home / "peer-id"
        if peer_id.exists():
            return
        key = node.home / "node-key"
        key.unlink(missing_ok=True)
        _, said = run([NODE, "key", "generate-node-key", "--chain", self.spec, "--file", key])
        for kind, scheme, secret in node.member.keys():
            line = [NODE, "key", "insert", "--chain", self.spec, "--base-path", node.home / "data"]
            run([*line, "--key-type", kind, "--scheme", scheme, "--suri", secret])
        peer_id.write_text(said.strip() + "\n")

    def start(self, nodes):
        """Starts nodes and waits until they answer; remembers which."""
        for node in nodes:
            say(f"starting {node.name}")
            # Before it starts: an interruption between the two must not leave it running.
            self.started.append(node)
            node.start()
        for node in nodes:
            node.await_answer()

    def await_finalised(self, nodes, height, limit=FINALITY_LIMIT):
        """Waits until all of them have finalised a block, saying how far they are."""
        told = None

        def reached():
            nonlocal told
            heights = {}
            for node in nodes:
                node.check()
                heights[node.name] = node.finalised()
            lowest = min(heights.values())
            if lowest != told:
                told = lowest
                say(f"finalised everywhere: {lowest} of {height}")
            return lowest >= height

        names = ", ".join(node.name for node in nodes)
        wait(limit, reached, f"{names} did not all finalise block {height}", 1)

    def up(self):
        """Starts what does not run. The node that warps comes last, when there is something to prove."""
        missing = [node for node in self.nodes.values() if not node.pid]
        self.refuse_taken_ports(missing)
        late = [node for node in missing if node.member.role == RPC]
        soon = [node for node in missing if node not in late]
        self.start([node for node in soon if node.member.role == "validator"])
        self.start([node for node in soon if node.member.role != "validator"])
        early = [node for node in self.nodes.values() if node not in late]
        # A block that is new, where the chain has some already.
        goal = 1 + max(node.finalised() for node in self.validators())
        goal = max(goal, WARP_FROM) if late else goal
        self.await_finalised(early, goal)
        if late:
            self.start(late)
            self.await_finalised(late, goal, WARP_LIMIT)

    def stop(self, nodes=None):
        """Ends nodes together; all of them unless told which."""
        nodes = list(self.nodes.values()) if nodes is None else nodes
        pids = [pid for node in nodes if (pid := node.pid)]
        killed = end(pids)
        for node in nodes:
            node.pid_file.remove()
        return len(pids), killed
