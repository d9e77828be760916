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
