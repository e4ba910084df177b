"""Less dropout for a sparser network (Han et al. 2015, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

from ..errors import PruningError
from ..torch_arrays import torch
from .selection import check_sparsity

Module = torch.nn.Module
DROPOUTS = (torch.nn.Dropout, torch.nn.Dropout1d, torch.nn.Dropout2d, torch.nn.Dropout3d)


def corrected_dropout(original: float, density: float) -> float:
    """The ratio D_r = D_o sqrt(C_r / C_o), where C are the connections into the layer whose neurons drop out.

    The root, because dropout takes neurons and C counts connections. density: C_r / C_o.

    >>> [round(corrected_dropout(0.5, density), 4) for density in (0.25, 0.11, 0.09, 0.04, 0)]
    [0.25, 0.1658, 0.15, 0.1, 0.0]
    """
    return original * sqrt(1 - check_sparsity(1 - density))


class DropoutCorrection:
    """The dropout modules of a model, each with the layer whose neurons it drops and its original ratio.

    That layer is the last before it among those with masks, in the order of the model's modules, unless `layers`
    (names of dropout modules -> names of weights) says otherwise.
    """

    def __init__(self, model: Module, weights: list[str], layers: Mapping[str, str] | None = None) -> None:
        """weights: names of the masked parameters. Raises PruningError for names that are not in the model."""
        self._places: list[tuple[Module, str, float]] = []
        found, given = dict(model.named_modules()), dict(layers or {})
        for name in [*given, *given.values()]:
            if name not in found and name not in weights:
                raise PruningError(f"no dropout module or pruned weight is named {name!r}")
        owners = {weight.rpartition(".")[0]: weight for weight in weights}
        last = None
        for name, module in found.items():
            last = owners.get(name, last)
            layer = given.get(name, last)
            if isinstance(module, DROPOUTS) and layer is not None:
                self._places.append((module, layer, float(module.p)))

    def update(self, masks: Mapping[str, torch.Tensor]) -> None:
        """Set every ratio for these masks; always from the original ratio, so that repeating adds nothing."""
        for module, layer, original in self._places:
            module.p = corrected_dropout(original, float(masks[layer].double().mean()))  # type: ignore[assignment]

    def restore(self) -> None:
        """The original ratios again."""
        for module, _, original in self._places:
            module.p = original  # type: ignore[assignment]
