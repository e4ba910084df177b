"""The lottery ticket (Frankle and Carbin 2019) and its controls (Liu et al. 2019)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import PruningError
from ..torch_arrays import torch
from .attached import attached
from .masks import LAYER, Masks, achieved
from .pruner import Pruner
from .schedules import Rounds, share_per_round
from .scope import Scope

Module = torch.nn.Module
State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Level:
    """One level of a ticket. number: rounds of pruning behind it, 0 for the dense network. density: share of
    weights that its mask keeps. accuracy: what `evaluate` said after training it.
    """

    number: int
    density: float
    accuracy: float
    masks: Masks


def ticket_sparsity(level: int, share: float) -> float:
    """The sparsity after `level` rounds that each prune `share` of what is left; from the original number of
    weights, so that rounding does not add up.
    """
    return float(1 - (1 - share) ** level)


def find_ticket(
    model: Module,
    train: Callable[[Module], object],
    evaluate: Callable[[Module], float],
    levels: int,
    *,
    share: float | None = None,
    sparsity: float | None = None,
    output: str | None = None,
    rewind: State | None = None,
    scope: str = LAYER,
    names: Scope | None = None,
) -> tuple[Pruner, list[Level]]:
    """Train, prune the smallest of the survivors, set the rest back to what they were, and repeat.

    levels: rounds of pruning. Either share, what each round prunes of the survivors (0.2 in the paper), or the
    sparsity to end at, from which it follows. output: name of the output layer's weight, pruned at half the
    share (within layers only). rewind: the state dict to go back to, early weights instead of those that the model
    has now. train must begin anew each time, with its own optimizer and schedule of learning rates. Batch
    normalization goes back with the rest. Returns the Pruner, the model trained at the last level, and what came of
    every level.
    """
    if (share is None) == (sparsity is None):
        raise PruningError("either the share that a round prunes or the sparsity to end at")
    each = share_per_round(sparsity, levels) if share is None and sparsity is not None else share or 0.0
    start = copy.deepcopy(model.state_dict()) if rewind is None else rewind
    schedule = Rounds(sparsity or ticket_sparsity(levels, each), levels, "lottery ticket")
    pruner = Pruner(model, schedule, scope=scope, names=names)
    if output is not None and scope != LAYER:
        raise PruningError("the global scope has no share for a single layer", tensor=output)
    if output is not None and output not in pruner.masks():
        raise PruningError("the output layer is not among the pruned weights", tensor=output)
    train(model)
    found = [_level(0, pruner, evaluate(model))]
    for number in range(1, levels + 1):
        whole = ticket_sparsity(number, each)
        halved = {name: ticket_sparsity(number, each / (2 if name == output else 1)) for name in pruner.masks()}
        pruner.prune(whole if scope != LAYER else halved)
        model.load_state_dict(start)  # the masks hold
        train(model)
        found.append(_level(number, pruner, evaluate(model)))
    return pruner, found


def _level(number: int, pruner: Pruner, accuracy: float) -> Level:
    return Level(number, 1 - pruner.sparsity, accuracy, copy.deepcopy(pruner.masks()))


def reset_to(model: Module, state: Mapping[str, Any], masks: Mapping[str, torch.Tensor]) -> Pruner:
    """A ticket: the model with the weights of `state` and these masks; the Pruner keeps them."""
    schedule = Rounds(achieved(masks), 1, "given masks")
    pruner = Pruner(model, schedule, names=Scope(include=tuple(masks), min_rank=0))
    model.load_state_dict(state)
    pruner.shrink(masks)
    return pruner


def reinitialize(model: Module, seed: int) -> None:
    """Draw all parameters anew, as their modules do at construction: the control of a ticket. Masks hold.

    Raises PruningError for parameters of modules that do not say how (they have no reset_parameters).
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for name, module in model.named_modules():
            if not any(True for _ in module.parameters(recurse=False)):
                continue
            reset = getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
            if reset is None:
                raise PruningError(f"{type(module).__name__} cannot be drawn anew", tensor=name)
            reset()
    for masked in attached(model):
        masked.enforce()


def warmup_factor(step: int, steps: int) -> float:
    """The factor of the learning rate at a step: rises linearly from 0 over `steps`, then stays 1.

    >>> [warmup_factor(step, 4) for step in (0, 1, 4, 9)]
    [0.0, 0.25, 1.0, 1.0]
    """
    return min(step / steps, 1.0) if steps else 1.0


def warmup(
    optimizer: torch.optim.Optimizer, steps: int, then: Callable[[int], float] = lambda _: 1.0
) -> torch.optim.lr_scheduler.LambdaLR:
    """A schedule of learning rates with a warm-up: 0 to 1 over `steps`, then the factor `then` gives for the
    step, counted from the beginning. Call its step() once per step of the optimizer.
    """

    def factor(step: int) -> float:
        return warmup_factor(step, steps) if step < steps else then(step)

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def scratch_e_epochs(epochs: int) -> int:
    """Scratch-E: the pruned network is trained from scratch for as many epochs as the large one was."""
    return epochs


def scratch_b_epochs(epochs: int, flops_large: float, flops_small: float) -> int:
    """Scratch-B: for as many as cost what training the large one did.

    >>> scratch_b_epochs(160, 100, 40)
    400
    """
    if not 0 < flops_small <= flops_large:
        raise PruningError("the pruned network must need some FLOPs, and no more than the large one")
    return int(epochs * flops_large / flops_small)
