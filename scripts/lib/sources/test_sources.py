"""python3 -B -m unittest discover -s scripts/lib/sources"""

import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SKIPPED = {"target", "node_modules", ".git"}
# What Cargo compiles by itself, or a manifest names.
ROOTS = {"lib.rs", "main.rs", "mod.rs", "build.rs"}
TARGETS = {"tests", "examples", "benches", "bin"}


def sources(root):
    for folder, inside, files in os.walk(root):
        inside[:] = [name for name in inside if name not in SKIPPED]
        yield from (pathlib.Path(folder, name) for name in files if name.endswith(".rs"))


def is_target(path):
    """Whether Cargo makes a target of its own of it, as of `examples/one.rs` and of no `src/tests/one.rs`."""
    parent = path.parent
    return parent.name in TARGETS and (parent.parent / "Cargo.toml").is_file() or parent.name == "bin"


def parents(path):
    """The files whose module it may be."""
    folder = path.parent
    return [folder.with_suffix(".rs"), *(folder / name for name in sorted(ROOTS)), *folder.glob("*.rs")]


def forgotten(root):
    """Sources that nothing compiles."""
    texts = {path: path.read_text(encoding="utf-8") for path in sources(root)}
    placed = set()
    for path, text in texts.items():
        for name in re.findall(r'#\[path = "([^"]+)"\]', text):
            placed.add(pathlib.Path(os.path.normpath(path.parent / name)))
    for path in sorted(texts):
        if path.name in ROOTS or path in placed or is_target(path):
            continue
        named = re.compile(rf"\bmod {path.stem};")
        # A file beside it has it for a module only where it is no module file itself.
        beside = [of for of in parents(path) if of in texts and of != path]
        beside = [of for of in beside if of.parent != path.parent or of.name in ROOTS or is_target(of)]
        if not any(named.search(texts[of]) for of in beside):
            yield path.relative_to(root)


class Sources(unittest.TestCase):
    def test_every_source_is_compiled(self):
        self.assertEqual(list(map(str, forgotten(ROOT))), [], "no module names them")


if __name__ == "__main__":
    unittest.main()
