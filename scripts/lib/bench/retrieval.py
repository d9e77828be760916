"""Whether an answer's claim leads to the record that answers it, over held-out questions.

Prints one JSON object: what the example `retrieval` of the attribution engine reports
(docs/attribution-engine.md says what its rows are), with BM25 on the same questions beside. One
adapter is trained on the demonstration's corpora; the targets are for the row `index` of
`generated_answer`.
"""

import json
import pathlib

import build
from machine import conditions
from places import MODEL, RETRIEVAL, ROOT
from processes import run
from targets import TARGETS


def add_arguments(parser, number):
    parser.add_argument("--model", type=pathlib.Path, default=MODEL, help="GGUF file (default %(default)s)")
    parser.add_argument("--questions", type=number(2), default=50, metavar="N", help="questions in all (default %(default)s)")
    parser.add_argument("--epochs", type=number(1), default=3, metavar="N", help="passes over the records (default %(default)s)")
    parser.add_argument("--dimension", type=number(16), default=2048, metavar="K", help="components of a sketch (default %(default)s)")
    parser.add_argument("--work", type=pathlib.Path, metavar="DIRECTORY", help="where adapter and features are kept, to go on from (default: nowhere)")


def measure(arguments, folder):
    build.example("retrieval")
    corpora = folder / "corpora"
    run([ROOT / "scripts" / "corpora", "--out", corpora])
    found = conditions()
    work = arguments.work or folder / "work"
    sizes = (arguments.questions, arguments.epochs, arguments.dimension)
    output = run([RETRIEVAL, arguments.model, corpora, work, *sizes])
    targets = {name: TARGETS[name] for name in ("datanet_first", "source_in_five")}
    return found | {"targets": targets} | json.loads(output)
