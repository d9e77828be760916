"""python3 -B -m unittest discover -s scripts/lib/sources"""

import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SKIPPED = {"target", "node_modules", ".git"}
# Folders whose sources are targets of their own.
TARGETS = {"tests", "examples", "benches", "bin"}


def sources(root):
    for folder, inside, files in os.walk(root):
        inside[:] = [name for name in inside if name not in SKIPPED]
        yield from (pathlib.Path(folder, name) for name in files if name.endswith(".rs"))


def is_target(path):
    """Whether Cargo compiles it by itself, as `examples/one.rs` and not `src/tests/one.rs`."""
    folder = path.parent
    in_package = lambda of: (of / "Cargo.toml").is_file()
    if path.name == "build.rs":
        return in_package(folder)
    if path.name in ("lib.rs", "main.rs"):
        return in_package(folder.parent) or folder.parent.name in TARGETS and in_package(folder.parent.parent)
    return folder.name in TARGETS and in_package(folder.parent.parent if folder.name == "bin" else folder.parent)


def parents(path):
    """The files whose module it may be, and its name there."""
    folder, name = path.parent, path.stem
    if path.name == "mod.rs":
        folder, name = folder.parent, folder.name
    beside = [of for of in folder.glob("*.rs") if of.name in ("lib.rs", "main.rs", "mod.rs") or is_target(of)]
    return name, [of for of in (folder.with_suffix(".rs"), *beside) if of != path]


def forgotten(root):
    """Sources that nothing compiles."""
    texts = {path: path.read_text(encoding="utf-8") for path in sources(root)}
    placed = set()
    for path, text in texts.items():
        for name in re.findall(r'^#\[path = "([^"]+)"\]', text, re.MULTILINE):
            placed.add(pathlib.Path(os.path.normpath(path.parent / name)))
    for path in sorted(texts):
        if path in placed or is_target(path):
            continue
        name, named_by = parents(path)
        module = re.compile(rf"^\s*(pub(\([^)]*\))? )?mod {name};", re.MULTILINE)
        if not any(module.search(texts[of]) for of in named_by if of in texts):
            yield str(path.relative_to(root))


class Sources(unittest.TestCase):
    def test_every_source_is_compiled(self):
        self.assertEqual(list(forgotten(ROOT)), [], "no module names them")


if __name__ == "__main__":
    unittest.main()
