"""Where things are."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "openledger"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target")
BINARIES = TARGET / "debug"
NODE = BINARIES / "openledger-node"
CLIENT = BINARIES / "openledger"
DECODE = BINARIES / "examples" / "decode"
SERVE_SPEED = BINARIES / "examples" / "serve_speed"
TRAIN_SPEED = BINARIES / "examples" / "train_speed"
GEMM_SPEED = BINARIES / "examples" / "gemm_speed"
ADAPTER_STORE = BINARIES / "examples" / "adapter_store"
INDEX_SCALE = BINARIES / "examples" / "index_scale"
GROUND_TRUTH = BINARIES / "examples" / "ground_truth"
SKETCH_COST = BINARIES / "examples" / "sketch_cost"
RETRIEVAL = BINARIES / "examples" / "retrieval"
PROMPTED = BINARIES / "examples" / "prompted"
ATTACKS = BINARIES / "examples" / "attacks"
SETTLEMENT = BINARIES / "examples" / "settlement"
DRAWS = BINARIES / "examples" / "draws"
RECEIPTS_RATIO = BINARIES / "examples" / "receipts_ratio"
RECEIPTS_SPEED = BINARIES / "examples" / "receipts_speed"
SCALE = BINARIES / "examples" / "scale"
GROUND = ROOT / "node" / "attribution" / "examples" / "ground_truth"
# The demonstration asks for it by this name.
MODEL = CACHE / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"


def environment(cache_home):
    """This environment, with caches elsewhere and the target folder where it is."""
    return {**os.environ, "XDG_CACHE_HOME": str(cache_home), "CARGO_TARGET_DIR": str(TARGET)}
