"""Masks for one tensor or many, within each layer or over all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..errors import PruningError
from ..torch_arrays import torch
from .methods import Fixed, Magnitude, Method, Ranked
from .selection import Cut, check_sparsity, find_cut, is_wide, keep_count, top_mask

Tensor = torch.Tensor
Sparsity = float | Mapping[str, float]
Masks = dict[str, Tensor]

LAYER, GLOBAL = "layer", "global"


@dataclass(frozen=True)
class Plan:
    """What to prune, decided before the first mask is made: `mask` then needs one tensor at a time.

    cuts: for the global scope, where the line runs in each tensor.
    """

    method: Method
    sparsity: Sparsity | None
    cuts: Mapping[str, Cut] | None = None

    def mask(self, name: str, weight: Tensor, alive: Tensor | None = None) -> Tensor:
        """True where a weight survives; bool, of the weight's shape. alive: the mask so far; None for all."""
        if isinstance(self.method, Fixed):
            return self.method.mask(weight, alive, name)
        assert isinstance(self.method, Ranked)
        scores = self.method.living_scores(weight, alive, name)
        if self.cuts is not None:
            kept = self.cuts[name].mask(scores)
        else:
            kept = top_mask(scores, keep_count(scores.numel(), self.target(name)))
        if kept.shape == weight.shape:
            return kept
        whole = kept.reshape(-1, *[1] * (weight.ndim - 1)).expand(weight.shape)  # a score was for a row
        return whole.clone() if alive is None else whole & alive

    def target(self, name: str) -> float:
        """The sparsity asked of a tensor. Raises PruningError where there is none."""
        found = self.sparsity.get(name) if isinstance(self.sparsity, Mapping) else self.sparsity
        if found is None:
            raise PruningError(f"the method {self.method.name} needs a sparsity", tensor=name)
        return check_sparsity(found)


def plan(
    weights: Mapping[str, Tensor],
    sparsity: Sparsity | None,
    method: Method | None = None,
    scope: str = LAYER,
    alive: Mapping[str, Tensor] | None = None,
) -> Plan:
    """Decide what is pruned from `weights`, whose tensors are taken one at a time, in their order.

    sparsity: the share of zeros that results, for all or by name; None for methods that decide themselves.
    scope: "layer" prunes each tensor to it; "global" all together, with ties to the earlier tensor, then the
    lower index. Raises PruningError for sparsities outside 0 to 1 and combinations that make no sense.
    """
    method = method or Magnitude()
    each = sparsity is None or isinstance(sparsity, Mapping)
    check_scope(scope, method, each)
    if isinstance(method, Fixed):
        if sparsity is not None:
            raise PruningError(f"the method {method.name} decides for each layer how much goes, and takes no sparsity")
        return Plan(method, None)
    if scope == LAYER or not weights:
        return Plan(method, sparsity)
    assert isinstance(method, Ranked)
    assert isinstance(sparsity, (int, float))
    return Plan(method, sparsity, _global_cuts(weights, sparsity, method, alive or {}))


def check_scope(scope: str, method: Method, each: bool) -> None:
    """Raises PruningError unless the scope is one and goes with the method. each: not one sparsity for all."""
    if scope not in (LAYER, GLOBAL):
        raise PruningError(f"scope must be {LAYER} or {GLOBAL}, not {scope!r}")
    if scope == GLOBAL and isinstance(method, Fixed):
        raise PruningError(f"the method {method.name} decides for each layer how much goes, not over all")
    if scope == GLOBAL and each:
        raise PruningError("the global scope needs one sparsity for all tensors")


def make_masks(
    weights: Mapping[str, Tensor],
    sparsity: Sparsity | None,
    method: Method | None = None,
    scope: str = LAYER,
    alive: Mapping[str, Tensor] | None = None,
) -> Masks:
    """The masks of all weights at once; see `plan`.

    >>> make_masks({"w": torch.tensor([3.0, -1, 1, 2])}, 0.5)["w"]
    tensor([ True, False, False,  True])
    """
    made = plan(weights, sparsity, method, scope, alive)
    living = alive or {}
    return {name: made.mask(name, weight, living.get(name)) for name, weight in weights.items()}


def _global_cuts(
    weights: Mapping[str, Tensor], sparsity: float, method: Ranked, alive: Mapping[str, Tensor]
) -> dict[str, Cut]:
    def scores() -> Iterator[Tensor]:
        return (method.living_scores(weights[name], alive.get(name), name) for name in weights)

    count, wide = 0, False
    for weight in weights.values():
        count, wide = count + method.units(weight), wide or is_wide(weight)
    cut = find_cut(scores, keep_count(count, sparsity), wide)
    return dict(zip(weights, cut.shared(scores()), strict=True))


def apply_mask(weight: Tensor, mask: Tensor) -> Tensor:
    """The weight, with +0.0 wherever the mask is False; a new tensor. Nothing is multiplied: -0.0 would result."""
    return weight.masked_fill(~mask, 0)


def achieved(masks: Mapping[str, Tensor]) -> float:
    """Sparsity over all masks: the share that is False; 0 of nothing."""
    total = sum(mask.numel() for mask in masks.values())
    return 1 - sum(int(mask.sum()) for mask in masks.values()) / total if total else 0.0
