"""Learning both weights and connections (Han et al. 2015): one shot without and with retraining, iteratively, L1
and L2."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from torch import nn

import spformat
from spformat.pruning.attached import attached, detach, effective
from spformat.pruning.dead_neurons import remove_dead_neurons
from spformat.pruning.masks import GLOBAL
from spformat.pruning.retrain import Penalty, Phase, train_prune_retrain
from spformat.torch import save
from tools.experiments.data import Fold
from tools.experiments.training import Recipe, accuracy, fit

TWELVE_TIMES = 0.9167  # the sparsity that leaves 12 times fewer weights
ONE_SHOT = (0.5, 2 / 3, 0.8, 0.86, TWELVE_TIMES, 0.94, 0.96)
RETRAINED = (0.8, TWELVE_TIMES, 0.96)  # of those, the ones that are retrained too
ITERATIVE = (0.5, 0.75, 0.86, TWELVE_TIMES, 0.94, 0.96)
PENALTIES = {"L1": Penalty(1, 1e-4), "L2": Penalty(2, 3e-4)}


@dataclass(frozen=True)
class Settings:
    """Epochs of the first training, of retraining after one shot and after each round of the iteration, and the
    first learning rate, for one network."""

    dense: int
    one_shot: int
    round: int
    rate: float

    def first(self, penalty: Penalty) -> Recipe:
        """The first training."""
        return Recipe(self.dense, self.rate, penalty)

    def again(self, penalty: Penalty, epochs: int) -> Recipe:
        """Retraining, at half the learning rate."""
        return Recipe(epochs, self.rate / 2, penalty)


def one_shot(dense: nn.Module, fold: Fold, settings: Settings, penalty: Penalty) -> list[dict[str, float]]:
    """Accuracy at each sparsity, right after pruning the trained network and, for some, after retraining."""
    found = []
    for sparsity in ONE_SHOT:
        model = copy.deepcopy(dense)

        def train(model: nn.Module, phase: Phase, sparsity: float = sparsity) -> None:
            if sparsity in RETRAINED:
                fit(model, fold, settings.again(phase.penalty, settings.one_shot), fold.number)

        pruner, (_, result) = train_prune_retrain(
            model, train, lambda model: accuracy(model, fold), [sparsity], scope=GLOBAL, penalty=penalty, trained=True
        )
        pruner.finalize()
        entry = {"sparsity": sparsity, "pruned": result.pruned}
        found.append({**entry, "retrained": result.retrained} if sparsity in RETRAINED else entry)
    return found


def iterative(dense: nn.Module, fold: Fold, settings: Settings, penalty: Penalty) -> dict[str, Any]:
    """Accuracy after each round of prune and retrain, and the network's file after each."""
    model, files = copy.deepcopy(dense), []

    def evaluate(model: nn.Module) -> float:
        return accuracy(model, fold)

    def train(model: nn.Module, phase: Phase) -> None:
        fit(model, fold, settings.again(phase.penalty, settings.round), 100 * fold.number + phase.round)
        files.append(stored(model))

    pruner, rounds = train_prune_retrain(model, train, evaluate, ITERATIVE, scope=GLOBAL, penalty=penalty, trained=True)
    pruner.finalize()
    curve = [
        {"sparsity": r.sparsity, "pruned": r.pruned, "retrained": r.retrained, "layers": r.layers, **file}
        for r, file in zip(rounds[1:], files, strict=True)
    ]
    return {"rounds": curve, "range_dense": _range(dense), "range_pruned": _range(model)}


def stored(model: nn.Module) -> dict[str, Any]:
    """Bytes of the network's file, dense and packed, float32 with all biases and with provenance left out; and
    what dead neurons make of it."""
    state = {name: tensor.detach().clone() for name, tensor in effective(model.state_dict()).items()}
    shrunk = copy.deepcopy(_bare(model))
    removed = remove_dead_neurons(shrunk).removed
    return {
        "dense_bytes": sum(t.numel() * t.element_size() for t in state.values()),
        "file_bytes": len(save(state)),
        "fast_bytes": len(save(state, policy=spformat.Policy(fast=True))),
        "dead_neurons": sum(removed.values()),
        "without_dead_bytes": len(save(shrunk.state_dict())),
    }


def _bare(model: nn.Module) -> nn.Module:
    """A copy without masks."""
    twin = copy.deepcopy(model)
    for masked in attached(twin):
        detach(masked)
    return twin


def _range(model: nn.Module) -> list[float]:
    """The 0.1 and 99.9 percentiles of the nonzero weights of the largest layer."""
    weight = max((p.detach() for p in model.parameters()), key=lambda p: p.numel())
    living = weight[weight != 0]
    return [round(float(living.quantile(share)), 4) for share in (0.001, 0.999)]


def run(make: Any, fold: Fold, settings: Settings, norms: tuple[str, ...]) -> dict[str, Any]:
    """Everything about one network on one fold. make: a seed -> the network."""
    found: dict[str, Any] = {"dense": {}, "one_shot": {}, "iterative": {}}
    for norm in norms:
        penalty = PENALTIES[norm]
        dense = make(fold.number)
        fit(dense, fold, settings.first(penalty), fold.number)
        found["dense"][norm] = accuracy(dense, fold)
        found["one_shot"][norm] = one_shot(dense, fold, settings, penalty)
        if norm == "L2":
            found["iterative"] = iterative(dense, fold, settings, penalty)
    found["weights"] = sum(p.numel() for p in make(0).parameters() if p.ndim > 1)
    return found
