"""Rehearses an upgrade on a running network.

Four validators start with the version that is out. Their chain is filled, a vote replaces its code
by that of the working tree, and old and new nodes have to go on together:

  {"upgrade": "1 -> 2", "passed": true, "lost": 0, "seconds": 696.1, "block": 116}

`lost` counts blocks that were final twice, transactions that were final and are gone, accounts that
do not add up, and entries of the state that the upgrade took away; it is null where nothing could
be counted. A rehearsal that did not pass has a `detail`, and leaves its logs. The exit status is 0
only if it passed.
"""

import argparse
import json
import os
import pathlib
import sys
import time

import upgrade_code
from commands import add_folder, whole
from network import Settings, locked
from places import CACHE, NODE, TARGET
from processes import Failed, leave_by_exception, say
from rpc import Refused
from upgrade_rehearsal import OTHERS, Rehearsal

# Above those of scripts/network and scripts/faults, beside which it can run.
PORTS_FROM = 31_400
LIMIT_SECONDS = 1_800


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/upgrade", description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    versions = parser.add_argument_group("versions")
    versions.add_argument("--from", metavar="REV", dest="revision",
                          help="the git revision that is out (default the released one)")
    versions.add_argument("--old-node", metavar="PATH", help="its node, instead of one built from its sources")
    versions.add_argument("--blob", type=pathlib.Path, metavar="PATH",
                          help="the new code, as scripts/runtime-hash --keep writes it (default the new node's own)")
    versions.add_argument("--no-build", action="store_true", help="use the binaries as they are")
    parser.add_argument("--no-try-state", dest="try_state", action="store_false",
                        help="leave out the runtime's checks of the state, which take its tests compiled")
    parser.add_argument("--limit", type=whole(60, 86_400), default=LIMIT_SECONDS, metavar="SECONDS",
                        help="the longest that it may take (default %(default)s)")
    parser.add_argument("--port-base", type=whole(1, 65_000), default=PORTS_FROM, metavar="N",
                        help="the first of its ports (default %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the data, also of a rehearsal that passed")
    add_folder(parser, CACHE / "upgrade" / "rehearsal")
    return parser.parse_args()


def rehearse(arguments, new_node):
    started = time.monotonic()
    settings = Settings(port_base=arguments.port_base, others=OTHERS)
    rehearsal = Rehearsal(arguments.folder / "network", settings, arguments.limit, new_node)
    audited = False
    try:
        code, version = upgrade_code.prepare(arguments.blob, new_node, arguments.folder)
        rehearsal.set_up()
        rehearsal.upgrade(code, version)
        rehearsal.audit()
        if arguments.try_state:
            rehearsal.try_state(os.environ["OPENLEDGER_RUNTIME_TESTS"])
        rehearsal.resume()
        audited = True
    except (Failed, Refused, OSError) as failed:
        rehearsal.details.append(str(failed))
    finally:
        rehearsal.tear_down()
    lost = rehearsal.lost.total()
    verdict = {"upgrade": " -> ".join(map(str, rehearsal.versions))}
    verdict |= {"passed": audited and not lost and not rehearsal.details}
    verdict |= {"lost": lost if audited else None, "seconds": round(time.monotonic() - started, 1)}
    verdict |= {"block": rehearsal.block}
    if not verdict["passed"]:
        say(f"logs are in {rehearsal.network.folder}")
        verdict["detail"] = "; ".join(rehearsal.details)
    elif not arguments.keep:
        rehearsal.network.purge()
    return verdict


def main():
    arguments = parse_arguments()
    new_node = pathlib.Path(os.environ.get("OPENLEDGER_NEW_NODE") or TARGET / "debug" / "openledger-node")
    for what, binary in (("old", NODE), ("new", new_node)):
        if not binary.is_file():
            raise Failed(f"there is no {what} node {binary}")
    if arguments.try_state and not os.environ.get("OPENLEDGER_RUNTIME_TESTS"):
        raise Failed("what the runtime's tests are compiled to is not known: leave --no-build away, "
                     "name it in OPENLEDGER_RUNTIME_TESTS, or give --no-try-state")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with locked(arguments.folder):
        verdict = rehearse(arguments, new_node.resolve())
    print(json.dumps(verdict), flush=True)
    return 0 if verdict["passed"] else 1


if __name__ == "__main__":
    leave_by_exception()
    try:
        sys.exit(main())
    except (Failed, Refused, OSError) as error:
        say(error)
        sys.exit(1)
