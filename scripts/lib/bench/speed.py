"""Tokens a second of the engine, and of llama.cpp on the same prompts, in turns."""

import json
import os
import subprocess
import sys

from figures import figure
from places import ADAPTER_STORE, DECODE, ROOT, SERVE_SPEED
from processes import Failed, run, say

LLAMA = ROOT / "scripts" / "lib" / "llama"
sys.path.append(str(LLAMA))

import environment


# About 256 tokens in the tokenizers of the bases that are served here.
LONG = "Why is the sky blue, and why does it turn red in the evening? " * 15
# Of the long prompt only its pass is timed, and the token that comes out of it.
LONG_TOKENS = 2


def ours(arguments, tokens, prompt):
    line = [DECODE, arguments.model, "--tokens", tokens, "--threads", arguments.threads]
    return json.loads(run([*line, "--ignore-stop", *(["--prompt", prompt] if prompt else [])]))


def theirs(python, arguments, tokens, prompt):
    line = [python, "-B", LLAMA / "decode.py", arguments.model, tokens, arguments.threads]
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


def turns(arguments, python, tokens, prompt=None):
    """Runs of both in turns, so that what else the machine does meets both; and why not of the peer."""
    mine, other, reason = [], [], None
    for number in range(arguments.runs):
        say(f"decoding, run {number + 1} of {arguments.runs}")
        mine.append(ours(arguments, tokens, prompt))
        if python:
            try:
                other.append(theirs(python, arguments, tokens, mine[-1]["prompt_ids"]))
            except Failed as failed:
                python, reason = None, f"llama.cpp failed: {failed}"
    return mine, other, reason


def over(ours, theirs, speed):
    return round(ours[speed]["median"] / theirs[speed]["median"], 3)


# What the example serve_speed asks of the base alone, up to the numbers of the tokens.
STREAMS, STREAM_PROMPT, STREAM_TOKENS = 16, 32, 64


def their_batch(python, arguments):
    """Tokens a second of llama.cpp on as many prompts at once."""
    prompts = [[1000 + 97 * of + at for at in range(STREAM_PROMPT)] for of in range(STREAMS)]
    line = [python, "-B", LLAMA / "batch.py", arguments.model, STREAM_TOKENS, arguments.threads]
    return json.loads(run(line, text=json.dumps(prompts)))["tokens_per_s"]


def with_threads(arguments):
    return os.environ | {"OPENLORA_THREADS": str(arguments.threads)}


def batch(arguments, python):
    """Sixteen requests at once, on the base alone and with an adapter each, and llama.cpp's in turns."""
    runs, peer = [], []
    for number in range(arguments.runs):
        say(f"serving sixteen at once, run {number + 1} of {arguments.runs}")
        runs.append(json.loads(run([SERVE_SPEED, arguments.model], env=with_threads(arguments))))
        if python:
            peer.append(round(their_batch(python, arguments), 2))

    def of(name, unit):
        return figure(name, unit, [round(one[name], 3) for one in runs])

    return {
        "base16": of("base_tokens_per_s", "tokens/s"),
        "mixed16": of("mixed_tokens_per_s", "tokens/s"),
        "mixed16_slowdown": of("mixed_slowdown", "part"),
        "rank": runs[0]["rank"],
    }, figure("peer_base16", "tokens/s", peer) if peer else None


def adapters(arguments):
    """More adapters than memory has room for; once: it takes minutes, and each part has many samples."""
    say("reading a thousand adapters")
    line = [ADAPTER_STORE, arguments.model]
    found = json.loads(run(line, env=with_threads(arguments)))
    resident = found["resident"]
    megabytes = resident["resident_anonymous_mb"] + resident["resident_file_mb"]
    return {
        "cold_adapter_over_read": round(found["cold"]["p95_over_read_p95"], 3),
        "overflow_throughput_ratio": round(found["overflow_throughput_ratio"], 3),
        "resident_mb_1000_adapters": round(megabytes, 1),
        "adapters": found,
    }


def measure(arguments):
    python, reason = peer_python(arguments)
    mine, other, failed = turns(arguments, python, arguments.tokens)
    found = row("", mine)
    peer = {"name": "llama.cpp", "package": environment.REQUIREMENTS[0]}
    if other:
        peer |= row("peer_", other) | {"system": other[0]["system"]}
        found["decode_over_llama_cpp"] = over(found, peer, "decode")
    long, other, failed_too = turns(arguments, python, LONG_TOKENS, LONG)
    found["long_prompt"] = row("long_", long)
    if other:
        peer["long_prompt"] = row("peer_long_", other)
        found["prefill_over_llama_cpp"] = over(found["long_prompt"], peer["long_prompt"], "prefill")
    reason = reason or failed or failed_too
    if reason:
        peer["unavailable"] = reason
    found["batch"], together = batch(arguments, None if reason else python)
    if together:
        peer["base16"] = together
        base, mixed = found["batch"]["base16"]["median"], found["batch"]["mixed16"]["median"]
        found["base16_over_llama_cpp"] = round(base / together["median"], 3)
        found["mixed16_over_llama_cpp"] = round(mixed / peer["decode"]["median"], 3)
    return {**found, **adapters(arguments), "peer": peer}
