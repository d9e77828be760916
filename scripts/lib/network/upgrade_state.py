"""A chain's state by its raw entries: what an upgrade took away, and what it changed."""

import dataclasses

import state

# What the hooks of a block change without any transaction, an upgrade's with them: pallets, or single
# entries of theirs. Everything else belongs to somebody, and is to be the same after the upgrade's block as before.
OF_HOOKS = {
    "System", "Timestamp", "Babe", "Authorship", "Grandpa", "Session", "Historical", "Offences", "Staking",
    "VoterList", "TransactionPayment", "Scheduler", "Referenda", "ContributorReferenda", "Treasury", "Rewards",
    "Balances.InactiveIssuance", "Inference.NextExpiry", "Attribution.NextDue", "layout",
}
# Of these pallets too, this is somebody's.
OWNED = {"System.Account", "Staking.Ledger", "Staking.Bonded", "Staking.Nominators", "Staking.Validators", "Rewards.Payees"}
# At the end of an era, what validators have earned is burned, and minted when somebody asks for it.
ERA, OF_ERAS = "Staking.ActiveEra", {"System.Account", "Balances.TotalIssuance"}
# The bytes of a key that name its pallet and which of its entries it is, in hexadecimal.
PREFIX = len("0x") + 64
# The end of a prefix under which FRAME keeps how a pallet's entries are laid out.
LAYOUT = "4e7b9012096b41c4eb3aaf947f6ea429"


def read(node, block):
    """Every key with its value."""
    found = {}
    names = state.keys(node, block)
    for first in range(0, len(names), state.GROUP):
        (changes,) = node.rpc("state_queryStorageAt", names[first:first + state.GROUP], block)
        found.update(changes["changes"])
    return found


def write(entries, path):
    """A line of key and value for each entry, both in hexadecimal: what the runtime's test reads."""
    path.write_text("".join(f"{key} {value}\n" for key, value in entries.items()))


def of_hooks(entry):
    pallet = entry.partition(".")[0]
    return entry in OF_HOOKS or pallet in OF_HOOKS and entry not in OWNED


@dataclasses.dataclass
class Difference:
    """The keys that went, came and changed, each by the kind of entry that they are of."""

    gone: dict
    new: dict
    changed: dict

    def lost(self):
        """What an upgrade may not do, a line for each kind of entry."""
        excused = OF_ERAS if ERA in self.changed else set()
        return [
            f"the upgrade's block left {len(names)} of {entry} {what}: {names[0]}"
            for what, keys, allowed in (("gone", self.gone, set()), ("changed", self.changed, excused))
            for entry, names in sorted(keys.items())
            if not of_hooks(entry) and entry not in allowed
        ]


def compare(before, after, prefixes):
    """`prefixes` has the first bytes of the keys of each kind of entry, by its name."""
    owners = {prefix: entry for entry, prefix in prefixes.items()}

    def owner(key):
        prefix = key[:PREFIX]
        return "layout" if prefix.endswith(LAYOUT) else owners.get(prefix, "unknown")

    def by_owner(keys):
        found = {}
        for key in sorted(keys):
            found.setdefault(owner(key), []).append(key)
        return found

    return Difference(
        gone=by_owner(before.keys() - after.keys()),
        new=by_owner(after.keys() - before.keys()),
        changed=by_owner(key for key in before.keys() & after.keys() if before[key] != after[key]),
    )
