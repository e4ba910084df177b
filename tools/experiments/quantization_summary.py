"""Means over seeds, from the results as JSON has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Record = dict[str, Any]


@dataclass(frozen=True)
class Mean:
    """A mean over seeds and the sample standard deviation."""

    mean: float
    deviation: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.deviation:.2f}"


def means(records: Iterable[Record], by: Callable[[Record], Any], value: str) -> dict[Any, Mean]:
    """Mean of a field over the records of each group, in the order of their first appearance."""
    groups: dict[Any, list[float]] = defaultdict(list)
    for record in records:
        groups[by(record)].append(record[value])
    return {key: Mean(float(np.mean(group)), float(np.std(group, ddof=1))) for key, group in groups.items()}


def dense_accuracy(results: Record) -> float:
    """Mean accuracy of the dense LeNet-300-100."""
    return means(results["points"], lambda point: point["method"], "accuracy")["dense"].mean


def curve(results: Record, method: str) -> list[tuple[float, float, float]]:
    """(setting, size share, mean change of accuracy against the dense model) of a method, in falling size."""
    chosen = [point for point in results["points"] if point["method"] == method]
    sizes = means(chosen, lambda point: point["setting"], "size")
    reached = means(chosen, lambda point: point["setting"], "accuracy")
    dense = dense_accuracy(results)
    rows = [(setting, sizes[setting].mean, reached[setting].mean - dense) for setting in sizes]
    return sorted(rows, key=lambda row: -row[1])


def smallest_without_loss(results: Record, method: str, allowed: float = 0.3) -> tuple[float, float]:
    """Size share and change of accuracy of the smallest models before the first one that loses more than allowed."""
    kept = (1.0, 0.0)
    for _, size, change in curve(results, method):
        if change < -allowed:
            break
        kept = (size, change)
    return kept


def stage_rates(results: Record) -> dict[str, float]:
    """Dense bits over bits of all layers after each stage, mean over seeds."""
    totals = [stage["total"] for stage in results["stages"]]
    names = ("pruned", "quantized", "coded", "bound")
    return {name: float(np.mean([total["dense"] / total[name] for total in totals])) for name in names}


def stage_accuracy(results: Record) -> dict[str, Mean]:
    """Accuracy of the LeNet-300-100 at the paper's densities, after each stage."""
    names = ("dense", "dense_trained_on", "pruned", "quantized")
    return {name: means(results["stages"], lambda _: "all", name)["all"] for name in names}
