"""The page's pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tools.experiments.connections import ONE_SHOT

Fold = dict[str, Any]
SAME_EVERY_TIME: Any = {"svg.hashsalt": "spformat", "svg.fonttype": "none"}


def draw(folds: Sequence[Fold], folder: Path) -> None:
    """pruning-*.svg, the same bytes for the same results."""
    with mpl.rc_context(SAME_EVERY_TIME):
        for name, figure in (("connections", connections(folds)), ("tickets", tickets(folds))):
            figure.savefig(folder / f"pruning-{name}.svg", metadata={"Date": None})


def connections(folds: Sequence[Fold]) -> Figure:
    """The five curves of Han et al.'s figure 5: accuracy lost against weights kept."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    dense = mean(fold["lenet_300_100"]["dense"]["L2"] for fold in folds)
    for norm, color in (("L1", "C0"), ("L2", "C1")):
        for key, style in (("pruned", "dashed"), ("retrained", "solid")):
            points = [[fold["lenet_300_100"]["one_shot"][norm][at] for fold in folds] for at in range(len(ONE_SHOT))]
            have = [(1 - p[0]["sparsity"], mean(e[key] for e in p) - dense) for p in points if key in p[0]]
            label = f"{norm}, one shot, {'retrained' if key == 'retrained' else 'no retraining'}"
            axes.plot(*zip(*have, strict=True), marker="o", color=color, linestyle=style, label=label)
    rounds = [fold["lenet_300_100"]["iterative"]["rounds"] for fold in folds]
    curve = [(1 - e[0]["sparsity"], mean(x["retrained"] for x in e) - dense) for e in zip(*rounds, strict=True)]
    axes.plot(*zip(*curve, strict=True), marker="s", color="black", label="L2, iterative")
    axes.set(xlabel="weights kept", ylabel="accuracy against dense, points", ylim=(-6, 1), xscale="log")
    axes.set_xticks([0.04, 0.08, 0.2, 0.5], ["4 %", "8 %", "20 %", "50 %"])
    axes.minorticks_off()
    axes.legend(fontsize="small")
    return figure


def tickets(folds: Sequence[Fold]) -> Figure:
    """Accuracy against density, a panel for each learning rate."""
    rates = list(folds[0]["tickets"])
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    for axes, rate in zip(figure.subplots(1, len(rates)), rates, strict=True):
        levels = list(zip(*(fold["tickets"][rate] for fold in folds), strict=True))
        densities = [level[0]["density"] for level in levels]
        for key, label in (("ticket", "ticket"), ("reinitialized", "drawn anew")):
            axes.plot(densities, [mean(e[key] for e in level) for level in levels], marker="o", label=label)
        axes.set(title=f"learning rate {rate}", xscale="log", xlabel="weights kept", ylabel="accuracy, %")
        axes.set_xticks([0.04, 0.1, 0.3, 1], ["4 %", "10 %", "30 %", "100 %"])
        axes.minorticks_off()
        axes.legend(fontsize="small")
    return figure
