"""A figure: its samples, what they come to, and what it is aimed at."""

import statistics

from targets import TARGETS


def figure(name, unit, samples):
    return {
        "unit": unit,
        "target": TARGETS.get(name),
        "median": round(statistics.median(samples), 3) if samples else None,
        "min": min(samples, default=None),
        "max": max(samples, default=None),
        "samples": samples,
    }


def aims(found):
    """The targets of those figures that stand as numbers of their own."""
    numbers = [name for name, value in found.items() if isinstance(value, (int, float))]
    return {name: TARGETS[name] for name in numbers if name in TARGETS}
