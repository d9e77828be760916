"""python mistral_decode.py MODEL TOKENS THREADS < IDS: lets mistral.rs continue a prompt, greedily, and
prints what it took as JSON. What OpenLora's example decode does with --ignore-stop, by mistral.rs's own
clock: to the first token, and from it to the last."""

import json
import os
import pathlib
import sys
from importlib import metadata


def resident_mib():
    """Memory of this process; none where the system does not tell."""
    try:
        lines = pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return round(int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024, 1)


def main():
    path, threads = pathlib.Path(sys.argv[1]), sys.argv[3]
    count, prompt = int(sys.argv[2]), json.load(sys.stdin)
    # Read when the library is loaded.
    os.environ |= {
        "RAYON_NUM_THREADS": threads,
        "CANDLE_NUM_THREADS": threads,
        # Its threads spin for so long by default that anything else on the machine stops them all.
        "CANDLE_BARRIER_POOL_SPIN_LIMIT": "1000",
        "HF_HUB_OFFLINE": "1",
    }
    # Its messages are not for the JSON.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import mistralrs

    which = mistralrs.Which.GGUF(quantized_model_id=str(path.parent), quantized_filename=path.name)
    # Prompts are computed anew, whatever came before.
    runner = mistralrs.Runner(which=which, token_source="none", prefix_cache_n=0)

    def answer(prompt, tokens):
        """Prompts are taken as text only."""
        text = runner.detokenize_text(prompt, False)
        if runner.tokenize_text(text, False, None) != prompt:
            sys.exit("mistral.rs has other tokens for the prompt's text")
        request = mistralrs.CompletionRequest(
            prompt=text, model="default", max_tokens=tokens, temperature=0.0, top_k=1, ignore_eos=True
        )
        usage = runner.send_completion_request(request).usage
        if (usage.prompt_tokens, usage.completion_tokens) != (len(prompt), tokens):
            sys.exit(f"mistral.rs took {usage.prompt_tokens} tokens and made {usage.completion_tokens}")
        return usage

    # The first pass reads the mapped file.
    answer(prompt[:1], 2)
    usage = answer(prompt, count)
    result = {
        "prompt_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "prefill_tokens_per_second": usage.prompt_tokens / usage.total_prompt_time_sec,
        # The first token comes out of the prompt's pass.
        "decode_tokens_per_second": (count - 1) / usage.total_completion_time_sec,
        "resident_mib": resident_mib(),
        "threads": int(threads),
        "version": metadata.version("mistralrs"),
    }
    print(json.dumps(result), file=out)


if __name__ == "__main__":
    main()
