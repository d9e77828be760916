"""Where things are."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "openledger"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target")
# The variables are those of tests/polkadot-js.
NODE = pathlib.Path(os.environ.get("OPENLEDGER_NODE") or TARGET / "debug" / "openledger-node")
CLIENT = pathlib.Path(os.environ.get("OPENLEDGER_CLIENT") or TARGET / "debug" / "openledger")
POLKADOT_JS = ROOT / "tests" / "polkadot-js"
SUBMIT = pathlib.Path(__file__).resolve().parent / "submit.mjs"
MODEL = CACHE / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
