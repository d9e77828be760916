"""Plots as SVG that read well on light and dark pages."""

import math
from xml.sax.saxutils import escape

WIDTH, LABELS, ROW, TOP, BOTTOM, RIGHT = 760, 300, 22, 40, 36, 20
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2328}.bar{fill:#8aa4c8}.ours{fill:#2563a8}"
    ".line{stroke:#1f2328;stroke-width:1}.grid{stroke:#d0d7de}.mark{stroke:#b3541e;stroke-dasharray:4 3}"
    ".curve{fill:none;stroke:#2563a8;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.line{stroke:#e6edf3}.grid{stroke:#30363d}.bar{fill:#5b7699}.ours{fill:#6cb0ff}.curve{stroke:#6cb0ff}}"
)


def page(height, title, parts):
    """A whole picture."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, f"<title>{escape(title)}</title><style>{STYLE}</style>", *parts, "</svg>"]) + "\n"


def text(x, y, words, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def bars(title, rows, ours=(), mark=None):
    """Horizontal bars with intervals: rows of (name, value, low, high), those in `ours` in another colour; `mark`
    is (value, name) of a line across."""
    ends = [end for _, value, low, high in rows for end in (value, low, high)] + ([mark[0]] if mark else [])
    least, most = min(0.0, *ends), max(ends)
    scale = (WIDTH - LABELS - RIGHT) / ((most - least) or 1)
    at = lambda value: LABELS + (value - least) * scale
    height = TOP + ROW * len(rows) + BOTTOM
    parts = [text(8, 22, title)]
    steps = [step / 10 for step in range(int(least * 10), int(most * 10) + 1, 2 if most - least > 0.8 else 1)]
    for step in steps:
        parts += [line(at(step), TOP - 6, at(step), height - BOTTOM, "grid"), text(at(step), height - BOTTOM + 16, f"{step:.1f}", "middle")]
    for number, (name, value, low, high) in enumerate(rows):
        y = TOP + number * ROW
        left, wide = min(at(0), at(value)), abs(at(value) - at(0))
        kind = "ours" if name in ours else "bar"
        parts += [
            text(LABELS - 8, y + 13, name, "end"),
            f'<rect class="{kind}" x="{left:.1f}" y="{y + 2}" width="{wide:.1f}" height="{ROW - 7}"/>',
            line(at(low), y + 9, at(high), y + 9, "line"),
        ]
    if mark:
        parts += [line(at(mark[0]), TOP - 6, at(mark[0]), height - BOTTOM, "mark"), text(at(mark[0]), TOP - 10, mark[1], "middle")]
    return page(height, title, parts)


def curve(title, points, across, up):
    """A curve through (x, y), both axes logarithmic to the base of ten; `across` and `up` name the axes."""
    height, left = 320, 70
    inner = (WIDTH - left - RIGHT, height - TOP - 50)
    logs = [(math.log10(x), math.log10(y)) for x, y in points]
    spans = [(math.floor(min(axis)), max(math.ceil(max(axis)), math.floor(min(axis)) + 1)) for axis in zip(*logs)]
    place = lambda value, span, size: (value - span[0]) / (span[1] - span[0]) * size
    at = lambda x, y: (left + place(x, spans[0], inner[0]), TOP + inner[1] - place(y, spans[1], inner[1]))
    parts = [text(8, 22, title)]
    for x in range(spans[0][0], spans[0][1] + 1):
        parts += [line(*at(x, spans[1][0]), *at(x, spans[1][1]), "grid"), text(at(x, 0)[0], TOP + inner[1] + 18, power(x), "middle")]
    for y in range(spans[1][0], spans[1][1] + 1):
        parts += [line(*at(spans[0][0], y), *at(spans[0][1], y), "grid"), text(left - 8, at(0, y)[1] + 4, power(y), "end")]
    ends = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*log) for log in logs))
    parts += [f'<polyline class="curve" points="{ends}"/>', text(left + inner[0] / 2, height - 8, across, "middle"), text(WIDTH - RIGHT, 22, up, "end")]
    return page(height, title, parts)


def power(exponent):
    """A power of ten as people write it."""
    return f"{10 ** exponent:,}" if exponent >= 0 else f"{10.0 ** exponent:g}"
