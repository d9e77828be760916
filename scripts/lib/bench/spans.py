"""The index of spans beside infini-gram's, on the same tokens and queries."""

import json
import os
import pathlib
import tomllib

import build
import peers
from places import BINARIES, ROOT
from processes import run, say

SPAN_SPEED = BINARIES / "examples" / "span_speed"
LONGEST_FILE = 1 << 20


def packages(lock, registry):
    """The folders of the packages of a lock file that cargo has unpacked, in the lock file's order."""
    listed = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    names = [f"{package['name']}-{package['version']}" for package in listed if "source" in package]
    sources = sorted(path for path in registry.glob("*") if path.is_dir())
    return [source / name for name in names for source in sources if (source / name).is_dir()]


def texts(folders):
    """The source files and descriptions in some folders, in a fixed order."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix not in (".rs", ".md") or not path.is_file() or path.stat().st_size > LONGEST_FILE:
                continue
            text = path.read_text(encoding="utf-8", errors="replace").strip()
            if text:
                yield text


def write_records(out, corpora, folders, characters):
    """Writes the records of corpora and then texts, until there are enough characters."""
    written = 0
    with out.open("w", encoding="utf-8") as file:
        for corpus in corpora:
            for line in corpus.read_text(encoding="utf-8").splitlines():
                written += file.write(line + "\n")
        for text in texts(folders):
            if written >= characters:
                return
            written += file.write(json.dumps({"text": text}) + "\n")


def compare(ours, theirs, peer):
    """The figures, from what the example and the peer printed; the peer's is none where it is missing."""
    found = {
        "span_bytes_per_token": ours["bytes_per_token"],
        "span_query_p95_us": max(ours["count_us"]["p95"], ours["longest_match_us"]["p95"]),
        "span_build_over_infini_gram": None,
        "span_counts_equal": None,
    }
    if theirs:
        found["span_build_over_infini_gram"] = ours["build_s"] / theirs["build_s"]
        found["span_counts_equal"] = theirs["different_counts"] == 0
    return found | {"spans": ours, "infini_gram": peer.described(theirs or {})}


def figures(model, folder, corpora=(), tokens=10_000_000, queries=20_000, interpreter=None):
    """What the spans' index takes, beside infini-gram.

    `corpora` are files of records, filled up to `tokens` tokens with the sources of this project's
    dependencies, which a build has fetched anyway. `folder` is written to. `interpreter` stands in for the
    peer's environment, as in peers.wanted.
    """
    build.example("span_speed")
    cargo_home = os.environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo")
    registry = pathlib.Path(cargo_home) / "registry" / "src"
    records = folder / "records.jsonl"
    # A token of text has about four characters, so there are enough in any case.
    write_records(records, corpora, packages(ROOT / "Cargo.lock", registry), tokens * 6)
    ours = json.loads(run([SPAN_SPEED, model, records, folder, tokens, queries]))
    say(f"the index of {ours['tokens']} tokens took {ours['build_s']:.2f} s")
    peer = peers.infini_gram(interpreter) if interpreter else peers.infini_gram()
    asked = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    theirs = peer.ask(0, "peers/infini_gram.py", folder / "peer", os.cpu_count() or 1, given=asked)
    return compare(ours, theirs, peer)
