"""docs/pruning.md and its pictures, from what the experiments left in results/."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from tools.experiments import pictures
from tools.experiments.claims import NETWORKS, claims
from tools.experiments.connections import ONE_SHOT

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "pruning.md"

Fold = dict[str, Any]


def load() -> list[Fold]:
    """What every fold left, in order."""
    return [json.loads(path.read_text()) for path in sorted(RESULTS.glob("fold-*.json"))]


def spread(values: list[float]) -> str:
    """Mean and standard deviation over folds."""
    return f"{mean(values):.2f} ± {stdev(values):.2f}" if len(values) > 1 else f"{values[0]:.2f}"


def table(titles: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def one_shot_table(folds: list[Fold], network: str) -> str:
    """Accuracy by sparsity: L1 and L2, before and after retraining."""
    norms = list(folds[0][network]["one_shot"])
    rows = []
    for at, sparsity in enumerate(ONE_SHOT):
        cells = [f"{100 * sparsity:.1f} %", f"{1 / (1 - sparsity):.1f}x"]
        for key in ("pruned", "retrained"):
            for norm in norms:
                entries = [fold[network]["one_shot"][norm][at] for fold in folds]
                cells.append(spread([e[key] for e in entries]) if key in entries[0] else "")
        rows.append(cells)
    dense = [spread([fold[network]["dense"][norm] for fold in folds]) for norm in norms]
    titles = [f"{norm}, {when}" for when in ("no retraining", "retrained") for norm in norms]
    return table(["sparsity", "fewer weights", *titles], [["0 %", "1x", *dense, *[""] * len(norms)], *rows])


def iterative_table(folds: list[Fold], network: str) -> str:
    """Accuracy and file sizes after each round."""
    dense = [fold[network]["dense"]["L2"] for fold in folds]
    size = folds[0][network]["iterative"]["rounds"][0]["dense_bytes"]
    rows = [["0 %", "1x", "", spread(dense), "", f"{size:,}", "", "", ""]]
    for at in range(len(folds[0][network]["iterative"]["rounds"])):
        entries = [fold[network]["iterative"]["rounds"][at] for fold in folds]
        sparsity = mean(e["sparsity"] for e in entries)
        change = mean(e["retrained"] - d for e, d in zip(entries, dense, strict=True))
        files = [mean(e[key] for e in entries) for key in ("file_bytes", "fast_bytes", "without_dead_bytes")]
        neurons = mean(e["dead_neurons"] for e in entries)
        cells = [f"{100 * sparsity:.1f} %", f"{1 / (1 - sparsity):.1f}x", spread([e["pruned"] for e in entries])]
        cells += [spread([e["retrained"] for e in entries]), f"{change:+.2f}", f"{files[0]:,.0f}"]
        cells += [f"{size / files[0]:.1f}x", f"{size / files[1]:.1f}x", f"{size / files[2]:.1f}x ({neurons:.0f} units)"]
        rows.append(cells)
    titles = ["sparsity", "fewer weights", "before retraining", "after", "against dense", "file, bytes"]
    return table([*titles, "smaller file", "`--fast`", "without dead neurons"], rows)


def gradual_table(folds: list[Fold]) -> str:
    """Large and sparse against small and dense."""
    rows = []
    for at in range(len(folds[0]["gradual"])):
        entries = [fold["gradual"][at] for fold in folds]
        first = entries[0]
        cells = [f"{100 * first['sparsity']:.0f} %"]
        for kind in ("large_sparse", "small_dense"):
            cells += [spread([e[kind] for e in entries]), f"{first[kind + '_weights']:,}"]
        rows.append(cells)
    return table(["sparsity", "large-sparse", "its nonzeros", "small-dense", "its weights"], rows)


def ticket_table(folds: list[Fold]) -> str:
    """Tickets and their controls by density and learning rate."""
    rates = list(folds[0]["tickets"])
    rows = []
    for at, level in enumerate(folds[0]["tickets"][rates[0]]):
        cells = [f"{100 * level['density']:.1f} %"]
        for rate in rates:
            for key in ("ticket", "reinitialized"):
                cells.append(spread([fold["tickets"][rate][at][key] for fold in folds]))
        rows.append(cells)
    titles = [f"{rate}: {what}" for rate in rates for what in ("ticket", "drawn anew")]
    return table(["density", *titles], rows)


def scratch_table(folds: list[Fold]) -> str:
    """Fine-tuned against from scratch, at equal epochs and at equal operations."""
    rows = []
    for network, name in NETWORKS.items():
        entries = [fold["scratch"][network] for fold in folds]
        cells = [name, spread([e["dense"] for e in entries])]
        cells += [
            f"{mean(e['flops_dense'] / e['flops'] for e in entries):.1f}x",
            spread([e["fine_tuned"] for e in entries]),
        ]
        for kind in ("scratch_e", "scratch_b"):
            epochs = mean(e[f"{kind}_epochs"] for e in entries)
            cells.append(f"{spread([e[kind] for e in entries])} ({epochs:.0f} epochs)")
        rows.append(cells)
    return table(["network", "dense", "fewer operations", "fine-tuned", "scratch-E", "scratch-B"], rows)


def text(folds: list[Fold]) -> str:
    """The whole page."""
    template = (Path(__file__).parent / "page.md").read_text()
    parts = {
        "folds": str(len(folds)),
        "cpu": f"{sum(fold['cpu_seconds'] for fold in folds) / 60:.0f}",
        "claims": table(["the lecture says", "measured here", "agrees"], claims(folds)),
        "one_shot_300": one_shot_table(folds, "lenet_300_100"),
        "iterative_300": iterative_table(folds, "lenet_300_100"),
        "one_shot_5": one_shot_table(folds, "lenet_5"),
        "iterative_5": iterative_table(folds, "lenet_5"),
        "gradual": gradual_table(folds),
        "tickets": ticket_table(folds),
        "scratch": scratch_table(folds),
    }
    for name, part in parts.items():
        template = template.replace("{{" + name + "}}", part)
    return template


def main() -> None:
    """Write page and pictures."""
    folds = load()
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text(folds))
    pictures.draw(folds, PAGE.parent)
    print(f"wrote {PAGE.relative_to(ROOT)} from {len(folds)} folds")


if __name__ == "__main__":
    main()
