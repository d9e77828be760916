"""Memory of an idle node without and with an operator's worker, and the engine's speed.

Prints one JSON object. Resident memory is VmRSS in MiB, read once a second from a development node
(--dev --tmp, and with --operator and the model loaded) that has made some blocks and has no
requests. Decode and prefill speed are of the example `decode` of openlora, the greedy answer to a
fixed question without stopping early, and of a prompt of about 256 tokens. Beside it stands llama.cpp
(xllamacpp, in the virtual environment of scripts/compare-llama) on the same tokens with as many
threads, run in turns with it. `batch` is sixteen requests at once, on the base alone and with an
adapter of rank 8 each (example `serve_speed`).
"""

import pathlib

import build
import memory
import speed
from machine import conditions
from places import MODEL


def add_arguments(parser, number):
    parser.add_argument("--model", type=pathlib.Path, default=MODEL, help="GGUF file (default %(default)s)")
    parser.add_argument("--blocks", type=number(1), default=10, metavar="N", help="blocks made before memory is read (default %(default)s)")
    parser.add_argument("--seconds", type=number(1), default=30, metavar="N", help="how long memory is read (default %(default)s)")
    parser.add_argument("--runs", type=number(1), default=5, metavar="N", help="runs of decode (default %(default)s)")
    parser.add_argument("--tokens", type=number(2), default=128, metavar="N", help="tokens to decode (default %(default)s)")
    parser.add_argument("--threads", type=number(1), default=2, metavar="N", help="threads to decode with (default %(default)s)")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="leave llama.cpp out")


def measure(arguments, folder):
    build.binaries()
    build.example("decode")
    build.example("serve_speed")
    build.example("adapter_store")
    found = conditions()
    idle = (arguments.blocks, arguments.seconds)
    found["node_resident"] = memory.idle("node_resident", folder / "node", None, *idle)
    found["operator_resident"] = memory.idle(
        "operator_resident", folder / "operator", arguments.model, *idle
    )
    found["model"] = arguments.model.name
    return found | speed.measure(arguments)
