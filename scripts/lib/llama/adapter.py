"""An adapter that OpenLora trains and writes as a GGUF adapter, on both engines."""

from library import Llama
from scores import Divergence

SEQUENCES, TOKENS = 4, 64
# What the adapter changes is larger by far.
BOUND = 1e-4


def compare(engine, model, expanded, samples, folder):
    """The same adapter on both sides, over the same weights in f32; llama.cpp has it as a GGUF file."""
    samples = [tokens[:TOKENS] for tokens in samples[:SEQUENCES]]
    adapter, file = folder / "adapter", folder / "adapter.gguf"
    engine.train(model, samples[:2], adapter)
    engine.adapter_file(model, adapter, file)
    adapted, plain = Llama(expanded, file), Llama(expanded)
    # What is read back from the file.
    rows = engine.adapted_logits(model, file, samples, plain.n_vocab, folder / "adapted")
    ours, without = Divergence(), Divergence()
    for index, tokens in enumerate(samples):
        reference = adapted.logits(tokens)
        ours.add(reference, rows[index * TOKENS : (index + 1) * TOKENS])
        without.add(reference, plain.logits(tokens))
    return {
        "positions": len(ours.kl),
        "kl_mean": ours.mean(),
        "kl_mean_without_adapter": without.mean(),
        "bound": BOUND,
        "within_bounds": ours.mean() <= BOUND < without.mean() / 1000,
    }
