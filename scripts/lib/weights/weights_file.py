"""What a weights file says; template.hbs says how it looks."""

import dataclasses
import re

from processes import Failed

FUNCTION = re.compile(r"\bfn (\w+)\(")
RANGE = re.compile(r"// `(\w+)`: (\d+) to (\d+)\.")
REFERENCE = re.compile(r"Reference: (\d+) ns")
MACHINE = re.compile(r"Machine: (.*)\.")
# Once all white space is gone.
BASE = re.compile(r"Weight::from_parts\(([\d_]+),0\)")
SLOPE = re.compile(r"Weight::from_parts\(([\d_]+),0\)\.saturating_mul\((\w+)\.into\(\)")
ACCESSES = {
    "reads": (re.compile(r"reads\((\d+)\)"), re.compile(r"reads\((\d+)_u64\.saturating_mul\((\w+)\.into\(\)")),
    "writes": (re.compile(r"writes\((\d+)\)"), re.compile(r"writes\((\d+)_u64\.saturating_mul\((\w+)\.into\(\)")),
}


@dataclasses.dataclass
class Linear:
    """A constant, and so much for each of a component."""

    base: int
    slopes: dict

    def at(self, values):
        return self.base + sum(slope * values[name] for name, slope in self.slopes.items())


@dataclasses.dataclass
class Weight:
    """One benchmark's: picoseconds, reads and writes, over the ranges that were measured."""

    ranges: dict
    time: Linear
    reads: Linear
    writes: Linear

    def middle(self):
        return {name: (least + most) / 2 for name, (least, most) in self.ranges.items()}

    def most(self):
        return {name: most for name, (_, most) in self.ranges.items()}


@dataclasses.dataclass
class Weights:
    """One pallet's."""

    machine: str
    reference: int
    benchmarks: dict


def number(text):
    return int(text.replace("_", ""))


def linear(constant, sloped, body):
    found = constant.search(body)
    slopes = {name: number(slope) for slope, name in sloped.findall(body)}
    return Linear(number(found[1]) if found else 0, slopes)


def parse(text):
    # What stands before the first function, then by turns a function's name and what follows it.
    head, *rest = FUNCTION.split(text)
    benchmarks = {}
    before = head
    for name, body in zip(rest[::2], rest[1::2]):
        ranges = {which: (int(least), int(most)) for which, least, most in RANGE.findall(before)}
        bare = re.sub(r"\s", "", body)
        accesses = {kind: linear(*patterns, bare) for kind, patterns in ACCESSES.items()}
        benchmarks[name] = Weight(ranges, linear(BASE, SLOPE, bare), **accesses)
        before = body
    return Weights(MACHINE.search(head)[1], int(REFERENCE.search(head)[1]), benchmarks)


def read(file):
    try:
        return parse(file.read_text(encoding="utf-8"))
    except (OSError, TypeError) as error:
        raise Failed(f"{file} is no weights file ({error}); run scripts/weights run") from error
