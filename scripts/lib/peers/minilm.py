"""python minilm.py MODEL: how all-MiniLM-L6-v2 ranks records for questions.

Standard input is a JSON object: `records`, texts, and `asked`, lists of pairs of a question and the
number of its record, by name. Prints one JSON object: for each name, the rank of each question's
record, from 0 on. Texts are embedded as the model's card says: the mean over tokens, of unit length.
"""

import json
import sys

import torch
from transformers import AutoModel, AutoTokenizer

BATCH, TOKENS = 64, 256


def embedder(folder):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    def embed(texts):
        rows = []
        for at in range(0, len(texts), BATCH):
            batch = texts[at : at + BATCH]
            tokens = tokenizer(batch, padding=True, truncation=True, max_length=TOKENS, return_tensors="pt")
            with torch.no_grad():
                states = model(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1)
            rows.append((states * mask).sum(1) / mask.sum(1))
        return torch.nn.functional.normalize(torch.cat(rows), dim=1)

    return embed


def main():
    given = json.load(sys.stdin)
    embed = embedder(sys.argv[1])
    records = embed(given["records"])
    ranks = {}
    for name, asked in given["asked"].items():
        scores = embed([question for question, _ in asked]) @ records.T
        sources = torch.tensor([source for _, source in asked])
        own = scores.gather(1, sources.unsqueeze(1))
        earlier = torch.arange(len(records)).unsqueeze(0) < sources.unsqueeze(1)
        ranks[name] = ((scores > own) | ((scores == own) & earlier)).sum(1).tolist()
    print(json.dumps(ranks))


main()
