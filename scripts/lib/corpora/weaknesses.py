"""The CWE list: one question and answer for each weakness, a contributor for each subject."""

import re
import xml.etree.ElementTree as ElementTree
import zipfile

from text import BUDGET, key, lower_first, sentences, squeeze, tokens

CATALOGUE = "cwe2/database_v49/cwec_v4.14.xml"
NAMESPACE = "{http://cwe.mitre.org/cwe-7}"

# View 1400 puts every weakness under exactly one category, view 1003 lists the ones that
# published vulnerabilities are mapped to.
COMPREHENSIVE, PUBLISHED = "1400", "1003"

# Categories of view 1400, by contributor.
CONTRIBUTORS = {
    "access-control": {"1396", "1411", "1413", "1418"},
    "injection": {"1404", "1406", "1407", "1409"},
    "memory-and-resources": {"1399", "1408", "1415", "1416"},
    "secrets-and-cryptography": {"1402", "1403", "1414", "1417"},
    "control-flow-and-code": {"1397", "1398", "1401", "1405", "1410", "1412"},
}


def answer(weakness, question):
    """The description and as many sentences of the extended description as fit; None if not even
    the first sentence does."""
    parts = sentences(squeeze(weakness.findtext(f"{NAMESPACE}Description", "")))
    extended = weakness.find(f"{NAMESPACE}Extended_Description")
    if extended is not None:
        paragraphs = [p for p in extended.iter() if p.tag.endswith("}p")] or [extended]
        # A paragraph that ends in a colon announces a list, which is not taken.
        texts = (squeeze("".join(p.itertext())) for p in paragraphs)
        for text in texts:
            if not text.endswith((".", "!", "?")):
                break
            parts += sentences(text)
    taken, left = [], BUDGET - tokens(question)
    for part in parts:
        left -= tokens(part)
        if left < 0:
            break
        taken.append(part)
    return " ".join(taken) or None


def short_name(name):
    """The name people say: what the catalogue gives in quotes at the end, else the whole."""
    quoted = re.search(r"\('([^']+)'\)$", name)
    return quoted.group(1) if quoted else name


def held_out(number, name, text):
    """The three forms take turns, so that none of them is a matter of the subject."""
    spoken, first = short_name(name), sentences(text)[0]
    form = number % 3
    if form == 0:
        return f"Explain the weakness that is called {spoken}.", text
    if form == 1:
        return f"A review of our software reports {spoken}. What does that mean?", text
    condition = lower_first(first.rstrip("."))
    return f"Which software weakness is it when {condition}?", f"{name} (CWE-{number}). {text}"


def in_view(weakness, view):
    related = weakness.iter(f"{NAMESPACE}Related_Weakness")
    return any(relation.get("View_ID") == view for relation in related)


def observed(catalogue, numbers):
    """{number: [(place, text)]}: what the catalogue tells of published vulnerabilities that show a
    weakness, in its order, where it tells it of one of these weaknesses alone."""
    told = []
    for weakness in catalogue.iter(f"{NAMESPACE}Weakness"):
        if weakness.get("ID") in numbers:
            for example in weakness.iter(f"{NAMESPACE}Observed_Example"):
                text = squeeze("".join(example.find(f"{NAMESPACE}Description").itertext()))
                told.append((weakness.get("ID"), text))
    of = {}
    for number, text in told:
        of.setdefault(text, set()).add(number)
    found = {}
    for place, (number, text) in enumerate(told):
        # A few words say nothing by themselves, and a number would give the weakness away.
        if len(of[text]) == 1 and len(text.split()) >= 6 and "CWE-" not in text:
            found.setdefault(number, []).append((place, text))
    return found


def load(path):
    """{contributor: [record]} in the list's order. A record carries its held-out question and
    whether a limited selection should prefer it, being one that people meet."""
    with zipfile.ZipFile(path) as wheel:
        catalogue = ElementTree.fromstring(wheel.read(CATALOGUE))
    weaknesses = {w.get("ID"): w for w in catalogue.iter(f"{NAMESPACE}Weakness")}
    category_of, records, seen = {}, {name: [] for name in CONTRIBUTORS}, set()
    for category in catalogue.iter(f"{NAMESPACE}Category"):
        for member in category.iter(f"{NAMESPACE}Has_Member"):
            if member.get("View_ID") == COMPREHENSIVE:
                category_of[member.get("CWE_ID")] = category.get("ID")
    for identifier, weakness in sorted(weaknesses.items(), key=lambda item: int(item[0])):
        category = category_of.get(identifier)
        if category is None or weakness.get("Status") == "Deprecated":
            continue
        number, name = int(identifier), weakness.get("Name")
        question = f"What is CWE-{number}, {name}?"
        text = answer(weakness, question)
        if text is None or key(text) in seen:
            continue
        seen.add(key(text))
        contributor = next(c for c, categories in CONTRIBUTORS.items() if category in categories)
        records[contributor].append(
            {
                "question": question,
                "answer": text,
                "preferred": in_view(weakness, PUBLISHED),
                "held_out": held_out(number, name, text),
                "number": identifier,
            }
        )
    known = {item["number"]: item for items in records.values() for item in items}
    for number, texts in observed(catalogue, known).items():
        known[number]["observed"] = texts
    return records
