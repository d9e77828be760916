"""The code that a chain is upgraded to: which, and whether it fits into a block."""

import json
import re
import shutil

from processes import Failed, run, say

CODE = "0x3a636f6465"
# What nodes recognise compressed code by (sp-maybe-compressed-blob).
COMPRESSED = bytes([82, 188, 83, 118, 70, 219, 142, 5])
# The part of a block that transactions can fill; runtime/src/configs/system.rs.
LONGEST = 5 * 1024 * 1024 * 3 // 4
LEVEL = 9
# The section of a WASM blob that says which version it is of, by its length and its name.
VERSION = re.compile(rb"\x0fruntime_version")


def of_node(node, folder):
    """The code that a node starts chains with."""
    spec = folder / "new-chain.json"
    run([node, "export-chain-spec", "--chain", "local", "--raw", "--output", spec])
    code = json.loads(spec.read_text())["genesis"]["raw"]["top"][CODE]
    spec.unlink()
    return bytes.fromhex(code[2:])


def version(code):
    """The `spec_version` that code says it has; nothing where it is compressed."""
    if not (section := VERSION.search(code)):
        return None
    at = section.end()
    # Two short names with their lengths before them, and the version of authoring.
    for _ in range(2):
        at += 1 + (code[at] >> 2)
    return int.from_bytes(code[at + 4:at + 8], "little")


def fits(code):
    return len(code) < LONGEST


def compress(code, folder):
    """What a build for release does by itself, and one for development does not."""
    if code.startswith(COMPRESSED):
        return code
    if not shutil.which("zstd"):
        raise Failed("the code is too long for a block unless it is compressed, and zstd is not installed: apt-get install zstd")
    plain, packed = folder / "code.wasm", folder / "code.zst"
    plain.write_bytes(code)
    run(["zstd", "--quiet", "--force", f"-{LEVEL}", plain, "-o", packed])
    compressed = COMPRESSED + packed.read_bytes()
    plain.unlink()
    packed.unlink()
    return compressed


def prepare(given, node, folder):
    """Writes the code to a file; returns its path, and the version that it says it has."""
    try:
        code = given.read_bytes() if given else of_node(node, folder)
    except OSError as error:
        raise Failed(f"can't read the code: {error}") from error
    spec_version = version(code)
    if not fits(code):
        length = len(code)
        code = compress(code, folder)
        say(f"compressed the code from {length} bytes to {len(code)}: a block has room for {LONGEST}")
    if not fits(code):
        raise Failed(f"the code has {len(code)} bytes; a block has room for {LONGEST}")
    path = folder / "code"
    path.write_bytes(code)
    return path, spec_version
