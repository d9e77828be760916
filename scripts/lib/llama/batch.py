"""python batch.py MODEL TOKENS THREADS < PROMPTS: lets llama.cpp continue several prompts of one length
together, greedily, and prints what it took as JSON. What OpenLora's example serve_speed does on the base
alone, timed the same way: from when the last has its first token on."""

import json
import sys
import time

from library import Llama


def fill(batch, rows, every):
    """Puts (token, position, sequence) into a batch; scores after all, or those of every sequence's last."""
    batch.n_tokens = len(rows)
    for i, (token, position, sequence) in enumerate(rows):
        batch.token[i], batch.pos[i] = token, position
        batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
        last = i + 1 == len(rows) or rows[i + 1][2] != sequence
        batch.logits[i] = every or last


def main():
    path, count, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    prompts = json.load(sys.stdin)
    streams, length = len(prompts), len(prompts[0])
    llama = Llama(path)
    c = llama.c
    params = c.llama_context_default_params()
    params.n_ctx = streams * (length + count)
    params.n_batch = params.n_ubatch = max(512, streams * length)
    params.n_seq_max = streams
    context = c.llama_init_from_model(llama.model, params)
    if not context or c.llama_n_ctx(context) < params.n_ctx:
        sys.exit("llama.cpp gave no context of the size asked for")
    c.llama_set_n_threads(context, threads, threads)
    batch = c.llama_batch_init(params.n_batch, 0, 1)

    import numpy

    def best(index):
        scores = c.llama_get_logits_ith(context, index)
        return int(numpy.ctypeslib.as_array(scores, (llama.n_vocab,)).argmax())

    def run(rows, every):
        fill(batch, rows, every)
        if c.llama_decode(context, batch) != 0:
            sys.exit("llama_decode failed")

    run([(token, at, of) for of, prompt in enumerate(prompts) for at, token in enumerate(prompt)], False)
    tokens = [best(of * length + length - 1) for of in range(streams)]
    begun = time.perf_counter()
    for step in range(count - 1):
        run([(token, length + step, of) for of, token in enumerate(tokens)], True)
        tokens = [best(of) for of in range(streams)]
    took = time.perf_counter() - begun
    print(json.dumps({"tokens_per_s": streams * (count - 1) / took, "streams": streams}))


if __name__ == "__main__":
    main()
