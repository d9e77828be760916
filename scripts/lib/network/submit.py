"""submit.mjs, which signs and decodes."""

import contextlib
import json
import os
import subprocess
import threading

from ledger import Transfers
from places import CLIENT, NODE, POLKADOT_JS, SUBMIT
from processes import Failed, end, run

DRAIN_SECONDS = 120
SINKS = 16
AMOUNT = 10**16


def command(name, **options):
    line = ["node", SUBMIT, name]
    for option, value in options.items():
        line += [f"--{option}", value]
    return [str(part) for part in line]


def environment():
    if not (POLKADOT_JS / "node_modules" / "@polkadot" / "api").is_dir():
        raise Failed(f"@polkadot/api is not installed: run npm ci in {POLKADOT_JS}")
    return {**os.environ, "OPENLEDGER_NODE": str(NODE), "OPENLEDGER_CLIENT": str(CLIENT)}


def ask(name, limit, **options):
    """The JSON that a command prints."""
    output, _ = run(command(name, **options), limit, env=environment())
    return json.loads(output)


class Load:
    """Signed transfers through one node, until told to stop."""

    def __init__(self, node, key, rate, log):
        self.transfers = Transfers(AMOUNT)
        # Accounts that nothing else touches.
        sinks = f"{key}//faults"
        line = command("transfers", url=node.url, key=key, sinks=sinks, count=SINKS, rate=rate,
                       amount=AMOUNT, drain=DRAIN_SECONDS)
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                env=environment(), start_new_session=True,
            )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.transfers.note(json.loads(line))

    def check(self):
        if self.process.poll() is not None:
            raise Failed(f"the transfers ended by themselves; see {self.log}")

    def finish(self):
        """Sends no more, waits until everything sent is final, and returns what was sent."""
        if self.process.stdin.closed:
            return self.transfers
        self.check()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(DRAIN_SECONDS + 30)
        except subprocess.TimeoutExpired:
            raise Failed(f"the transfers did not end; see {self.log}") from None
        self.reader.join()
        if self.transfers.unfinished is None:
            raise Failed(f"the transfers broke off; see {self.log}")
        return self.transfers

    def abandon(self):
        end([self.process.pid], 5)
