"""The rehearsal: a chain that is filled, upgraded by vote, and followed by old and new nodes."""

import os

import upgrade_chain
import upgrade_state
from layout import ARCHIVE
from network import Network
from processes import Failed, run, say
from state import digest
from trial import Trial

# The one that joins when all is done, and executes the whole history: the archive node does.
OTHERS = (ARCHIVE,)
NEWCOMER = ARCHIVE
PAUSED = "Balances.transfer_all"
PAUSE_REFUSED = "system.CallFiltered"
BLOCKS = 10
FINALITY_LIMIT = 120
# The whitelist's track asks for less support by the block; the voters have enough after 64 of 280.
VOTE_LIMIT = 480
GRANT_LIMIT = 240
AUTHORS_BLOCKS = 60
TRY_STATE_LIMIT = 300
TRY_STATE_TEST = "tests::state::state_of_a_running_chain_holds"


class Rehearsal(Trial):
    def __init__(self, folder, settings, limit, new_node):
        super().__init__(folder, settings, 0, limit, None)
        self.network = self.watch.network = Network(folder, settings)
        self.new_node = new_node
        self.versions = []
        self.block = None
        self.end = None

    def ask(self, name, limit=120, **options):
        return upgrade_chain.ask(name, self.limited(limit), url=self.anchor().url, **options)

    def upgrade(self, code, version):
        self.versions = [self.version(self.anchor())]
        # The chain would say so too, once everybody has voted.
        if version is not None and version <= self.versions[0]:
            raise Failed(f"the new code has the version {version}, the chain {self.versions[0]}: raise its spec_version")
        say("filling the chain")
        self.ask("fill")
        say("proposing a pause and the new code, and voting for both")
        proposed = self.ask("propose", blob=code)
        self.start_load()
        for node in self.validators()[2:]:
            self.replace(node)
        self.await_vote(proposed)
        earlier = self.finish_load()
        self.apply(code)
        self.compare_states()
        self.start_load()
        self.expect_follow()
        say("accepting a contribution that was made before the upgrade")
        self.ask("accept")
        self.join()
        self.await_grant()
        merge(self.finish_load(), earlier)

    # Before the upgrade.

    def replace(self, node):
        """The new binary takes over, while the code of the chain is still the old."""
        node.stop()
        node.binary = self.new_node
        self.start(node)
        self.await_caught_up(node)
        self.expect_finality(2, FINALITY_LIMIT)
        say(f"{node.name} is {node.rpc('system_version')}, {self.anchor().name} {self.anchor().rpc('system_version')}")

    def await_vote(self, proposed):
        say("waiting until the votes carry")
        self.ask("carried", VOTE_LIMIT, referenda=",".join(map(str, proposed["referenda"])))
        found = {}

        def decided():
            found.update(self.ask("decided"))
            return found["paused"] == [PAUSED] and found["authorised"] == proposed["codeHash"]

        self.wait(60, decided, lambda: f"the votes were carried out differently: {found}")
        self.expect_paused()

    def expect_paused(self):
        refused = self.ask("try")["refused"]
        if refused != PAUSE_REFUSED:
            raise Failed(f"the paused {PAUSED} was not refused as {PAUSE_REFUSED} but: {refused}")

    def finish_load(self):
        """Transactions signed for the old version would be invalid after the upgrade."""
        return self.load.finish()

    # The upgrade.

    def apply(self, code):
        # Decided on by both versions: it begins under the one and is carried under the other.
        self.ask("grant")
        say("replacing the code")
        done = self.ask("apply", blob=code)
        if not done["updated"]:
            raise Failed(f"the code was refused: {', '.join(done['names'])}")
        self.block = done["number"]
        first = self.block + 1
        self.wait(FINALITY_LIMIT, lambda: self.anchor().finalised() > first, f"block {first} is not final")
        self.versions.append(self.version(self.anchor()))
        if self.versions[1] <= self.versions[0]:
            raise Failed(f"the version did not rise: {self.versions}")
        say(f"version {self.versions[1]} since block {first}")

    def compare_states(self):
        """The block that runs the migrations, against the one before."""
        anchor = self.anchor()
        last, first = (anchor.rpc("chain_getBlockHash", at) for at in (self.block, self.block + 1))
        before, after = upgrade_state.read(anchor, last), upgrade_state.read(anchor, first)
        # What only one of the versions knows is told by that one's metadata.
        prefixes = self.ask("prefixes", at=last) | self.ask("prefixes", at=first)
        found = upgrade_state.compare(before, after, prefixes)
        for what in ("gone", "new", "changed"):
            counts = {entry: len(names) for entry, names in getattr(found, what).items()}
            say(f"{what}, of {len(before)} entries: {counts}")
        self.count("entries", found.lost())
        self.expect_paused()
        ends = self.ask("ends", at=first)
        if ends.keys() != {PAUSED}:
            raise Failed(f"the migration gave an end to {list(ends) or 'nothing'}, and paused is {PAUSED}")
        self.end = ends[PAUSED]
        say(f"the pause of {PAUSED} ends at block {self.end}, and had no end before")

    # After the upgrade.

    def version(self, node, *block):
        return node.rpc("state_getRuntimeVersion", *block)["specVersion"]

    def expect_follow(self):
        """All of them finalise and author under the new code, whichever binary they are."""
        self.expect_finality(BLOCKS, FINALITY_LIMIT)
        for node in self.validators():
            self.await_caught_up(node)
        self.expect_version(self.validators())
        names = {node.name for node in self.validators()}
        seen = set()

        def everybody():
            best = self.anchor().best()
            seen.update(self.ask("authors", first=self.block + 1, last=best))
            if names - seen and best > self.block + AUTHORS_BLOCKS:
                raise Failed(f"{', '.join(sorted(names - seen))} made none of the {AUTHORS_BLOCKS} blocks since the upgrade")
            return names <= seen

        self.wait(AUTHORS_BLOCKS * 4, everybody, lambda: f"only {seen} made blocks", 5)
        say("every validator has made blocks since the upgrade")

    def expect_version(self, nodes):
        for node in nodes:
            block = node.rpc("chain_getFinalizedHead")
            if self.version(node, block) != self.versions[1]:
                raise Failed(f"{node.name} finalised {block} with version {self.version(node, block)}")

    def join(self):
        """A new node executes the whole history, with the code of its time."""
        newcomer, anchor = self.node(NEWCOMER), self.anchor()
        newcomer.binary = self.new_node
        self.start(newcomer)
        self.await_caught_up(newcomer)
        self.expect_version([newcomer])
        genesis = anchor.rpc("chain_getBlockHash", 0)
        if self.version(newcomer, genesis) != self.versions[0]:
            raise Failed(f"{newcomer.name} has version {self.version(newcomer, genesis)} at genesis")
        block = anchor.rpc("chain_getFinalizedHead")
        nodes = self.network.running()
        for node in nodes:
            self.await_caught_up(node)
            self.wait(60, lambda node=node: node.rpc("chain_getHeader", block), f"{node.name} lacks {block}")
        if len({digest(node, block) for node in nodes}) > 1:
            raise Failed(f"the nodes differ in the state of {block}")
        say(f"{newcomer.name} has executed every block since genesis; {len(nodes)} nodes have the same state")

    def await_grant(self):
        def granted():
            return len(self.ask("spends")) == 1

        self.wait(GRANT_LIMIT, granted, "the referendum that was open at the upgrade was not carried", 5)
        say("the referendum that was open at the upgrade was carried")

    def resume(self):
        """The pause from before the upgrade is lifted by what the upgrade brought."""
        self.ask("resume")
        if refused := self.ask("try")["refused"]:
            raise Failed(f"{PAUSED} is still refused after its pause: {refused}")
        if ends := self.ask("ends", at=self.anchor().rpc("chain_getHeader")["parentHash"]):
            raise Failed(f"of the pause that was lifted, an end is left: {ends}")
        say(f"the committee has lifted the pause of {PAUSED}")

    def try_state(self, tests):
        """What the runtime's own code says of the state that the chain has now."""
        anchor = self.anchor()
        block = anchor.rpc("chain_getFinalizedHead")
        path = self.network.folder / "state"
        upgrade_state.write(upgrade_state.read(anchor, block), path)
        say(f"checking the state of {block}")
        line = [tests, "--ignored", "--exact", TRY_STATE_TEST]
        environment = {**os.environ, "OPENLEDGER_STATE": str(path)}
        output, _ = run(line, self.limited(TRY_STATE_LIMIT), env=environment)
        # A name that no test has passes too.
        if "1 passed" not in output:
            raise Failed(f"{tests} has no test {TRY_STATE_TEST}")


def merge(later, earlier):
    """Both loads are audited as one."""
    later.submitted |= earlier.submitted
    later.final |= earlier.final
    later.failed |= earlier.failed
    later.unfinished += earlier.unfinished
