"""python3 -B scripts/lib/weights SUBCOMMAND; scripts/weights sets the toolchain and calls this."""

import argparse
import json
import pathlib
import shutil
import signal
import sys
import tempfile

import places
import build
import calls
import drift
from measure import PALLETS, measure
from messages import say
from processes import Failed

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def number(least):
    def parse(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return value

    parse.__name__ = "whole number"
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/weights")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("run", "Measures, and writes runtime/src/weights."),
        ("drift", drift.__doc__),
        ("check", "Measures nothing: whether every call has a measured weight, and none is too heavy."),
    ):
        one = commands.add_parser(name, description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name != "check":
            one.add_argument("--pallet", choices=PALLETS, action="append", help="only this one; can be repeated (default: all)")
            one.add_argument("--steps", type=number(2), default=6, metavar="N", help="values of each component (default %(default)s)")
            one.add_argument("--repeat", type=number(1), default=100, metavar="N", help="runs of each value, in ten rounds (default %(default)s)")
        if name != "run":
            one.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def report(shares):
    for call, part in sorted(shares.items(), key=lambda one: -one[1])[:10]:
        say(f"{call} takes at most {part:.2%} of a block")


def judge(shares):
    """The exit status: whether a call is too heavy."""
    heavy = [call for call, part in shares.items() if part > calls.HEAVY]
    for call in heavy:
        say(f"{call} is too heavy: more than {calls.HEAVY:.0%} of a block")
    return 1 if heavy else 0


def main():
    arguments = parse_arguments()
    if arguments.command == "check":
        _, shares = calls.check()
        report(shares)
        if arguments.json:
            print(json.dumps(calls.heaviest(shares), indent=1))
        return judge(shares)
    pallets = arguments.pallet or PALLETS
    build.everything()
    with tempfile.TemporaryDirectory(prefix="openledger-weights-") as folder:
        folder = pathlib.Path(folder)
        if arguments.command == "drift":
            found = drift.measured(pallets, folder, arguments.steps, arguments.repeat)
            print(json.dumps(found, indent=1) if arguments.json else "\n".join(drift.lines(found)))
        else:
            measure(pallets, folder, arguments.steps, arguments.repeat)
            places.COMMITTED.mkdir(exist_ok=True)
            for pallet in pallets:
                shutil.copyfile(folder / f"{pallet}.rs", places.COMMITTED / f"{pallet}.rs")
    _, shares = calls.check()
    report(shares)
    return judge(shares)


def stop(signal_number, _):
    """Leaves by an exception, so that everything that was started is ended on the way out."""
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    say("stopping")
    sys.exit(128 + signal_number)


if __name__ == "__main__":
    for one in SIGNALS:
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, stop)
    try:
        sys.exit(main())
    except (Failed, OSError) as failed:
        say(failed)
        sys.exit(1)
