"""Whether an answer's claim leads to the record that answers it, over held-out questions.

Prints one JSON object: what the example `retrieval` of the attribution engine reports
(docs/attribution-engine.md says what its rows are), with BM25 on the same questions beside. One
adapter is trained on the demonstration's corpora; the targets are for the row `index` of
`generated_answer`. `prompted` is of records that would be put into prompts, which takes no training: what
the example of that name reports (docs/retrieval.md), with a sentence embedding model beside.
"""

import json
import pathlib

import build
from machine import conditions
from peers import Finder
from places import MODEL, PROMPTED, RETRIEVAL, ROOT
from processes import run
from targets import TARGETS


def add_arguments(parser, number):
    parser.add_argument("--model", type=pathlib.Path, default=MODEL, help="GGUF file (default %(default)s)")
    parser.add_argument("--questions", type=number(2), default=50, metavar="N", help="questions in all (default %(default)s)")
    parser.add_argument("--epochs", type=number(1), default=3, metavar="N", help="passes over the records (default %(default)s)")
    parser.add_argument("--dimension", type=number(16), default=2048, metavar="K", help="components of a sketch (default %(default)s)")
    parser.add_argument("--work", type=pathlib.Path, metavar="DIRECTORY", help="where adapter and features are kept, to go on from (default: nowhere)")
    parser.add_argument("--prompted-only", action="store_true", help="train nothing: only what would be put into prompts")
    parser.add_argument("--no-peer", dest="peers", action="store_false", help="leave the sentence embedding model out")


def texts(corpora):
    """The records in the order of the index: folders, files by name, lines. And where each stands."""
    records, places = [], {}
    for folder in ("weaknesses", "topics"):
        for path in sorted((corpora / folder).glob("*.jsonl")):
            if path.name != "heldout.jsonl":
                for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                    record = json.loads(text)
                    places[folder, path.name, line] = len(records)
                    records.append(f"{record['question']}\n{record['answer']}")
    return records, places


def asked(path, folder, places):
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [(row["question"], places[folder, row["record"]["file"], row["record"]["line"]]) for row in lines]


def figures(ranks):
    def mean(of):
        return sum(map(of, ranks)) / len(ranks)

    return {
        "first": mean(lambda rank: rank == 0),
        "among_five": mean(lambda rank: rank < 5),
        "mean_reciprocal_rank": mean(lambda rank: 1 / (rank + 1)),
    }


def prompted(arguments, folder):
    build.example("prompted")
    corpora = folder / "full"
    run([ROOT / "scripts" / "corpora", "--full", "--out", corpora])
    found = json.loads(run([PROMPTED, arguments.model, corpora, 2048, 1024, 512]))
    records, places = texts(corpora)
    held_out = [row for name in ("weaknesses", "topics") for row in asked(corpora / name / "heldout.jsonl", name, places)]
    observed = asked(corpora / "observed.jsonl", "weaknesses", places)
    # The other half is what weights were chosen on.
    halves = {"held_out": held_out[1::2], "observed": observed[1::2]}
    peer = Finder(arguments)
    for kind, ranks in (peer.ranks({"records": records, "asked": halves}) or {}).items():
        found["asked"][kind]["ranked_by"][peer.package] = figures(ranks)
    return found | peer.described({})


def measure(arguments, folder):
    if arguments.prompted_only:
        return conditions() | {"prompted": prompted(arguments, folder)}
    build.example("retrieval")
    corpora = folder / "corpora"
    run([ROOT / "scripts" / "corpora", "--out", corpora])
    found = conditions()
    work = arguments.work or folder / "work"
    sizes = (arguments.questions, arguments.epochs, arguments.dimension)
    output = run([RETRIEVAL, arguments.model, corpora, work, *sizes])
    targets = {name: TARGETS[name] for name in ("datanet_first", "source_in_five")}
    return found | {"targets": targets} | json.loads(output) | {"prompted": prompted(arguments, folder)}
