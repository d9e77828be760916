"""Where things are."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "openledger"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target")
BENCHER = TARGET / "debug" / "openledger-bencher"
# Apart from everything else: other features, another target, another profile.
RUNTIME_TARGET = TARGET / "weights"
RUNTIME = RUNTIME_TARGET / "wasm32v1-none" / "release" / "openledger_runtime.wasm"
TEMPLATE = HERE / "template.hbs"
COMMITTED = ROOT / "runtime" / "src" / "weights"

# How processes are run is as in scripts/bench.
sys.path.append(str(ROOT / "scripts" / "lib" / "bench"))
