"""Tokens a second of the engine and of its peers on the same prompts, in turns."""

import json
import os

import peers
from figures import figure
from places import ADAPTER_STORE, DECODE, GEMM_SPEED, SERVE_SPEED
from processes import run, say

# About 256 tokens in the tokenizers of the bases that are served here.
LONG = "Why is the sky blue, and why does it turn red in the evening? " * 15
# Of the long prompt only its pass is timed, and the token that comes out of it.
LONG_TOKENS = 2
# What the example serve_speed asks of the base alone, up to the numbers of the tokens.
STREAMS, STREAM_PROMPT, STREAM_TOKENS = 16, 32, 64


def with_threads(arguments):
    return os.environ | {"OPENLORA_THREADS": str(arguments.threads)}


def ours(arguments, tokens, prompt):
    line = [DECODE, arguments.model, "--tokens", tokens, "--threads", arguments.threads]
    return json.loads(run([*line, "--ignore-stop", *(["--prompt", prompt] if prompt else [])]))


def row(short, long, whose=""):
    """What one engine's runs with the short and the long prompt come to; `whose` keeps peers from targets."""
    def of(runs, name, field, unit):
        # Memory is not known everywhere.
        samples = [round(one[field], 2) for one in runs if one[field] is not None]
        return figure(whose + name, unit, samples)

    return {
        "decode": of(short, "decode", "decode_tokens_per_second", "tokens/s"),
        "prefill": of(long, "prefill", "prefill_tokens_per_second", "tokens/s"),
        "short_prefill": of(short, "short_prefill", "prefill_tokens_per_second", "tokens/s"),
        "prompt_tokens": short[0]["prompt_tokens"],
        "long_prompt_tokens": long[0]["prompt_tokens"],
        "output_tokens": short[0]["output_tokens"],
        "resident": of(short, "resident", "resident_mib", "MiB"),
        "threads": short[0]["threads"],
        # Each has one of them: what it says of processor or version.
        **{name: short[0][name] for name in ("instructions", "system", "version") if name in short[0]},
    }


def decode(arguments, decoders):
    """Our runs with both prompts, each of them followed by everyone's, so that what else the machine does
    meets all alike."""
    short, long = [], []
    for number in range(arguments.runs):
        say(f"decoding, run {number + 1} of {arguments.runs}")
        short.append(ours(arguments, arguments.tokens, None))
        for decoder in decoders:
            decoder.decode(decoder.short, number, arguments, arguments.tokens, short[-1]["prompt_ids"])
        long.append(ours(arguments, LONG_TOKENS, LONG))
        for decoder in decoders:
            decoder.decode(decoder.long, number, arguments, LONG_TOKENS, long[-1]["prompt_ids"])
    return short, long


def batch(arguments, decoders):
    """Sixteen requests at once, on the base alone and with an adapter each, and everyone's in turns."""
    prompts = [[1000 + 97 * of + at for at in range(STREAM_PROMPT)] for of in range(STREAMS)]
    runs = []
    for number in range(arguments.runs):
        say(f"serving sixteen at once, run {number + 1} of {arguments.runs}")
        runs.append(json.loads(run([SERVE_SPEED, arguments.model], env=with_threads(arguments))))
        for decoder in decoders:
            decoder.batch(number, arguments, STREAM_TOKENS, prompts)
    return runs


def described(decoder):
    """A peer's row, as far as it got."""
    found = row(decoder.short, decoder.long, "peer_") if decoder.short and decoder.long else {}
    if decoder.batches:
        samples = [round(one["tokens_per_s"], 2) for one in decoder.batches]
        found["base16"] = figure("peer_base16", "tokens/s", samples)
    return decoder.described(found)


def llama_cpp(native, wheel):
    """What ours is compared with: the build for this machine where there is one, with the other beside."""
    own, other = described(native), described(wheel)
    if "decode" in own:
        return {"build": "native", **own, "wheel": other}
    return {"build": "wheel", **other, "native_unavailable": native.unavailable}


def ratios(ours, llama, mistral):
    """Medians over the peers', of those that there are."""
    def over(mine, peer, theirs=None):
        if (theirs or mine) not in peer:
            return None
        return round(ours[mine]["median"] / peer[theirs or mine]["median"], 3)

    found = {
        "decode_over_llama_cpp": over("decode", llama),
        "prefill_over_llama_cpp": over("prefill", llama),
        "base16_over_llama_cpp": over("base16", llama),
        # It cannot run different adapters in one batch. One stream without any is more than it does
        # sixteen of them with, one after the other.
        "mixed16_over_llama_cpp": over("mixed16", llama, "decode"),
        "decode_over_mistralrs": over("decode", mistral),
        "prefill_over_mistralrs": over("prefill", mistral),
    }
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def served(runs):
    """What the runs of sixteen come to: the engine's row of them, and the slowdown."""
    def of(name, field, unit="tokens/s"):
        return figure(name, unit, [round(one[field], 3) for one in runs])

    row = {
        "base16": of("base16", "base_tokens_per_s"),
        "mixed16": of("mixed16", "mixed_tokens_per_s"),
        "slowdown": of("mixed16_slowdown", "mixed_slowdown", "part"),
        "rank": runs[0]["rank"],
    }
    return row, row["slowdown"]["median"]


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


def gemm(arguments):
    """Products of matrices beside another library's, which the example measures in turns itself."""
    say("multiplying matrices")
    found = json.loads(run([GEMM_SPEED], env=with_threads(arguments)))
    names = ("gemm_over_gemm", "gemm_over_gemm_worst")
    return {name: round(found[name], 3) for name in names} | {"gemm": found}


def measure(arguments):
    native, wheel = peers.llama(arguments)
    mistral = peers.mistral(arguments)
    short, long = decode(arguments, [native, wheel, mistral])
    runs = batch(arguments, [native, wheel])
    together, slowdown = served(runs)
    mine = row(short, long) | together
    theirs, others = llama_cpp(native, wheel), described(mistral)
    return {
        "threads": mine["threads"],
        **ratios(mine, theirs, others),
        "mixed16_slowdown": slowdown,
        "latency": runs[-1].get("latency"),
        "ours": mine,
        "llama_cpp": theirs,
        "mistralrs": others,
        **gemm(arguments),
        **adapters(arguments),
    }
