"""dattri and dattri-llm, in a folder beside the environment that has torch."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "openledger"
FOLDER = CACHE / "dattri"
REQUIREMENTS = pathlib.Path(__file__).with_name("requirements.txt")


def install():
    """Puts the packages, installed first where needed, on this interpreter's path."""
    stamp = FOLDER / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"installing dattri into {FOLDER}", file=sys.stderr)
        shutil.rmtree(FOLDER, ignore_errors=True)
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, "--target", FOLDER, "--requirement", REQUIREMENTS],
            check=True,
            stdout=sys.stderr,
        )
        stamp.write_text(wanted)
    sys.path.insert(0, str(FOLDER))
