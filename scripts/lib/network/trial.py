"""The stage of one fault: a fresh network, a load on it, and the audit at the end."""

import collections
import random
import time

import submit
from layout import OPERATOR
from ledger import extrinsic_hash, unbalanced
from network import FINALITY_LIMIT, MARK, WARP_LIMIT, Network
from processes import Failed, say, wait
from rpc import Refused
from watch import Watch

RATE = 5
# A node that lags by no more than this follows: finality and the polls take turns.
LAG = 4
PAYER_OF_LOAD = "//Eve"


class Trial:
    def __init__(self, folder, settings, seed, limit, model):
        self.network = Network(folder, settings)
        # By the fault's name too, so that a fault alone draws as it does among others.
        self.random = random.Random(f"{seed}/{self.network.folder.name}")
        self.deadline = time.monotonic() + limit
        self.model = model
        self.lost = collections.Counter()
        self.details = []
        self.load = None
        self.watch = Watch(self.network)

    # Before and after.

    def set_up(self):
        # What an earlier run left, as a failed one does on purpose, and one that was killed by itself.
        if earlier := Network.of(self.network.folder):
            earlier.stop()
        if (self.network.folder / MARK).exists():
            self.network.purge()
        self.network.claim()
        self.network.refuse_taken_ports(self.network.nodes.values())
        self.network.prepare()
        self.network.start(self.validators())
        if OPERATOR in self.network.nodes:
            self.network.start([self.node(OPERATOR)])
        self.network.await_finalised(self.network.running(), 1, self.limited(FINALITY_LIMIT))
        self.watch.start()

    def tear_down(self):
        if self.load:
            self.load.abandon()
        self.watch.ended.set()
        self.network.stop()

    # What faults are made of.

    def node(self, name):
        return self.network.nodes[name]

    def validators(self):
        return self.network.validators()

    def anchor(self):
        """The validator that is never touched: the load goes through it, and the audit asks it."""
        return self.validators()[0]

    def victims(self, count):
        return self.random.sample(self.validators()[1:], count)

    def limited(self, limit):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise Failed("out of time")
        return min(limit, left)

    def wait(self, limit, condition, otherwise, pause=1):
        def checked():
            self.anchor().check()
            return condition()

        return wait(self.limited(limit), checked, otherwise, pause)

    def sleep(self, seconds):
        time.sleep(self.limited(seconds))

    def start_load(self, rate=RATE):
        log = self.network.folder / "submit.log"
        self.load = submit.Load(self.anchor(), PAYER_OF_LOAD, rate, log)
        wait(self.limited(60), self.under_way, "no transfer became final")

    def under_way(self):
        self.load.check()
        return bool(self.load.transfers.final)

    def start(self, node, environment=None):
        say(f"starting {node.name}" + (f" with {environment}" if environment else ""))
        node.start(environment)
        node.await_answer(self.limited(180))

    def expect_finality(self, blocks, limit):
        """Finality goes on by this many blocks."""
        first = self.anchor().finalised()
        self.wait(
            limit, lambda: self.anchor().finalised() >= first + blocks,
            lambda: f"finality went from block {first} to {self.anchor().finalised()}, not by {blocks} blocks",
        )

    def await_caught_up(self, node, limit=WARP_LIMIT):
        """A node has finalised, to within a few blocks, what the others have."""
        def caught_up():
            node.check()
            return node.finalised() >= self.anchor().finalised() - LAG

        self.wait(limit, caught_up, f"{node.name} did not catch up")

    # The audit.

    def audit(self):
        """Counts what went missing. The nodes that run have to agree first."""
        say("looking for what went missing")
        transfers = self.load.finish() if self.load else None
        for node in self.network.running():
            self.await_caught_up(node)
        self.watch.finish()
        self.count("blocks", [f"two blocks were final at height {at}" for at in self.watch.finalised.conflicts()])
        expected = {}
        if transfers:
            self.audit_transfers(transfers)
            expected = transfers.expected()
        at = self.anchor().rpc("chain_getFinalizedHead")
        found = submit.ask("audit", self.limited(120), url=self.anchor().url, at=at, accounts=",".join(expected))
        self.count("funds", unbalanced(found, expected))
        self.count("requests", [f"request {one} is overdue and still pending" for one in found["overdue"]])
        if found["disabled"]:
            self.details.append(f"{found['disabled']} validators are disabled as offenders")

    def audit_transfers(self, transfers):
        for node in self.network.running():
            # One that warped lacks old bodies.
            if node.member.role == "rpc":
                continue
            missing = transfers.missing(on_chain(node))
            self.count("transactions", [f"{one} was final and is not at {node.name}" for one in sorted(missing)])
        if transfers.unfinished:
            self.details.append(f"{len(transfers.unfinished)} transfers were taken and never became final")
        if transfers.failed:
            kinds = dict(collections.Counter(transfers.failed.values()))
            self.details.append(f"the pool gave transfers up: {kinds}")
        say(f"{len(transfers.final)} of {len(transfers.submitted)} transfers became final")

    def count(self, kind, found):
        self.lost[kind] += len(found)
        # The first few tell what it is about.
        self.details += found[:3]


def on_chain(node):
    """The hashes of all transactions in a node's finalised chain."""
    found = set()
    for height in range(1, node.finalised() + 1):
        block = node.rpc("chain_getBlock", node.rpc("chain_getBlockHash", height))
        if block is None:
            raise Refused(f"{node.name} lacks block {height}")
        found.update(map(extrinsic_hash, block["block"]["extrinsics"]))
    return found
