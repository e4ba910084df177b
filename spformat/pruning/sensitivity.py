"""How much each layer bears: accuracy against sparsity, one layer at a time, and what follows for a budget."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import MissingExtraError, PruningError
from ..torch_arrays import torch
from .attached import ORIG
from .masks import Masks, make_masks
from .methods import Magnitude, Method
from .parameters import prunable
from .scope import Scope

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPARSITIES = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
STEPS = 40  # of the bisection for a budget


@dataclass(frozen=True)
class Sensitivity:
    """accuracies: for each layer, what `evaluate` said at each of `sparsities` when only that layer was pruned.
    base: what it said of the whole model.
    """

    base: float
    sparsities: tuple[float, ...]
    accuracies: dict[str, list[float]]

    def most(self, drop: float) -> dict[str, float]:
        """The largest sparsity of each layer up to which it alone loses no more than `drop` of accuracy.

        Between what was measured the curve is taken as straight; beyond, nothing is promised.
        """
        return {name: _crossing(self.sparsities, curve, self.base - drop) for name, curve in self.accuracies.items()}

    def suggest(self, size_of: Callable[[Mapping[str, float]], int], max_bytes: int) -> dict[str, float]:
        """Sparsities by layer for a size: all layers lose the same accuracy alone, as little as the size allows.

        size_of: bytes of the model when its layers are pruned to these sparsities (see size_budget.size_by_layer).
        Raises PruningError when the size is not reached at the sparsities that were measured.
        """
        worst = self.base - min(min(curve) for curve in self.accuracies.values())
        found = self.most(worst)
        if size_of(found) > max_bytes:
            raise PruningError(
                "too large at every sparsity that was measured", expected=max_bytes, found=size_of(found)
            )
        low, high = 0.0, worst
        for _ in range(STEPS):
            if high - low <= worst / 1000:
                break
            middle = (low + high) / 2
            candidate = self.most(middle)
            if size_of(candidate) <= max_bytes:
                high, found = middle, candidate
            else:
                low = middle
        return found

    def draw(self, path: str | os.PathLike[str]) -> None:
        """A picture of the curves, .svg, .png or .pdf. Raises MissingExtraError without matplotlib."""
        figure = self.figure()
        figure.savefig(path)

    def figure(self) -> Figure:
        """The same as a figure of matplotlib."""
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise MissingExtraError("matplotlib is needed to draw: pip install spformat[plot]") from error
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        axes = figure.subplots()
        for name, curve in self.accuracies.items():
            axes.plot(self.sparsities, curve, marker="o", markersize=3, label=name)
        axes.axhline(self.base, color="gray", linewidth=0.8, linestyle="dashed")
        axes.set_xlabel("sparsity of this layer alone (share of zeros)")
        axes.set_ylabel("accuracy without retraining")
        axes.legend(fontsize="small")
        return figure


def measure(
    model: torch.nn.Module,
    evaluate: Callable[[torch.nn.Module], float],
    sparsities: Sequence[float] = SPARSITIES,
    *,
    method: Method | None = None,
    names: Scope | None = None,
) -> Sensitivity:
    """Prune a copy of each layer of the model to each of the sparsities, and evaluate; nothing is retrained.

    sparsities: rising. The model is as it was afterwards. Raises PruningError when nothing is to be pruned.
    """
    if list(sparsities) != sorted(set(sparsities)):
        raise PruningError("the sparsities must rise")
    base = evaluate(model)
    curves: dict[str, list[float]] = {}
    for module, attribute, name in prunable(model, names or Scope()):
        parameter = module._parameters.get(attribute, module._parameters.get(attribute + ORIG))  # torch's, if pruned
        assert parameter is not None
        before, dense = parameter.detach().clone(), getattr(module, attribute).detach().clone()
        curves[name] = []
        try:
            for sparsity in sparsities:
                masks: Masks = make_masks({name: dense}, sparsity, method or Magnitude())
                parameter.data.copy_(dense.masked_fill(~masks[name], 0))
                curves[name].append(evaluate(model))
        finally:
            parameter.data.copy_(before)
    return Sensitivity(base, tuple(sparsities), curves)


def _crossing(sparsities: Sequence[float], curve: Sequence[float], floor: float) -> float:
    """Where the curve first falls below the floor."""
    if curve[0] < floor:
        return 0.0
    for at in range(1, len(curve)):
        if curve[at] < floor:
            share = (curve[at - 1] - floor) / (curve[at - 1] - curve[at])
            return sparsities[at - 1] + share * (sparsities[at] - sparsities[at - 1])
    return sparsities[-1]
