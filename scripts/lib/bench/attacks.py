"""What attacks on the rule of attribution gain, with what answers them and without.

Prints one JSON object: what the example `attacks` of the attribution engine reports (docs/attacks.md says what
its rows are). Gains are percentage points of the contributors' pool over honest behaviour, averaged over users'
questions, with 95 % intervals over attackers and questions. `gaining` lists what gains more than is aimed at
where records are paid, as model versions do unless they say otherwise; operators' rows are of contributors paid.
"""

import json
import pathlib

import build
from machine import conditions
from places import ATTACKS, GROUND
from processes import run
from targets import TARGETS

MOST = float(TARGETS["attack_gain"].removeprefix("<= "))
ATTACKERS = ("owner", "outsider")


def add_arguments(parser, number):
    parser.add_argument("--draws", type=number(1), default=5, metavar="N", help="attackers of each kind (default %(default)s)")
    parser.add_argument("--work", type=pathlib.Path, metavar="DIRECTORY", help="where trials are noted, to go on from; of the same build only (default: nowhere)")
    parser.set_defaults(model=None)


def judged(found):
    """The largest mean gain against the defences, and the attacks that gain more than is aimed at."""
    gains = [(row[who]["with"]["mean"], row["name"], who) for row in found["attacks"] for who in ATTACKERS]
    gaining = [{"name": name, "attacker": who, "gain": gain} for gain, name, who in gains if gain > MOST]
    return {"attack_gain": max(gain for gain, _, _ in gains), "gaining": gaining}


def measure(arguments, folder):
    build.example("attacks")
    found = conditions()
    work = arguments.work or folder / "work"
    reported = json.loads(run([ATTACKS, GROUND, work, arguments.draws]))
    return found | {"targets": {"attack_gain": TARGETS["attack_gain"]}} | judged(reported) | reported
