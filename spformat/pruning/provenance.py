"""What was done to a model, as metadata that travels in the file.

Under the key "pruning": method and schedule with their parameters, scope, target and achieved sparsity over all,
and per layer {"target", "achieved", "weights", "kept"}. Sparsities are shares of zeros; a target is absent where
the method decides how much goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..torch_arrays import torch
from .methods import Method

KEY = "pruning"


def record(
    masks: Mapping[str, torch.Tensor],
    method: Method,
    scope: str,
    target: float | Mapping[str, float] | None,
    schedule: Mapping[str, Any],
) -> dict[str, Any]:
    """The metadata for masks as they are. target: final sparsity, of all or by name."""
    counts = {name: (mask.numel(), int(mask.sum())) for name, mask in masks.items()}
    return from_counts(counts, method, scope, target, schedule)


def from_counts(
    counts: Mapping[str, tuple[int, int]],
    method: Method,
    scope: str,
    target: float | Mapping[str, float] | None,
    schedule: Mapping[str, Any],
) -> dict[str, Any]:
    """The same from (weights, kept) of each layer."""
    per_layer = target if isinstance(target, Mapping) else dict.fromkeys(counts, target)
    layers = {}
    for name, (weights, kept) in counts.items():
        layers[name] = {"weights": weights, "kept": kept, "achieved": _sparsity(weights, kept)}
        wanted = per_layer[name]
        if scope == "layer" and wanted is not None:
            layers[name]["target"] = float(wanted)
    weights, kept = (sum(column) for column in zip(*counts.values(), strict=True)) if counts else (0, 0)
    found = {
        "method": method.describe(),
        "schedule": dict(schedule),
        "scope": scope,
        "achieved": _sparsity(weights, kept),
        "layers": layers,
    }
    overall = _overall(counts, per_layer)
    if overall is not None:
        found["target"] = overall
    return {KEY: found}


def _overall(counts: Mapping[str, tuple[int, int]], targets: Mapping[str, float | None]) -> float | None:
    """The targets' mean, each weighing as many as it has weights; None where there is one missing."""
    wanted = set(targets.values())
    if None in wanted or not counts:
        return None
    if len(wanted) == 1:
        return wanted.pop()
    total = sum(weights for weights, _ in counts.values())
    return sum(weights * (targets[name] or 0.0) for name, (weights, _) in counts.items()) / total


def _sparsity(weights: int, kept: int) -> float:
    return 1 - kept / weights if weights else 0.0
