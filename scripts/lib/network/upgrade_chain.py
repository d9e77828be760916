"""upgrade.mjs, which signs and decodes."""

import json
import pathlib

import submit
from processes import run

SCRIPT = pathlib.Path(__file__).resolve().parent / "upgrade.mjs"


def ask(name, limit, **options):
    """The JSON that a command prints."""
    line = ["node", SCRIPT, name]
    for option, value in options.items():
        line += [f"--{option}", value]
    output, _ = run(line, limit, env=submit.environment())
    return json.loads(output)
