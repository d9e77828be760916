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
    return table(["", "figure", "value", "95 %", "asked for"], rows)


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
    rows = [[row["pay_by"].lower(), row["credits"], f"{row['dimension']:,}", number(row["contributor_spearman"]), number(row["nulls"]["above_floor"]["mean"])] for row in found["paid"]]
    recalls = [[row["name"], number(row["mean"]), interval(row["ci"])] for row in found["style_swapped"]]
    return lds(found["lds"]), table(["ranked by", "recall@10", "95 %"], recalls), table(["paid", "K", "components", "Spearman, noise-corrected", "glosses above the floor"], rows)


def costs(found, folder):
    """What attribution takes, from what the benchmark of indexes printed; without it, where to find it."""
    if not found:
        return "`scripts/bench index` measures it."
    points = found["scan"]["records_and_ms"]
    title = f"Milliseconds of an exact scan, {found['dimension']} components"
    (folder / "scan.svg").write_text(plots.curve(title, points, "records", "milliseconds"), encoding="utf-8")
    answers = [
        [of["prompt"], of["answer"], *(number(of[name], 1) for name in ("sketch_ms", "gain_ms", "prefill_ms", "generation_ms")), number(of["share_of_generation"], 2)]
        for of in found["sketches"]["answers"]
    ]
    head = ["prompt", "answer", "sketch, ms", "gain, ms", "prefill of both, ms", "generation, ms", "sketch over generation"]
    at = found["machine"]
    machine = f"On {at['cores']} cores of {at['cpu']}, SmolLM2-135M in Q4_1, rank 8 on all projections:"
    built = f"Sketches of records: {number(found['build_tokens_per_s'], 0)} tokens a second, {number(found['build_over_training'], 2)} times what training on them does."
    return "\n\n".join([machine, table(head, answers), built, "![Scan](scan.svg)", "Sketches of the scan are synthetic; its time does not depend on what they say."])


def write(folder, found, index=None):
    """Writes README.md, the pictures and the figures themselves; `index` is what scripts/bench index printed."""
    folder.mkdir(parents=True, exist_ok=True)
    variants, recalls, paid = ablations(found["ablations"])
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
        "CALIBRATED": f"{found['nulls']['calibrated_on']:,}",
        "NULLS": f"{found['nulls']['queries']:,} questions, above the floor {number(found['nulls']['above_floor']['mean'], 4)}, paid after the lift {number(found['nulls']['paid']['mean'], 4)}",
        "CHOOSING": f"{found['ablations']['queries']} queries, ceiling {number(found['ablations']['ceiling']['mean'])}",
        "VARIANTS": variants,
        "RECALLS": recalls,
        "PAYING": paid,
        "COSTS": costs(index, folder),
    }
    words = PROTOCOL.read_text(encoding="utf-8")
    for name, part in parts.items():
        words = words.replace("{" + name + "}", str(part))
    (folder / "README.md").write_text(words, encoding="utf-8")
    (folder / "lds.svg").write_text(chart(found["lds"], found["ceiling"]), encoding="utf-8")
    (folder / "figures.json").write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
