"""python3 scripts/lib/ground_truth/dataset.py WORDNET.tgz OUT

Writes what attribution is judged on, as JSON lines: records.jsonl, what an adapter is trained on; facts.jsonl,
the facts behind them, with what is asked about each, in a wording that no record has and in the other style;
and elsewhere.jsonl and elsewhere_choosing.jsonl, questions about words that neither base nor adapter has met,
for the report and for choosing what it is about. All of it follows from the seed; the names are none of those
that the base was pre-trained on.
"""

import sys
from pathlib import Path

import corpus
import world
from families import FAMILIES, STYLES, values

SEED = 7
PEOPLE = 36
RECORDS = 1_000
FEWEST, MOST = 5, 9
CONTRIBUTORS = 20
ELSEWHERE, ELSEWHERE_CHOOSING = 1_000, 500
# Share of a contributor's records that are about the family that it knows.
AT_HOME = 0.7


def counts(draw, facts):
    """How many records each fact has, a thousand in all."""
    found = [draw.randint(FEWEST, MOST) for _ in range(facts)]
    while sum(found) != RECORDS:
        at = draw.randrange(facts)
        step = 1 if sum(found) < RECORDS else -1
        if FEWEST <= found[at] + step <= MOST:
            found[at] += step
    return found


def contributors(draw, families):
    """Who contributes each record, given its family: equal numbers for all, most of them in the two
    contributors of a family while these have room."""
    room = {who: RECORDS // CONTRIBUTORS for who in range(CONTRIBUTORS)}
    names, chosen = list(FAMILIES), [None] * len(families)
    order = list(range(len(families)))
    draw.shuffle(order)
    for at in order:
        home = [who for who in room if who // 2 == names.index(families[at]) and room[who]]
        anyone = [who for who in room if room[who]]
        chosen[at] = draw.choice(home if home and draw.random() < AT_HOME else anyone)
        room[chosen[at]] -= 1
    return chosen


def elsewhere(package):
    """Questions and answers about words whose glosses the base was not pre-trained on: those for the report,
    and others."""
    unseen = [gloss.split(": ", 1) for gloss in corpus.glosses(package)[corpus.GLOSSES :]]
    asked = [{"question": f"What is {word}?", "answer": gloss} for word, gloss in unseen[: ELSEWHERE + ELSEWHERE_CHOOSING]]
    return asked[:ELSEWHERE], asked[ELSEWHERE:]


def main():
    """Writes the files."""
    package, out = sys.argv[1], Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    world.check()
    draw = world.generator(SEED)
    past = {fact.name for fact in corpus.background()}
    facts = world.facts(draw, world.names(draw, PEOPLE, past))
    styles = [STYLES[at % 2] for at in range(len(facts))]
    draw.shuffle(styles)
    told, rows = [], []
    for at, (fact, style, count) in enumerate(zip(facts, styles, counts(draw, len(facts)))):
        other = next(name for name in STYLES if name != style)
        wrong = [value for value in range(len(values(fact.family))) if value != fact.value]
        for wording in draw.sample(world.wordings(style), count):
            flipped = fact.say(style, *wording, draw.choice(wrong))[1]
            rows.append((at, fact.family, *fact.say(style, *wording), flipped))
        asked = {}
        for name, kind in ((style, "question"), (other, "swapped")):
            question, answer = draw.choice(world.wordings(name, queries=True))
            asked[kind] = dict(zip(("question", "answer"), fact.say(name, question, answer)))
        told.append({"name": fact.name, "family": fact.family, "style": style, **asked})
    draw.shuffle(rows)
    who = contributors(draw, [row[1] for row in rows])
    fields = ("fact", "family", "question", "answer", "flipped")
    records = [dict(zip(fields, row), contributor=contributor) for contributor, row in zip(who, rows)]
    corpus.write_lines(out / "records.jsonl", records)
    corpus.write_lines(out / "facts.jsonl", told)
    reported, choosing = elsewhere(package)
    corpus.write_lines(out / "elsewhere.jsonl", reported)
    corpus.write_lines(out / "elsewhere_choosing.jsonl", choosing)


if __name__ == "__main__":
    main()
