"""The virtual environment that llama.cpp (as the Python package xllamacpp) runs in."""

import json
import os
import pathlib
import subprocess
import sys
import venv

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "openledger"
FOLDER = CACHE / "venv-compare"
REQUIREMENTS = ["xllamacpp==2026.10.11549", "gguf==0.19.0", "numpy>=2,<3"]


def interpreter():
    """The environment's Python; the environment is made first where needed."""
    python = FOLDER / "bin" / "python"
    stamp = FOLDER / "requirements.json"
    wanted = json.dumps(REQUIREMENTS)
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"installing {', '.join(REQUIREMENTS)} into {FOLDER}", file=sys.stderr)
        venv.create(FOLDER, with_pip=True, clear=True, symlinks=True)
        # Standard output is for the JSON of whoever asked.
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True, stdout=sys.stderr
        )
        stamp.write_text(wanted)
    return python


def enter(script):
    """Runs `script` again under the environment, unless that is where it runs."""
    if pathlib.Path(sys.prefix).resolve() == FOLDER.resolve():
        return
    python = interpreter()
    os.execv(python, [str(python), script, *sys.argv[1:]])
