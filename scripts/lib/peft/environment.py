"""The virtual environment that PEFT, transformers and torch run in."""

import hashlib
import os
import pathlib
import subprocess
import sys
import venv

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "openledger"
FOLDER = CACHE / "venv-peft"
REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")


def interpreter():
    """The environment's Python; the environment is made first where needed."""
    python = FOLDER / "bin" / "python"
    stamp = FOLDER / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        if sys.version_info[:2] != (3, 11):
            sys.exit("the pinned packages are for Python 3.11: run this with it, or give --python")
        print(f"installing torch, transformers and PEFT into {FOLDER} (6 GB)", file=sys.stderr)
        venv.create(FOLDER, with_pip=True, clear=True, symlinks=True)
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
        # Standard output is for the JSON.
        subprocess.run(
            [python, "-m", "pip", "install", *options, "--requirement", REQUIREMENTS],
            check=True,
            stdout=sys.stderr,
        )
        stamp.write_text(wanted)
    return python


def enter(script, python):
    """Runs `script` again under `python`, or the environment's, unless that is where it runs."""
    if os.environ.get("OPENLEDGER_PEFT_ENTERED"):
        return
    python = python or interpreter()
    os.environ["OPENLEDGER_PEFT_ENTERED"] = "1"
    os.execv(python, [str(python), "-B", script, *sys.argv[1:]])
