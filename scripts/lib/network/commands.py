"""The command line of scripts/network and scripts/faults."""

import argparse
import dataclasses
import pathlib
import sys

import status
from layout import PORT_BASE, VALIDATORS
from network import Network, Settings, chain_of, locked
from places import CACHE, NODE
from processes import Failed, say


def whole(least, most):
    """A type for whole numbers between two."""
    def parse(text):
        value = int(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
        return value

    parse.__name__ = "whole number"
    return parse


def add_folder(parser, default):
    parser.add_argument(
        "--folder", type=pathlib.Path, default=default, metavar="DIRECTORY",
        help="data, keys, logs and pid files (default %(default)s)",
    )


def add_shape(parser, port_base):
    """What a network is made of."""
    parser.add_argument("--port-base", type=whole(1, 65_000), metavar="N",
                        help=f"the first of its ports (default {port_base})")
    parser.add_argument("--validators", type=whole(1, len(VALIDATORS)), metavar="N",
                        help=f"how many of {', '.join(VALIDATORS)} to start; the chain has to name no others (default all)")
    parser.add_argument("--chain", metavar="CHAIN", help="the node's preset, or a specification file (default local)")


def chosen(arguments, stored):
    """The settings that the command line asks for, on top of those there are."""
    given = {
        field.name: value for field in dataclasses.fields(Settings)
        if (value := getattr(arguments, field.name, None)) is not None
    }
    if "chain" in given:
        given["chain"] = chain_of(given["chain"])
    if "models" in given:
        given["models"] = tuple(str(pathlib.Path(model).resolve()) for model in given["models"])
    return dataclasses.replace(stored, **given)


def need_binary():
    if not NODE.is_file():
        raise Failed(f"{NODE} is not built yet: leave --no-build away, or name another in OPENLEDGER_NODE")


def up(arguments):
    need_binary()
    stored = Network.of(arguments.folder)
    settings = chosen(arguments, stored.settings if stored else Settings())
    for model in settings.models:
        if not pathlib.Path(model).exists():
            raise Failed(f"there is no model {model}")
    if stored and settings != stored.settings:
        if stored.running():
            raise Failed("it runs with other settings; scripts/network down first")
        if (settings.chain, settings.validators) != (stored.settings.chain, stored.settings.validators):
            raise Failed("its data are of another chain; scripts/network down --purge first")
    network = Network(arguments.folder, settings)
    network.claim()
    with locked(network.folder):
        try:
            network.refuse_taken_ports([node for node in network.nodes.values() if not node.pid])
            network.prepare()
            network.up()
        except BaseException:
            if any(node.pid for node in network.started):
                say("stopping what was started")
            network.stop(network.started)
            raise
    print(addresses(network))
    return 0


def addresses(network):
    lines = [f"{len(network.nodes)} nodes run; scripts/network down stops them.", f"Logs: {network.folder}/NAME/node.log", ""]
    for node in network.nodes.values():
        metrics = f"http://127.0.0.1:{node.ports['metrics']}/metrics"
        worker = f"  worker {node.worker}" if "worker" in node.ports else ""
        lines.append(f"  {node.name:<9} {node.url}  {metrics}{worker}")
    return "\n".join(lines)


def down(arguments):
    network = Network.of(arguments.folder)
    if network:
        with locked(network.folder):
            ended, killed = network.stop()
        say(f"stopped {ended} nodes" + (f", {killed} of them by force" if killed else ""))
    else:
        say(f"there is no network in {arguments.folder}")
    if arguments.purge and arguments.folder.exists():
        (network or Network(arguments.folder, Settings())).purge()
        say(f"deleted {arguments.folder}")
    return 0


def show(arguments):
    network = Network.of(arguments.folder)
    if not network:
        raise Failed(f"there is no network in {arguments.folder}; scripts/network up starts one")
    return status.show(network, arguments.json, arguments.once)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/network")
    commands = parser.add_subparsers(dest="command", required=True)

    own = commands.add_parser("up", help="start what does not run, and wait until blocks are final", description=up_help())
    add_folder(own, CACHE / "network")
    add_shape(own, PORT_BASE)
    own.add_argument("--model", dest="models", action="append", metavar="PATH",
                     help="a base for the operator to serve: a GGUF file or a Hugging Face folder; several times for several")
    own.add_argument("--no-build", action="store_true", help="use the binaries as they are")
    own.set_defaults(run=up)

    own = commands.add_parser("down", help="stop all of it")
    add_folder(own, CACHE / "network")
    own.add_argument("--purge", action="store_true", help="delete data, keys and logs too")
    own.set_defaults(run=down)

    own = commands.add_parser("status", help="heights and peers; status 0 only if every node answers")
    add_folder(own, CACHE / "network")
    own.add_argument("--once", action="store_true", help="print once, on a terminal too")
    own.add_argument("--json", action="store_true", help="print one JSON object")
    own.set_defaults(run=show)

    if len(sys.argv) > 1 and sys.argv[1] == "faults":
        # Late, as it is not needed otherwise.
        import trials

        own = commands.add_parser("faults", prog="scripts/faults", description=trials.__doc__,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
        trials.add_arguments(own, add_folder, add_shape, whole)
        own.set_defaults(run=trials.main)
    return parser.parse_args()


def up_help():
    return (
        "Starts the nodes that don't run yet, the one that warp-syncs last, and waits until every one "
        "of them has finalised blocks. Settings are kept with the data: the next `up` needs none."
    )
