"""The runtime with its benchmarks, and the tool that runs them."""

import os

from messages import say
from places import HERE, ROOT, RUNTIME_TARGET
from processes import run

# What substrate-wasm-builder passes.
LINKING = (
    "-C link-arg=--export-table -C link-arg=--export=__heap_base -C link-arg=--import-memory"
    " --cfg substrate_runtime"
)


def runtime():
    """For WASM alone: what the host links stays as it is, without the benchmarks' features."""
    say("building the runtime with its benchmarks (the first build takes a quarter of an hour)")
    environment = {
        **os.environ,
        "CARGO_TARGET_DIR": str(RUNTIME_TARGET),
        "RUSTFLAGS": LINKING,
        # As substrate-wasm-builder's release profile.
        "CARGO_PROFILE_RELEASE_LTO": "thin",
        "CARGO_PROFILE_RELEASE_PANIC": "abort",
    }
    line = ["cargo", "rustc", "--package", "openledger-runtime", "--target", "wasm32v1-none"]
    line += ["--no-default-features", "--features", "runtime-benchmarks"]
    run([*line, "--crate-type", "cdylib", "--release", "--locked"], cwd=ROOT, env=environment)


def bencher():
    say("building the benchmarks' runner (the first build takes half an hour)")
    # One of its dependencies brings a test runtime, which nothing here runs.
    environment = {**os.environ, "SKIP_WASM_BUILD": "1"}
    run(["cargo", "build", "--locked"], cwd=HERE / "bencher", env=environment)


def everything():
    runtime()
    bencher()
