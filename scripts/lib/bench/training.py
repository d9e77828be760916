"""Tokens a second of training an adapter, here, with candle's automatic gradients, and with PEFT."""

import json

from figures import figure
from peers import LIBRARY, PATIENCE, environments, torch
from places import TRAIN_SPEED
from processes import Failed, run, say
from speed import with_threads

# Each takes half a minute.
MOST_RUNS = 3


def dimensions(model):
    """The base's, with which PEFT's is made of random weights."""
    python = environments.wheel()
    return json.loads(run([python, "-B", LIBRARY / "peers" / "dimensions.py", model], patience=PATIENCE))


def base(peer, model):
    """What PEFT is to train; none where it does not come to that."""
    if peer.unavailable:
        return None
    try:
        return dimensions(model)
    except (environments.Missing, Failed, ValueError) as failed:
        peer.leave_out(f"the base's dimensions cannot be read: {failed}")
        return None


def rate(runs, name, field="train_tokens_per_s"):
    return figure(name, "tokens/s", [round(one[field], 2) for one in runs])


def described(mine, theirs, peer):
    ratios = [round(one["train_over_autograd"], 3) for one in mine]
    ours = {
        "train": rate(mine, "train"),
        "autograd": rate(mine, "autograd", "autograd_tokens_per_s"),
        "over_autograd": figure("train_over_autograd", "times", ratios),
        "last": mine[-1],
    }
    found = {"train_over_autograd": ours["over_autograd"]["median"]}
    other = peer.described({"train": rate(theirs, "peer_train"), "last": theirs[-1]} if theirs else {})
    if theirs:
        found["train_over_torch"] = round(ours["train"]["median"] / other["train"]["median"], 3)
    return {**found, "training": {"ours": ours, "torch": other}}


def measure(arguments):
    runs, mine, theirs = min(arguments.runs, MOST_RUNS), [], []
    peer = torch(arguments, runs)
    trained = base(peer, arguments.model)
    for number in range(runs):
        say(f"training, run {number + 1} of {runs}")
        mine.append(json.loads(run([TRAIN_SPEED, arguments.model], env=with_threads(arguments))))
        asked = ("peers/torch_training.py", arguments.threads)
        theirs += filter(None, [peer.ask(number, *asked, given=trained)])
    return described(mine, theirs, peer)
