"""Tiny random models of every architecture, weight format and tokenizer on both engines."""

import pathlib
import unicodedata

from expand import expand
from library import Llama
from samples import documentation, random_sequences, texts
from scores import Divergence

SEQUENCES, TOKENS = 3, 96
# What the engine multiplies as plain numbers, Q2_K and Q3_K expanded: nothing but sums in another order,
# and keys and values in half precision, tells it from llama.cpp on the weights expanded to f32.
PLAIN = ("F32", "F16", "BF16", "Q2_K", "Q3_K")
PLAIN_BOUNDS = {"top1_agreement": 0.99, "kl_mean": 1e-7, "kl_p99": 1e-6}
# Both round the activations that meet quantised weights, each its own: ours may cost no more.
ROUNDING_RATIO = 1.1
# Unicode's categories of combining marks and of letters that have case.
APART_IN_TEKKEN = ("Mn", "Mc", "Me", "Lu", "Ll", "Lt")


def compare(engine, folder, seed):
    """Writes the models into `folder` and compares both engines on each of them."""
    learnt_from = "\n".join([documentation(), *texts(seed + 1)])
    models = engine.tiny_models(folder, seed, learnt_from)
    logits = [compare_logits(engine, folder, model, seed) for model in models if model["kind"] == "logits"]
    ids = [compare_ids(engine, model, seed) for model in models if model["kind"] == "tokenizer"]
    passed = all(row["within_bounds"] for row in logits) and all(row["equal"] == row["texts"] for row in ids)
    return {"logits": logits, "ids": ids, "passed": passed}


def compare_logits(engine, folder, model, seed):
    path, scratch = model["file"], pathlib.Path(folder)
    expand(path, scratch / "expanded")
    exact, same = Llama(scratch / "expanded"), Llama(path)
    samples = random_sequences(exact.n_vocab, SEQUENCES, TOKENS, seed)
    rows = engine.logits(path, samples, exact.n_vocab, scratch / "logits")
    ours, theirs, between = Divergence(), Divergence(), Divergence()
    for index, tokens in enumerate(samples):
        mine = rows[index * TOKENS : (index + 1) * TOKENS]
        reference, own = exact.logits(tokens), same.logits(tokens)
        ours.add(reference, mine)
        theirs.add(reference, own)
        between.add(own, mine)
    found = ours.result()
    if model["format"] in PLAIN:
        kept = ours.within(PLAIN_BOUNDS)["within_bounds"]
    else:
        kept = ours.mean() <= ROUNDING_RATIO * theirs.mean()
    return {
        "architecture": model["name"],
        "format": model["format"],
        "exact_to_ours": found,
        "exact_to_llama_kl_mean": theirs.mean(),
        "llama_to_ours_kl_mean": between.mean(),
        "within_bounds": kept,
    }


def comparable(name, text):
    """The text without what llama.cpp is known to treat otherwise than the models' own tokenizers:
    Qwen2's composes characters before anything else; Tekken's takes combining marks for parts of words
    and splits them at upper case of every script, not of ASCII alone.
    """
    if name == "qwen2":
        return unicodedata.normalize("NFC", text)
    if name == "tekken":
        return "".join(c for c in text if c.isascii() or unicodedata.category(c) not in APART_IN_TEKKEN)
    return text


def compare_ids(engine, model, seed):
    name, llama = model["name"], Llama(model["file"])
    samples = [comparable(name, text) for text in texts(seed)]
    found = engine.ids(model["file"], samples)
    different = [
        {"text": text, "ours": mine, "llama": theirs}
        for text, mine in zip(samples, found, strict=True)
        if mine != (theirs := llama.tokenize(text))
    ]
    return {
        "tokenizer": name,
        "texts": len(samples),
        "tokens": sum(map(len, found)),
        "equal": len(samples) - len(different),
        "different": different[:3],
    }
