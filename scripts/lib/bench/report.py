"""The report on attribution, from what its benchmark found."""

import json
import pathlib

import plots

PROTOCOL = pathlib.Path(__file__).with_name("report.md")
WITHIN = {
    "lds_over_ceiling": "LDS of what is paid by, over the ceiling",
    "lds_gain_low": "its LDS minus the best baseline's, lower end",
    "contributor_spearman": "pay against contribution, contributors, noise-corrected Spearman",
    "mislabel_auc": "wrong records found, AUC",
    "int8_over_float_lds": "int8 over float sketches of 512, LDS",
    "sketch_over_full_lds": "sketch over unprojected gradient, LDS",
    "style_swapped_recall": "records found in another style, recall@10",
    "null_paid": "answers about other things that pay anyone",
}


def number(value, digits=3):
    return f"{value:.{digits}f}".replace("-0.000", "0.000").replace("-", "−")


def interval(ends, digits=3):
    return f"{number(ends[0], digits)} … {number(ends[1], digits)}"


def table(head, rows):
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)


def with_intervals(found, key="mean", digits=3):
    """Rows of named values that have intervals."""
    return [[name, number(row[key], digits), interval(row["ci"], digits)] for name, row in found.items()]


def summary(found):
    rows = []
    for name, words in WITHIN.items():
        ends = found.get(f"{name}_ci")
        rows.append([words, f"`{name}`", number(found[name]), interval(ends) if ends else "", found["targets"][name]])
    return table(["", "figure", "value", "95 %", "at least"], rows)


def ranked(rows):
    return sorted(rows, key=lambda row: -row["lds"])


def lds(rows):
    cells = [[row["name"], number(row["lds"]), interval(row["ci"]), number(row["seconds"], 1)] for row in ranked(rows)]
    return table(["estimator", "LDS", "95 %", "s"], cells)


def chart(rows, ceiling):
    bars = [(row["name"], row["lds"], *row["ci"]) for row in ranked(rows)]
    return plots.bars("LDS over 160 retrained halves, with 95 % intervals", bars, ("index",), (ceiling["mean"], "seed to seed"))


def removed(found):
    rows = []
    for name, sizes in found.items():
        if name == "queries":
            continue
        for size, row in sizes.items():
            rows.append([name, size, number(row["mean"]), interval(row["ci"])])
    return table(["ranked by", "records removed", "rise of the loss, nats a token", "95 %"], rows)


def contributors(found):
    rows = [[name, number(row["value"]), interval(row["ci"]), number(row["raw"])] for name, row in found.items()]
    return table(["pay", "Spearman, noise-corrected", "95 %", "uncorrected"], rows)


def ablations(found):
    rows = [[row["pay_by"].lower(), row["credits"], number(row["contributor_spearman"])] for row in found["paid"]]
    return lds(found["lds"]), table(["paid", "K", "Spearman, noise-corrected"], rows)


def write(folder, found):
    """Writes README.md, lds.svg and the figures themselves."""
    folder.mkdir(parents=True, exist_ok=True)
    variants, paid = ablations(found["ablations"])
    parts = {
        "SUMMARY": summary(found),
        "CEILING": f"{number(found['ceiling']['mean'])} ({interval(found['ceiling']['ci'])})",
        "QUERIES": found["queries"],
        "LDS": lds(found["lds"]),
        "BASELINE": found["best_baseline"],
        "GAIN": f"{number(found['lds_gain']['mean'])} ({interval(found['lds_gain']['ci'])})",
        "CONTRIBUTORS": contributors(found["contributors"]),
        "RELIABILITY": number(found["contributors"]["paid"]["reliability"]),
        "REMOVED": removed(found["removed"]),
        "MISLABELLED": table(["by", "AUC", "95 %"], with_intervals(found["mislabelled"])),
        "SWAPPED": table(["ranked by", "recall@10", "95 %"], with_intervals(found["style_swapped"])),
        "NULLS": f"{found['nulls']['queries']} questions, above the floor {number(found['nulls']['above_floor']['mean'], 4)}, paid after the lift {number(found['nulls']['paid']['mean'], 4)}",
        "CHOOSING": f"{found['ablations']['queries']} queries, ceiling {number(found['ablations']['ceiling']['mean'])}",
        "VARIANTS": variants,
        "PAYING": paid,
    }
    words = PROTOCOL.read_text(encoding="utf-8")
    for name, part in parts.items():
        words = words.replace("{" + name + "}", str(part))
    (folder / "README.md").write_text(words, encoding="utf-8")
    (folder / "lds.svg").write_text(chart(found["lds"], found["ceiling"]), encoding="utf-8")
    (folder / "figures.json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
