"""What the nodes of a network say of themselves, as a table or as JSON."""

import concurrent.futures
import json
import sys
import time

from rpc import Refused

COLUMNS = ("name", "role", "pid", "height", "finalised", "peers", "rpc", "metrics")
REFRESH_SECONDS = 2


def describe(node):
    """A node's row; what it does not tell is null."""
    row = {"name": node.name, "role": node.member.role, "pid": node.pid}
    row |= {"height": None, "finalised": None, "peers": None, **node.ports}
    if row["pid"]:
        try:
            row |= {"height": node.best(), "finalised": node.finalised(), "peers": node.peers()}
        except (OSError, Refused):
            # It starts, or is too busy to answer.
            pass
    return row


def rows(network):
    with concurrent.futures.ThreadPoolExecutor(len(network.nodes)) as pool:
        return list(pool.map(describe, network.nodes.values()))


def well(found):
    """Whether every node runs and answers."""
    return all(row["pid"] and row["finalised"] is not None for row in found)


def table(found):
    """Numbers to the right, text to the left, a dash for what is not known."""
    cells = [[name.upper() for name in COLUMNS]]
    cells += [["–" if row[name] is None else str(row[name]) for name in COLUMNS] for row in found]
    widths = [max(len(line[column]) for line in cells) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if name in ("name", "role") else cell.rjust(width)
            for name, cell, width in zip(COLUMNS, line, widths)
        ).rstrip()
        for line in cells
    )


def show(network, as_json=False, once=False):
    """Prints the network's state; on a terminal again and again, until Ctrl-C."""
    if sys.stdout.isatty() and not once and not as_json:
        return follow(network)
    found = rows(network)
    print(json.dumps({"folder": str(network.folder), "nodes": found}) if as_json else table(found))
    return 0 if well(found) else 1


def follow(network):
    print("\033[2J", end="")
    try:
        while True:
            # Over what was there, line by line, so that nothing flickers.
            lines = table(rows(network)).replace("\n", "\033[K\n")
            print(f"\033[H{lines}\033[K\n\n{network.folder} · Ctrl-C to leave\033[K\033[J", end="", flush=True)
            time.sleep(REFRESH_SECONDS)
    except SystemExit:
        # Leaving is what Ctrl-C is for here.
        print()
        return 0
