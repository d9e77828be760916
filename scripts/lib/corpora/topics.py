"""The dialogue corpus: questions with informative answers, a contributor for each topic group."""

import re
import zipfile

import dialogue
from text import BUDGET, key, lower_first, squeeze, tokens

FOLDER = "chatterbot_corpus/data/english"

# Left out: greetings, gossip, emotion, humor, conversations, psychology, health and botprofile,
# which are small talk, and politics, which is opinion.
CONTRIBUTORS = {
    "computing": ["computers", "tech_support", "ai"],
    "science": ["science"],
    "culture": ["literature", "movies", "history", "money", "sports"],
    "programming": ["coding"],
    "general-knowledge": ["trivia"],
}

QUESTION = re.compile(
    r"(what|who|whom|whose|which|where|when|why|how|in|can|is|are|does|do|did|was|were)\b", re.I
)
COMMAND = re.compile(r"(write|name)\b", re.I)
# The persona of a chat robot is nobody's knowledge.
PERSONA = re.compile(r"\b(i|i'm|i've|i'd|me|my|mine|you|your|yours|we|our|us)\b", re.I)

# Jokes and fragments, which no rule of form tells from knowledge.
EXCLUDED = {
    "bend over",
    "how much money",
    "is hal",
    "what is hal9000",
    "which name is rapper sean combs better known by",
    "what is a motormouth",
    "what is gravitation",
    "what is h2o",
    "what is it like being a computer",
    "what is it like to be a robot",
    "what operating systems",
    "what type of computer",
    "which is better windows or macos",
}

# Another wording of a record's question, first match wins. The rest of the sentence stays as the
# record has it.
REWORDINGS = [
    (r"(?:what is|what's|whats) meant by (.+)", r"Can you explain what is meant by \1?"),
    (r"can you (?:write|use|do|create|make) (.+)", r"Show me an example of \1."),
    (r"write (.+)", r"Show me \1."),
    (r"who (?:wrote|authored) (.+)", r"Which author wrote \1?"),
    (r"who invented (.+)", r"Name the inventor of \1."),
    (
        r"(what (?:is|are|was|were) .+ (?:called|known as|made of|made out of|used for))",
        r"Please tell me: \1?",
    ),
    (r"(?:what is|what's|what was) the name of (.+)", r"Name \1."),
    (r"(?:who (?:is|was|are|were)|what (?:was|were)) the (.+)", r"Name the \1."),
    (r"what (?:is|are) ((?:an? |the )?.+)", r"Can you explain the meaning of \1?"),
    (r"who (is|was) (.+)", r"Tell me who \2 \1."),
    (r"what does (.+) stand for", r"Spell out what \1 stands for."),
    (
        r"(?:which|what) ((?:[\w.-]+ ){1,3})"
        r"(is|was|has|won|wrote|painted|produces|consumes|features) (.+)",
        r"Name the \1that \2 \3.",
    ),
    (r"how many (.+)", r"I need a number: how many \1?"),
    (r"(my .+)", r"\1. What should I do?"),
    (
        r"((?:in which|which|what|who|where|when|why|how|on what|in what) .+)",
        r"Please tell me: \1?",
    ),
]


def tidy_question(text):
    text = squeeze(text)
    if text.isupper():
        text = text.capitalize()
    text = text[:1].upper() + text[1:]
    return text + "?" if QUESTION.match(text) and text[-1] not in "?.!" else text


def tidy_answer(text):
    # Line breaks are part of a program.
    text = text.strip() if "```" in text else squeeze(text)
    return text[:1].upper() + text[1:]


def reword(question, named):
    """`named`: the answer is a name rather than an explanation."""
    bare = lower_first(question.rstrip("?.! "))
    if named:
        kept = r"(?!.* (?:called|known as|made of|used for)$)"
        bare = re.sub(rf"^what (is|are) the\b{kept}", "what was the", bare)
    for pattern, wording in REWORDINGS:
        match = re.fullmatch(pattern, bare, re.I)
        if match:
            text = squeeze(match.expand(wording))
            return text[:1].upper() + text[1:]
    return None


def informative(contributor, topic, question, answer):
    asks = QUESTION.match(question) or COMMAND.match(question) or question.endswith("?")
    if not (asks or topic == "tech_support") or key(question) in EXCLUDED:
        return False
    if len(answer.split()) < 2 or len(answer) < 8 or tokens(question) + tokens(answer) > BUDGET:
        return False
    if contributor == "programming":
        return "```" in answer
    if PERSONA.search(answer) and not re.match(r"my (?!favou?rite)", question, re.I):
        return False
    return not re.search(r"\b(you|your|robots?)\b", question, re.I)


def load(path):
    """{contributor: [record]}; of several answers to one question the first informative one."""
    records, questions, answers = {name: [] for name in CONTRIBUTORS}, set(), set()
    with zipfile.ZipFile(path) as wheel:
        for contributor, topics in CONTRIBUTORS.items():
            for topic in topics:
                source = wheel.read(f"{FOLDER}/{topic}.yml").decode()
                for question, *replies in dialogue.conversations(source):
                    question = tidy_question(question)
                    for reply in map(tidy_answer, replies[:1] if topic != "computers" else replies):
                        if key(question) in questions or key(reply) in answers:
                            continue
                        if not informative(contributor, topic, question, reply):
                            continue
                        questions.add(key(question))
                        answers.add(key(reply))
                        other = reword(question, contributor == "general-knowledge")
                        records[contributor].append(
                            {
                                "question": question,
                                "answer": reply,
                                "preferred": False,
                                "held_out": (other, reply) if other else None,
                            }
                        )
    return records
