"""python torch_training.py THREADS < DIMENSIONS: lets PEFT train an adapter as OpenLora's example
train_speed does, on random weights of the given dimensions, and prints what it took as JSON. Which values
weights and tokens have makes no difference to the time."""

import json
import os
import sys
import time
import warnings

# What the example has, and TrainOptions::default() of openlora.
RECORDS, TOKENS, ANSWER, BATCH = 8, 128, 64, 2
RANK, ALPHA = 8, 16
LEARNING_RATE, BETAS, EPSILON, CLIP = 2e-3, (0.9, 0.999), 1e-8, 1.0
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def adapted(dimensions):
    import peft
    import torch
    import transformers

    torch.manual_seed(0)
    base = transformers.LlamaForCausalLM(transformers.LlamaConfig(**dimensions)).to(torch.float32)
    config = peft.LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, task_type="CAUSAL_LM")
    return peft.get_peft_model(base, config).train()


def step(model, optimiser, tokens):
    import torch

    optimiser.zero_grad()
    # Scores of what the loss is on alone, from the token before it on, as OpenLora has it too.
    scores = model(input_ids=tokens, use_cache=False, logits_to_keep=ANSWER + 1).logits[:, :-1]
    loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), tokens[:, -ANSWER:].flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
    optimiser.step()
    return float(loss.detach())


def main():
    threads, dimensions = int(sys.argv[1]), json.load(sys.stdin)
    # Read when the libraries are loaded.
    os.environ |= {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"}
    warnings.filterwarnings("ignore", category=FutureWarning)
    import peft
    import torch
    import transformers

    torch.set_num_threads(threads)
    model = adapted(dimensions)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=LEARNING_RATE, betas=BETAS, eps=EPSILON, weight_decay=0.0)
    vocabulary = dimensions["vocab_size"]
    records = torch.tensor(
        [[(record * 7919 + at * 104_729) % vocabulary for at in range(TOKENS)] for record in range(RECORDS)]
    )
    # What is allocated and chosen once, at the first step, is not timed.
    step(model, optimiser, records[:BATCH])
    started = time.perf_counter()
    losses = [step(model, optimiser, batch) for batch in records.split(BATCH)]
    took = time.perf_counter() - started
    print(
        json.dumps(
            {
                "train_tokens_per_s": RECORDS * TOKENS / took,
                "parameters": sum(parameter.numel() for parameter in trained),
                "losses": losses,
                "threads": torch.get_num_threads(),
                "instructions": torch.backends.cpu.get_cpu_capability(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
                "peft": peft.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
