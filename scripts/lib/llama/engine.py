"""OpenLora's examples, built and run."""

import json
import os
import pathlib
import subprocess
import sys

from environment import CACHE

ROOT = pathlib.Path(__file__).resolve().parents[3]


def build(names):
    """Builds examples of openlora and returns the folder that they are in."""
    print(f"building the examples {', '.join(names)}", file=sys.stderr)
    os.environ.setdefault("CARGO_TARGET_DIR", str(CACHE / "target"))
    command = ["cargo", "build", "--package", "openlora", "--features", "testing"]
    for name in names:
        command += ["--example", name]
    messages = subprocess.run(
        [*command, "--message-format=json"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    for message in map(json.loads, messages.splitlines()):
        if message.get("target", {}).get("name") == names[0] and message.get("executable"):
            return pathlib.Path(message["executable"]).parent
    sys.exit(f"cargo built no executable {names[0]}")


class Engine:
    def __init__(self, examples):
        self.examples = pathlib.Path(examples)

    def run(self, example, arguments, text):
        return subprocess.run(
            [self.examples / example, *map(str, arguments)], input=text, check=True, text=True,
            stdout=subprocess.PIPE,
        ).stdout

    def ids(self, model, samples):
        return json.loads(self.run("teacher_forced", [model, "ids"], json.dumps(samples)))

    def logits(self, model, samples, vocabulary, file):
        """Logits after every token of every sequence, one row after the other, from `file`."""
        import numpy

        self.run("teacher_forced", [model, "logits", file], json.dumps(samples))
        return numpy.memmap(file, dtype="<f4", mode="r").reshape(-1, vocabulary)

    def tiny_models(self, folder, seed, text):
        """Writes tiny random models and returns the list of them."""
        return json.loads(self.run("tiny_models", [folder, seed], text))
