"""What is measured, built as scripts/dev and scripts/test build it."""

from places import ROOT
from processes import run, say


def cargo(what, *selection):
    say(f"building {what} (the first build takes about half an hour on two cores)")
    # Settings of the checkout's .cargo folder hold inside the checkout alone.
    run(["cargo", "build", "--workspace", *selection, "--locked"], cwd=ROOT)


def binaries():
    cargo("the node and the client", "--bins")


def example(name):
    # Apart from the binaries: an example brings the development dependencies' features along.
    cargo(f"the example {name}", "--example", name)
