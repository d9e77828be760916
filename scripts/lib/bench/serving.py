"""Memory of an idle node without and with an operator's worker, and the engine's speed beside others'.

Prints one JSON object. Resident memory is VmRSS in MiB, read once a second from a development node
(--dev --tmp, and with --operator and the model loaded) that has made some blocks and has no requests.
Speeds are of openlora's examples: decoding and the pass of a prompt (decode), sixteen requests at once
(serve_speed), more adapters than memory has room for (adapter_store), products of matrices (gemm_speed),
and training (train_speed). Run in turns with them, on the same work with as many threads: llama.cpp,
compiled for this machine (llama-cpp-python) and as a wheel (xllamacpp); mistral.rs; and, for training,
torch with PEFT. Each is installed into a virtual environment of its own in the cache folder, and what can
not be had here is reported as unavailable. The first run compiles llama.cpp, which takes several minutes,
and installs torch, 6 GB.
"""

import pathlib

import build
import memory
import speed
import training
from figures import aims
from machine import conditions
from places import MODEL


def add_arguments(parser, number):
    parser.add_argument("--model", type=pathlib.Path, default=MODEL, help="GGUF file (default %(default)s)")
    parser.add_argument("--blocks", type=number(1), default=10, metavar="N", help="blocks made before memory is read (default %(default)s)")
    parser.add_argument("--seconds", type=number(1), default=30, metavar="N", help="how long memory is read (default %(default)s)")
    parser.add_argument("--runs", type=number(1), default=5, metavar="N", help="runs of each engine (default %(default)s)")
    parser.add_argument("--tokens", type=number(2), default=128, metavar="N", help="tokens to decode (default %(default)s)")
    parser.add_argument("--threads", type=number(1), default=2, metavar="N", help="threads to decode with (default %(default)s)")
    parser.add_argument("--no-peer", dest="peers", action="store_false", help="leave all other engines out")
    parser.add_argument("--wheel-only", action="store_true", help="do not compile llama.cpp for this machine")


def measure(arguments, folder):
    build.binaries()
    for example in ("decode", "serve_speed", "adapter_store", "gemm_speed", "train_speed"):
        build.example(example)
    found = conditions()
    found["model"] = arguments.model.name
    idle = (arguments.blocks, arguments.seconds)
    found["node_resident"] = memory.idle("node_resident", folder / "node", None, *idle)
    found["operator_resident"] = memory.idle(
        "operator_resident", folder / "operator", arguments.model, *idle
    )
    found |= speed.measure(arguments)
    found |= training.measure(arguments)
    return found | {"targets": aims(found)}
