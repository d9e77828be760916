"""What nodes finalised and clients were told, and what of it went missing. Nothing here asks a node."""

import hashlib


class Finalised:
    """Every hash that any node has ever called final, by height."""

    def __init__(self):
        self.by_height = {}

    def note(self, node, height, block):
        self.by_height.setdefault(height, {}).setdefault(block, set()).add(node)

    def conflicts(self):
        """The heights at which more than one block was final."""
        return sorted(height for height, blocks in self.by_height.items() if len(blocks) > 1)


class Transfers:
    """What a client sent, and what became of it as far as the client was told."""

    def __init__(self, amount):
        self.amount = amount
        self.submitted, self.final, self.failed, self.unfinished = set(), {}, {}, None

    def note(self, line):
        if "submitted" in line:
            self.submitted.add(line["submitted"])
        elif "finalised" in line:
            self.final[line["finalised"]] = line["to"]
        elif "failed" in line:
            self.failed[line["failed"]] = line["why"]
        elif "unfinished" in line:
            self.unfinished = line["unfinished"]

    def missing(self, on_chain):
        """What was final once, and is not on a chain."""
        return set(self.final) - on_chain

    def expected(self):
        """What each account has received, going by the finalised transfers."""
        totals = {}
        for account in self.final.values():
            totals[account] = totals.get(account, 0) + self.amount
        return totals


def extrinsic_hash(extrinsic):
    """A transaction's hash, from its bytes as a block's JSON has them."""
    return "0x" + hashlib.blake2b(bytes.fromhex(extrinsic[2:]), digest_size=32).hexdigest()


def unbalanced(audit, expected):
    """What does not add up in the accounts of one block: a line for each."""
    found = []
    if audit["sum"] != audit["issuance"]:
        found.append(f"accounts hold {audit['sum']} in all, issued are {audit['issuance']}")
    for account, amount in expected.items():
        if int(audit["balances"][account]) != amount:
            found.append(f"{account} has {audit['balances'][account]} and was sent {amount}")
    return found
