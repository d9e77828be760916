"""The whole of a chain's state, read through a node's database."""

import hashlib

# Keys of one page; the code alone is a megabyte, which is why values come in smaller groups.
PAGE = 512
GROUP = 128


def keys(node, block):
    found = []
    while True:
        page = node.rpc("state_getKeysPaged", "0x", PAGE, found[-1] if found else None, block)
        found += page
        if len(page) < PAGE:
            return found


def digest(node, block):
    """The number of entries, and a hash over all keys and values."""
    everything = hashlib.blake2b()
    names = keys(node, block)
    for first in range(0, len(names), GROUP):
        (changes,) = node.rpc("state_queryStorageAt", names[first:first + GROUP], block)
        for key, value in changes["changes"]:
            everything.update(f"{key}={value}\n".encode())
    return len(names), everything.hexdigest()
