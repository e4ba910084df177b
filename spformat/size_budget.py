"""Prune a torch model until its packed file is at most so many bytes, by the codec's own accounting.

Nothing is estimated: each size is that of a file that was encoded, in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import PruningError
from .pruning.attached import effective
from .pruning.budget import sparsity_for_size
from .pruning.masks import LAYER, apply_mask, make_masks
from .pruning.methods import Method
from .pruning.pruner import Pruner
from .pruning.schedules import Rounds
from .pruning.scope import Scope
from .torch import save
from .torch_arrays import torch

if TYPE_CHECKING:
    from .planning.policy import Policy

Module = torch.nn.Module
MOST_ROUNDS = 20


def packed_size(model: Module, metadata: Mapping[str, Any] | None = None, policy: Policy | None = None) -> int:
    """Bytes of the file that `save_file` would write of the model, masks of a Pruner folded into the weights."""
    return len(save(_state(model), metadata, policy=policy))


def size_by_layer(
    model: Module, method: Method | None = None, policy: Policy | None = None
) -> Callable[[Mapping[str, float]], int]:
    """A function from sparsities by parameter name to the bytes of the file; for Sensitivity.suggest."""

    def size_of(sparsities: Mapping[str, float]) -> int:
        state = _state(model)
        weights = {name: state[name] for name in sparsities}
        masks = make_masks(weights, sparsities, method)
        pruned = {name: apply_mask(weight, masks[name]) for name, weight in weights.items()}
        return len(save(_state(model, pruned), policy=policy))

    return size_of


def _state(model: Module, pruned: Mapping[str, torch.Tensor] | None = None) -> dict[str, torch.Tensor]:
    """The state dict, masks folded in, with tensors replaced: under all names of each, so that ties stay."""
    replaced = pruned or {}
    state = {**effective(model.state_dict()), **replaced}
    first: dict[torch.Tensor, str] = {}
    shared = [item for item in model.named_parameters(remove_duplicate=False) if item[0] in state]
    for name, parameter in sorted(shared, key=lambda item: item[0] not in replaced):
        state[name] = state[first.setdefault(parameter, name)]
    return state


@dataclass(frozen=True)
class SizeRound:
    """sparsity: share of zeros that a round pruned to. file_bytes: of the file after its retraining."""

    sparsity: float
    file_bytes: int


def prune_to_size(
    model: Module,
    max_bytes: int,
    *,
    retrain: Callable[[Module], object] | None = None,
    rounds: int = 1,
    method: Method | None = None,
    scope: str = LAYER,
    names: Scope | None = None,
    policy: Policy | None = None,
) -> tuple[Pruner, list[SizeRound]]:
    """Prune a trained model until its file, provenance included, is at most `max_bytes`.

    With `retrain` it is retrained after each of `rounds` steps, whose file sizes fall by the same factor. What
    training changes can make the file grow again: the next round aims as much lower, and if the last did not fit
    another follows. Returns the Pruner and what came of each round. Raises PruningError when the size cannot be
    reached.
    """
    # Provenance is part of the file, so its bytes count; target and numbers change them by a few only.
    schedule = Rounds(1.0, rounds, "prune to a size")
    pruner = Pruner(model, schedule, method=method, scope=scope, names=names)
    found: list[SizeRound] = []
    start, growth = packed_size(model, pruner.provenance(), policy), 0
    for number in range(1, MOST_ROUNDS + 1):
        goal = max(int(start * (max_bytes / start) ** min(number / rounds, 1)), max_bytes) - growth
        sparsity = _prune_to(model, pruner, goal, found, method, policy)
        if retrain is not None:
            retrain(model)
        size = packed_size(model, pruner.provenance(), policy)
        found.append(SizeRound(sparsity, size))
        growth = max(growth, size - goal)
        if size <= max_bytes and number >= rounds:
            return pruner, found
    raise PruningError("the file grew again after every retraining", expected=max_bytes, found=found[-1].file_bytes)


def _prune_to(
    model: Module, pruner: Pruner, goal: int, found: list[SizeRound], method: Method | None, policy: Policy | None
) -> float:
    """Prune to the least sparsity whose file is at most `goal`, and return it."""
    state = _state(model)
    weights = {name: state[name] for name in pruner.masks()}

    def size_of(sparsity: float) -> int:
        masks = make_masks(weights, sparsity, method, pruner.scope, pruner.masks())
        pruned = {name: apply_mask(weight, masks[name]) for name, weight in weights.items()}
        pruner.schedule = Rounds(sparsity, len(found) + 1, "prune to a size")
        return len(save(_state(model, pruned), pruner.provenance(), policy=policy))

    sparsity = sparsity_for_size(size_of, goal, least=found[-1].sparsity if found else 0.0)
    pruner.schedule = Rounds(sparsity, len(found) + 1, "prune to a size")
    pruner.prune(sparsity)
    return sparsity
