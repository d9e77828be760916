"""python decode.py MODEL TOKENS THREADS < IDS: lets llama.cpp continue a prompt, greedily, and prints
what it took as JSON. What OpenLora's example decode does with --ignore-stop, timed the same way."""

import json
import sys
import time

from library import Llama, Session, resident_mib


def best(session, index):
    return int(session.row(index).argmax())


def warm_up(llama, prompt, threads):
    """The first pass reads the mapped file; OpenLora has read its own before it is timed."""
    session = Session(llama, len(prompt) + 1, threads)
    session.run(prompt)
    session.run([best(session, -1)])
    session.close()


def main():
    path, count, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    prompt = json.load(sys.stdin)
    llama = Llama(path)
    warm_up(llama, prompt, threads)
    session = Session(llama, len(prompt) + count, threads)
    started = time.perf_counter()
    session.run(prompt)
    tokens = [best(session, -1)]
    prefill = time.perf_counter() - started
    # The first token comes out of the prompt's pass.
    while len(tokens) < count:
        session.run(tokens[-1:])
        tokens.append(best(session, -1))
    decode = time.perf_counter() - started - prefill
    result = {
        "prompt_tokens": len(prompt),
        "output_tokens": len(tokens),
        "prefill_tokens_per_second": len(prompt) / prefill,
        "decode_tokens_per_second": (count - 1) / decode,
        "resident_mib": resident_mib(),
        "threads": llama.c.llama_n_threads(session.context),
        "system": llama.c.llama_print_system_info().decode().strip(),
    }
    session.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
