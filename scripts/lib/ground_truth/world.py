"""People and facts about them: who is in the base's past, and who is new to it.

A fact is (name, family, number of its value). Everything is drawn from one seeded generator, so the same
seed gives the same world; `random.Random` is the same on every machine.
"""

import random
from dataclasses import dataclass

from families import FAMILIES, LATIN, PLAIN, STYLES, values

ONSETS = "b br d dr f fl g gr h k kl l m n p pr r s st t tr v w z".split()
VOWELS = "a e i o u ai ou".split()
ENDINGS = "l n r s m k th x".split()
FACTS_EACH = 4


@dataclass(frozen=True)
class Fact:
    """One fact."""

    name: str
    family: str
    value: int

    def say(self, style, question, answer, value=None):
        """A question and its answer, by the numbers of their wordings."""
        questions, answers = FAMILIES[self.family][style]
        word = values(self.family)[self.value if value is None else value][STYLES.index(style)]
        told = answers[answer].format(n=self.name, v=word)
        return questions[question].format(n=self.name), told


def names(draw, count, taken=()):
    """Different invented names."""
    found, seen = [], set(taken)
    while len(found) < count:
        parts = [draw.choice(ONSETS) + draw.choice(VOWELS) for _ in range(draw.choice((1, 2, 2)))]
        name = ("".join(parts) + draw.choice(ENDINGS)).capitalize()
        if len(name) > 4 and name not in seen:
            seen.add(name)
            found.append(name)
    return found


def facts(draw, people):
    """Four facts for each of them, from the four families that were used least."""
    used, found = {family: 0 for family in FAMILIES}, []
    for person in people:
        for family in sorted(used, key=lambda family: (used[family], draw.random()))[:FACTS_EACH]:
            used[family] += 1
            found.append(Fact(person, family, draw.randrange(len(values(family)))))
    return found


def wordings(style, queries=False):
    """Every (question, answer) wording of a style that records use, or those that only queries do."""
    questions, answers = FAMILIES["trade"][style]
    last = len(questions) - 1
    asked = [last] if queries else range(last)
    return [(question, answer) for question in asked for answer in range(len(answers))]


def check():
    """Every family has wordings alike in number, and the two styles share no word."""
    for family, told in FAMILIES.items():
        shapes = {style: tuple(map(len, told[style])) for style in STYLES}
        expected = {style: tuple(map(len, FAMILIES["trade"][style])) for style in STYLES}
        assert shapes == expected, (family, shapes)
        words = {style: vocabulary(family, style) for style in STYLES}
        assert not words[PLAIN] & words[LATIN], (family, words[PLAIN] & words[LATIN])


def vocabulary(family, style):
    """The words that a family uses in a style, without names."""
    texts = [text.format(n="", v="") for wordings in FAMILIES[family][style] for text in wordings]
    texts += [pair[STYLES.index(style)] for pair in values(family)]
    return {word.strip("?.,").lower() for text in texts for word in text.split()} - {""}


def generator(seed):
    """The one source of chance."""
    return random.Random(seed)
