"""What the figures were measured on."""

import os
import subprocess
import tomllib

from places import ROOT


def fields(path):
    """The `name: value` lines of one of the kernel's files; of repeated names, the first."""
    found = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, colon, value = line.partition(":")
            if colon:
                found.setdefault(name.strip(), value.strip())
    return found


def mib(kilobytes):
    """`1024 kB`, as the kernel writes it, in MiB."""
    return round(int(kilobytes.removesuffix("kB")) / 1024, 1)


def machine():
    return {
        "cpu": fields("/proc/cpuinfo").get("model name"),
        # Those that this process may use, which in a container can be fewer than the machine's.
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": mib(fields("/proc/meminfo")["MemTotal"]),
    }


def profile():
    """The cargo profile that the binaries are built with, and what the environment changes of it."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    changes = ("CARGO_PROFILE_DEV_", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS")
    return {
        "name": "dev",
        "settings": manifest["profile"]["dev"],
        "environment": {name: os.environ[name] for name in sorted(os.environ) if name.startswith(changes)},
    }


def commit():
    """The checkout's commit, marked where files differ from it; none outside a repository."""
    line = ["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(line, capture_output=True, text=True)
    return done.stdout.strip() or None


def conditions():
    return {
        "commit": commit(),
        "machine": machine(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "profile": profile(),
    }
