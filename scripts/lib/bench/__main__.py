"""python3 -B scripts/lib/bench SUBCOMMAND; scripts/bench sets the toolchain and calls this."""

import argparse
import json
import pathlib
import signal
import sys
import tempfile

import attacks
import attribution
import chain
import demonstration
import index
import retrieval
import serving
import settlement
from processes import Failed, say

BENCHMARKS = {
    "serving": serving,
    "chain": chain,
    "demonstration": demonstration,
    "retrieval": retrieval,
    "index": index,
    "attribution": attribution,
    "attacks": attacks,
    "settlement": settlement,
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def number(least):
    """A type for whole numbers of at least `least`."""
    def parse(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return value

    parse.__name__ = "whole number"
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    subparsers = parser.add_subparsers(dest="benchmark", required=True)
    for name, benchmark in BENCHMARKS.items():
        own = subparsers.add_parser(
            name, description=benchmark.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        benchmark.add_arguments(own, number)
    arguments = parser.parse_args()
    if arguments.model and not arguments.model.is_file():
        parser.error(f"{arguments.model} is not there yet: run scripts/setup")
    return arguments


def stop(signal_number, _):
    """Leaves by an exception, so that everything that was started is ended on the way out."""
    # Which a second Ctrl-C must not cut short.
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    say("stopping")
    sys.exit(128 + signal_number)


def main():
    arguments = parse_arguments()
    for one in SIGNALS:
        # Under nohup, say, one of them is to be ignored.
        if signal.getsignal(one) != signal.SIG_IGN:
            signal.signal(one, stop)
    with tempfile.TemporaryDirectory(prefix="openledger-bench-") as folder:
        found = BENCHMARKS[arguments.benchmark].measure(arguments, pathlib.Path(folder))
    print(json.dumps({"benchmark": arguments.benchmark, **found}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    try:
        main()
    except (Failed, OSError) as failed:
        say(failed)
        sys.exit(1)
