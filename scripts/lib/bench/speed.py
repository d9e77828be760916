"""Tokens a second of the engine, and of llama.cpp on the same prompt, in turns."""

import json
import subprocess
import sys

from figures import figure
from places import DECODE, ROOT
from processes import Failed, run, say

LLAMA = ROOT / "scripts" / "lib" / "llama"
sys.path.append(str(LLAMA))

import environment


def ours(arguments):
    line = [DECODE, arguments.model, "--tokens", arguments.tokens, "--threads", arguments.threads]
    return json.loads(run([*line, "--ignore-stop"]))


def theirs(python, arguments, prompt):
    line = [python, "-B", LLAMA / "decode.py", arguments.model, arguments.tokens, arguments.threads]
    return json.loads(run(line, text=json.dumps(prompt)))


def peer_python(arguments):
    """The Python that has llama.cpp, or none and the reason."""
    if not arguments.peer:
        return None, "left out with --no-peer"
    try:
        return environment.interpreter(), None
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"no llama.cpp to compare with: {error}")
        return None, f"{environment.REQUIREMENTS[0]} could not be installed: {error}"


def row(name, runs):
    """What several runs of one engine come to; `name` prefixes its figures' names."""
    def of(speed):
        samples = [round(one[f"{speed}_tokens_per_second"], 2) for one in runs]
        return figure(f"{name}{speed}", "tokens/s", samples)

    return {
        "decode": of("decode"),
        "prefill": of("prefill"),
        "threads": runs[0]["threads"],
        "prompt_tokens": runs[0]["prompt_tokens"],
        "output_tokens": runs[0]["output_tokens"],
    }


def measure(arguments):
    python, reason = peer_python(arguments)
    mine, other = [], []
    for number in range(arguments.runs):
        say(f"decoding, run {number + 1} of {arguments.runs}")
        mine.append(ours(arguments))
        if python:
            # In turns, so that what else the machine does meets both.
            try:
                other.append(theirs(python, arguments, mine[-1]["prompt_ids"]))
            except Failed as failed:
                python, reason = None, f"llama.cpp failed: {failed}"
    peer = {"name": "llama.cpp", "package": environment.REQUIREMENTS[0]}
    if other:
        peer |= row("peer_", other) | {"system": other[0]["system"]}
    if reason:
        peer["unavailable"] = reason
    return {**row("", mine), "peer": peer}
