"""Progress, which goes to standard error."""

import sys


def say(text):
    print(f"weights: {text}", file=sys.stderr, flush=True)
