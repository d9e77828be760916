"""Blocks from a request to its claim, one request after the other."""

import itertools
import json
import math

from figures import figure
from places import CLIENT, environment
from processes import Failed, run, say

# SLOT_MILLIS in runtime/src/configs/consensus.rs.
BLOCK_SECONDS = 3
# Whom the demonstration has given OPEN to ask with.
CONSUMER = "//Alice//consumer"


class Client:
    def __init__(self, node, cache_home):
        self.common = [CLIENT, "--url", node.url, "--worker", node.worker, "--json"]
        self.environment = environment(cache_home)

    def __call__(self, *command, accepted=(0,)):
        output = run([*self.common, *command], accepted=accepted, env=self.environment)
        if not output.strip():
            raise Failed(f"openledger {command[0]} failed; its message is above")
        return json.loads(output)


def questions(client, cache_home):
    """Held-out questions without end, by turns for each of the demonstration's models."""
    turns = []
    for model in client("model", "list"):
        if model["status"] != "Published":
            continue
        # The demonstration names a model by its corpus, Datanet and snapshot.
        corpus = model["name"].rsplit("-", 2)[0]
        file = cache_home / "openledger" / "corpora" / corpus / "heldout.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines()
        turns.append(itertools.cycle([(model["id"], json.loads(line)["question"]) for line in lines]))
    if not turns:
        raise Failed("the demonstration left no model to ask")
    return itertools.chain.from_iterable(zip(*turns))


def spent(before, after, name):
    return after.get(name, 0.0) - before.get(name, 0.0)


def describe(trace, before, after):
    """One request, from the chain's trace and what the worker counted meanwhile."""
    generation = spent(before, after, "openledger_generating_seconds_total")
    asked, answered = trace["requested_at"], trace["answered_at"]
    # An answer and its claim are one extrinsic.
    blocks = None if answered is None else answered - asked
    return {
        "request": trace["request"],
        "model": trace["model"],
        "state": trace["state"],
        "prompt_tokens": trace["usage"]["prompt"],
        "output_tokens": trace["usage"]["output"],
        "requested_at": asked,
        "answered_at": answered,
        "blocks_to_claim": blocks,
        "generation_s": round(generation, 3),
        "attribution_s": round(spent(before, after, "openledger_attributing_seconds_total"), 3),
        # Anything but one means that the seconds are not of this answer alone.
        "jobs_answered": round(spent(before, after, "openledger_answers_total")),
        "blocks_over_generation": None if blocks is None else over(blocks, generation),
    }


def over(blocks, generation):
    return blocks - math.ceil(generation / BLOCK_SECONDS)


def ask(client, node, model, question, max_tokens):
    before = node.metrics()
    line = ["ask", model, question, "--max-tokens", max_tokens, "--key", CONSUMER]
    # Status 1 with a trace means that nobody answered in time.
    trace = client(*line, accepted=(0, 1))
    return describe(trace, before, node.metrics())


def measure(node, cache_home, count, max_tokens):
    client = Client(node, cache_home)
    requests = []
    for model, question in itertools.islice(questions(client, cache_home), count):
        say(f"asking, {len(requests) + 1} of {count}")
        requests.append(ask(client, node, model, question, max_tokens))

    def of(name, unit):
        return figure(name, unit, [r[name] for r in requests if r["answered_at"] is not None])

    return {
        "block_seconds": BLOCK_SECONDS,
        "blocks_to_claim": of("blocks_to_claim", "blocks"),
        "generation_s": of("generation_s", "s"),
        "blocks_over_generation": of("blocks_over_generation", "blocks"),
        "requests": requests,
    }
