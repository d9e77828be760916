"""Breaks networks on purpose, and looks for what went missing.

Each fault begins with a fresh network on ports of its own, prints one JSON line when it is over,
and leaves nothing running:

  {"fault": "kill-one", "passed": true, "lost": 0, "seconds": 95.1}

`lost` counts blocks that were final twice, transactions that were final and are gone, accounts that
do not add up, and requests that were neither answered nor refunded; it is null where nothing could
be counted. A fault that did not pass has a `detail`, and leaves its logs. The exit status is 0 only
if all of them passed.
"""

import json
import pathlib
import time

import faults
from layout import FAULTS_PORT_BASE, OPERATOR, RPC
from network import Settings, chain_of, locked
from places import CACHE, CLIENT, MODEL, NODE
from processes import Failed, say
from rpc import Refused
from trial import Trial

LIMIT_SECONDS = 900


def add_arguments(parser, add_folder, add_shape, whole):
    parser.add_argument("names", nargs="*", metavar="FAULT", help="which ones (default all; --list names them)")
    parser.add_argument("--list", action="store_true", help="say what there is, and end")
    parser.add_argument("--seed", default="0", help="draws the victims and the moments (default %(default)s)")
    parser.add_argument("--limit", type=whole(60, 86_400), default=LIMIT_SECONDS, metavar="SECONDS",
                        help="the longest that one fault may take (default %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the data of faults that passed")
    parser.add_argument("--model", type=pathlib.Path, default=MODEL, help="the base for operator-cut (default %(default)s)")
    parser.add_argument("--no-build", action="store_true", help="use the binaries as they are")
    add_folder(parser, CACHE / "faults")
    add_shape(parser, FAULTS_PORT_BASE)


def inject(name, arguments):
    """One fault from its fresh network to its verdict."""
    fault = faults.ALL[name]
    started = time.monotonic()
    settings = Settings(
        port_base=arguments.port_base or FAULTS_PORT_BASE,
        validators=arguments.validators or Settings.validators,
        chain=chain_of(arguments.chain or Settings.chain),
        models=(str(arguments.model.resolve()),) if OPERATOR in fault.OTHERS else (),
        others=fault.OTHERS,
        kept=fault.KEPT if RPC in fault.OTHERS else Settings.kept,
    )
    trial = Trial(arguments.folder / name, settings, arguments.seed, arguments.limit, arguments.model)
    audited = False
    try:
        fault.check(trial)
        trial.set_up()
        fault.inject(trial)
        trial.audit()
        audited = True
    except (Failed, Refused, OSError) as failed:
        trial.details.append(str(failed))
    finally:
        trial.tear_down()
    lost = trial.lost.total()
    verdict = {"fault": name, "passed": audited and not lost and not trial.details}
    verdict |= {"lost": lost if audited else None, "seconds": round(time.monotonic() - started, 1)}
    if not verdict["passed"]:
        say(f"{name}: logs are in {trial.network.folder}")
        verdict["detail"] = "; ".join(trial.details)
    elif not arguments.keep:
        trial.network.purge()
    return verdict


def main(arguments):
    if arguments.list:
        for name, fault in faults.ALL.items():
            print(f"{name:<16} {fault.__doc__.splitlines()[0]}")
        return 0
    unknown = [name for name in arguments.names if name not in faults.ALL]
    if unknown:
        raise Failed(f"there is no fault {', '.join(unknown)} (see scripts/faults --list)")
    for binary in (NODE, CLIENT):
        if not binary.is_file():
            raise Failed(f"{binary} is not built yet: leave --no-build away")
    passed = True
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with locked(arguments.folder):
        for name in arguments.names or faults.ALL:
            say(f"{name}: {faults.ALL[name].__doc__.splitlines()[0]}")
            verdict = inject(name, arguments)
            print(json.dumps(verdict), flush=True)
            passed &= verdict["passed"]
    return 0 if passed else 1
