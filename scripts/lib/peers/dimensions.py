"""python dimensions.py MODEL: prints a GGUF file's dimensions as transformers' LlamaConfig names them."""

import json
import sys

NAMES = {
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "max_position_embeddings": "context_length",
}


def main():
    import gguf

    reader = gguf.GGUFReader(sys.argv[1])
    architecture = reader.fields["general.architecture"].contents()
    if architecture != "llama":
        sys.exit(f"the base is of the architecture {architecture}, and a random one is made of llama alone")
    found = {name: int(reader.fields[f"llama.{field}"].contents()) for name, field in NAMES.items()}
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    found["vocab_size"] = int(tensors["token_embd.weight"].shape[1])
    found["tie_word_embeddings"] = "output.weight" not in tensors
    print(json.dumps(found))


if __name__ == "__main__":
    main()
