"""Train, prune, retrain (Han et al. 2015), over the user's own training and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from ..errors import PruningError
from ..torch_arrays import torch
from .dropout import DropoutCorrection
from .freezing import CONV, DENSE, frozen, group_of
from .masks import LAYER, Sparsity
from .methods import Fixed, Method
from .pruner import Pruner
from .schedules import Rounds
from .scope import Scope

Module = torch.nn.Module

TRAIN, RETRAIN = "train", "retrain"


@dataclass(frozen=True)
class Penalty:
    """A regularization: strength * sum |w| for norm 1, strength / 2 * sum w^2 for norm 2, over all weights of
    rank 2 or more that have a gradient.
    """

    norm: int
    strength: float

    def __post_init__(self) -> None:
        if self.norm not in (1, 2) or self.strength < 0:
            raise PruningError(f"a penalty has norm 1 or 2 and a strength of 0 or more, not {self}")

    def __call__(self, model: Module) -> torch.Tensor:
        """What to add to the loss: a scalar."""
        weights = [p for p in model.parameters() if p.ndim > 1 and p.requires_grad]
        if self.norm == 1:
            return self.strength * torch.stack([w.abs().sum() for w in weights]).sum()
        return self.strength / 2 * torch.stack([w.square().sum() for w in weights]).sum()


NO_PENALTY = Penalty(2, 0.0)


@dataclass(frozen=True)
class Phase:
    """What a call of the user's `train` is for.

    kind: "train" or "retrain" (papers lower the learning rate tenfold and more then). round: 0 for "train", then
    1, 2, ... penalty: to be added to the loss, as phase.penalty(model). frozen: the group of layers that is held
    meanwhile, "conv" or "dense"; None for none.
    """

    kind: str
    round: int
    penalty: Penalty
    frozen: str | None = None


@dataclass(frozen=True)
class Round:
    """What came of one round. sparsity: share of zeros that the masks have. pruned and retrained: what
    `evaluate` said right after pruning and after retraining; equal in round 0, which trains and prunes nothing.
    """

    round: int
    sparsity: float
    pruned: float
    retrained: float
    layers: dict[str, float] = field(default_factory=dict)


Train = Callable[[Module, Phase], object]
Evaluate = Callable[[Module], float]


def train_prune_retrain(
    model: Module,
    train: Train,
    evaluate: Evaluate,
    sparsities: Sequence[Sparsity | None],
    *,
    method: Method | None = None,
    scope: str = LAYER,
    names: Scope | None = None,
    penalty: Penalty = NO_PENALTY,
    retrain_penalty: Penalty | None = None,
    correct_dropout: bool = True,
    dropout_layers: Mapping[str, str] | None = None,
    alternate: bool = False,
    trained: bool = False,
) -> tuple[Pruner, list[Round]]:
    """Train the connectivity, then prune and retrain once for each of `sparsities`, keeping what survives.

    train(model, phase) trains until it is content; evaluate(model) gives a number for the reports. Optimizers
    belong to `train`: the masks hold with any. sparsities: of each round, by name or for all; None for methods
    that decide. penalty, retrain_penalty: of either phase (L2 for both was best in the paper). correct_dropout:
    set dropout ratios for each round's masks, from their originals. alternate: prune and retrain the dense
    layers with convolutions frozen, then the reverse. trained: leave the first training out.

    Returns the Pruner, to finalize or go on with, and what came of each round.
    """
    if not trained:
        train(model, Phase(TRAIN, 0, penalty))
    last = sparsities[-1] if sparsities else 0.0
    final = last if isinstance(last, (int, float)) else 0.0
    schedule = Rounds(final, len(sparsities), "train, prune, retrain")
    pruner = Pruner(model, schedule, method=method, scope=scope, names=names)
    dropout = DropoutCorrection(model, list(pruner.masks()), dropout_layers) if correct_dropout else None
    accuracy = evaluate(model)
    rounds = [Round(0, pruner.sparsity, accuracy, accuracy, _layers(pruner))]
    for number, sparsity in enumerate(sparsities, 1):
        before = accuracy
        for held, part in _parts(model, pruner, sparsity, alternate):
            pruner.prune(part)
            if dropout is not None:
                dropout.update(pruner.masks())
            before = evaluate(model)
            with frozen(model, held) if held else nullcontext():
                train(model, Phase(RETRAIN, number, retrain_penalty or penalty, held))
        accuracy = evaluate(model)
        rounds.append(Round(number, pruner.sparsity, before, accuracy, _layers(pruner)))
    return pruner, rounds


def _parts(
    model: Module, pruner: Pruner, sparsity: Sparsity | None, alternate: bool
) -> Iterator[tuple[str | None, Sparsity]]:
    """(what is frozen, what is pruned meanwhile): everything at once, or the dense layers and then the others."""
    if not alternate:
        yield None, 0.0 if sparsity is None else sparsity
        return
    if sparsity is None or isinstance(pruner.method, Fixed) or pruner.scope != LAYER:
        raise PruningError("alternating needs a sparsity for each layer")
    groups = group_of(model)
    now = {name: 1 - float(mask.double().mean()) for name, mask in pruner.masks().items()}
    for held, pruned in ((CONV, DENSE), (DENSE, CONV)):
        here = {name for name in now if groups.get(name.rpartition(".")[0]) == pruned}
        now.update((name, sparsity[name] if isinstance(sparsity, Mapping) else sparsity) for name in here)
        if here:
            yield held, dict(now)


def _layers(pruner: Pruner) -> dict[str, float]:
    return {name: 1 - float(mask.double().mean()) for name, mask in pruner.masks().items()}
