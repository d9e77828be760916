"""python3 scripts/lib/corpora CWE_WHEEL DIALOGUE_WHEEL LIMIT OUT; LIMIT 0 is everything."""

import json
import os
import sys
import tempfile

import topics
import weaknesses
from text import pick

HELD_OUT_MINIMUM = 40


def balanced(records, limit):
    """How many records each contributor gives: equal parts, what the small ones cannot fill going
    to the others."""
    left = {name: len(items) for name, items in records.items()}
    taken = dict.fromkeys(records, 0)
    remaining = min(limit, sum(left.values())) if limit else sum(left.values())
    while remaining:
        for name in sorted(left, key=lambda name: (taken[name], name)):
            if remaining and taken[name] < left[name]:
                taken[name] += 1
                remaining -= 1
    return taken


def choose(items, count):
    """Preferred records first, otherwise evenly over the list, always in its order."""
    preferred = [i for i, item in enumerate(items) if item["preferred"]]
    others = [i for i, item in enumerate(items) if not item["preferred"]]
    chosen = pick(preferred, count)
    chosen += pick(others, count - len(chosen))
    return [items[i] for i in sorted(chosen)]


def write_lines(path, rows):
    """Through a rename, so that a reader never sees half a file."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)


def write(folder, records, limit):
    os.makedirs(folder, exist_ok=True)
    counts, held_out, observed = balanced(records, limit), [], []
    for contributor, items in records.items():
        file = f"{contributor}.jsonl"
        chosen = choose(items, counts[contributor])
        write_lines(
            os.path.join(folder, file),
            [{"question": item["question"], "answer": item["answer"]} for item in chosen],
        )
        for line, item in enumerate(chosen, start=1):
            if item["held_out"]:
                question, answer = item["held_out"]
                held_out.append(
                    {"question": question, "answer": answer, "record": {"file": file, "line": line}}
                )
            for place, text in item.get("observed", []):
                observed.append((place, {"question": text, "record": {"file": file, "line": line}}))
        print(f"  {os.path.join(folder, file)}: {len(chosen)} of {len(items)} records")
    write_lines(os.path.join(folder, "heldout.jsonl"), held_out)
    print(f"  {os.path.join(folder, 'heldout.jsonl')}: {len(held_out)} questions")
    if not limit or limit >= 96:
        if len(held_out) < HELD_OUT_MINIMUM:
            raise SystemExit(f"corpora: only {len(held_out)} held-out questions in {folder}")
    return [row for _, row in sorted(observed, key=lambda told: told[0])]


def main():
    cwe, dialogue, limit, out = sys.argv[1:]
    observed = write(os.path.join(out, "weaknesses"), weaknesses.load(cwe), int(limit))
    # Not in the folder, whose files are contributors'.
    write_lines(os.path.join(out, "observed.jsonl"), observed)
    print(f"  {os.path.join(out, 'observed.jsonl')}: {len(observed)} descriptions")
    write(os.path.join(out, "topics"), topics.load(dialogue), int(limit))


main()
