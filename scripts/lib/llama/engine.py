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

    def train(self, model, samples, adapter):
        """Trains an adapter on token sequences and saves it as a folder."""
        self.run("peft", [model, "train", adapter], json.dumps(samples))

    def adapter_file(self, model, adapter, file):
        """Writes an adapter as llama.cpp's GGUF adapter."""
        self.run("peft", [model, "gguf", adapter, file], "")

    def adapted_logits(self, model, adapter, samples, vocabulary, file):
        """As `logits`, with an adapter, all of it in single precision."""
        import numpy

        self.run("peft", [model, "logits", adapter, file], json.dumps(samples))
        # After them come those in half precision, as served.
        return numpy.memmap(file, dtype="<f4", mode="r").reshape(2, -1, vocabulary)[0]

    def tiny_models(self, folder, seed, text):
        """Writes tiny random models and returns the list of them."""
        return json.loads(self.run("tiny_models", [folder, seed], text))
