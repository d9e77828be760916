"""The engines that ours is measured beside. Any of them may be missing here, which is no failure."""

import json
import sys

from places import ROOT
from processes import Failed, run, say

LIBRARY = ROOT / "scripts" / "lib"
sys.path.append(str(LIBRARY / "peers"))

import environments

# Seconds that one run of a peer may take: threads of some spin while they wait for each other, which on a
# busy machine takes a hundred times as long.
PATIENCE = 300


class Peer:
    """One of them: its Python, or why it is missing."""

    def __init__(self, package, interpreter, runs):
        self.package, self.most_runs = package, runs
        self.python = self.unavailable = None
        try:
            self.python = interpreter(say, run)
        except (environments.Missing, Failed) as missing:
            self.leave_out(missing)

    def leave_out(self, reason):
        self.unavailable = str(reason)
        say(f"{self.package} is left out: {reason}")

    def ask(self, number, script, *arguments, given):
        """What a script of scripts/lib printed on run `number`; none, then and later, once it has failed."""
        if self.unavailable or number >= self.most_runs:
            return None
        line = [self.python, "-B", LIBRARY / script, *arguments]
        try:
            return json.loads(run(line, text=json.dumps(given), patience=PATIENCE))
        except (Failed, ValueError) as failed:
            self.leave_out(f"{script} failed: {failed}")
            return None

    def described(self, figures):
        missing = {"unavailable": self.unavailable} if self.unavailable else {}
        return {"package": self.package} | missing | figures


class Decoder(Peer):
    """A peer that continues prompts."""

    def __init__(self, package, interpreter, script, runs):
        super().__init__(package, interpreter, runs)
        self.script = script
        self.short, self.long, self.batches = [], [], []

    def decode(self, into, number, arguments, tokens, prompt):
        asked = (arguments.model, tokens, arguments.threads)
        into += filter(None, [self.ask(number, self.script, *asked, given=prompt)])

    def batch(self, number, arguments, tokens, prompts):
        asked = (arguments.model, tokens, arguments.threads)
        self.batches += filter(None, [self.ask(number, "llama/batch.py", *asked, given=prompts)])


def without(option):
    """In place of an interpreter that is not wanted."""
    def missing(*_):
        raise environments.Missing(f"left out with {option}")

    return missing


def wanted(arguments, interpreter):
    return interpreter if arguments.peers else without("--no-peer")


def llama(arguments):
    """llama.cpp compiled for this machine, and as it comes for any."""
    native = without("--wheel-only") if arguments.wheel_only else environments.native
    packages = environments.package("native.txt"), environments.beside("llama").REQUIREMENTS[0]
    return [
        Decoder(package, wanted(arguments, interpreter), "llama/decode.py", arguments.runs)
        for package, interpreter in zip(packages, (native, environments.wheel), strict=True)
    ]


def mistral(arguments):
    package, interpreter = environments.package("mistralrs.txt"), wanted(arguments, environments.mistralrs)
    # A run of it takes longer than everyone else's together.
    return Decoder(package, interpreter, "peers/mistral_decode.py", min(arguments.runs, 3))


def torch(arguments, runs):
    return Peer("torch, transformers, peft", wanted(arguments, environments.torch), runs)


def infini_gram(interpreter=environments.infini_gram):
    return Peer(environments.package("infini-gram.txt"), interpreter, 1)


class Finder(Peer):
    """all-MiniLM-L6-v2, run by torch's Python."""

    def __init__(self, arguments):
        super().__init__(environments.package("minilm.txt"), wanted(arguments, environments.torch), 1)
        if not self.unavailable:
            try:
                self.folder = environments.minilm(say, run)
            except (environments.Missing, Failed) as missing:
                self.leave_out(missing)

    def ranks(self, given):
        """The rank of each question's record, by kind of question; nothing where it is missing."""
        return None if self.unavailable else self.ask(0, "peers/minilm.py", self.folder, given=given)
