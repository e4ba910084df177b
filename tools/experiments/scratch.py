"""Is the pruned network worth more than its shape (Liu et al. 2019)? Fine-tuned, against trained from scratch for as
many epochs (scratch-E) and for as many operations (scratch-B) as the large network."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from spformat.pruning.flops import count_flops
from spformat.pruning.lottery import reinitialize, reset_to, scratch_b_epochs, scratch_e_epochs
from spformat.pruning.masks import GLOBAL
from spformat.pruning.pruner import Pruner
from tools.experiments.connections import PENALTIES, TWELVE_TIMES, Settings
from tools.experiments.data import Fold
from tools.experiments.training import Recipe, accuracy, fit


def run(make: Any, fold: Fold, settings: Settings) -> dict[str, Any]:
    """One network, pruned once to a twelfth of its weights. make: a seed -> the network."""
    penalty = PENALTIES["L2"]
    model: nn.Module = make(fold.number)
    fit(model, fold, settings.first(penalty), fold.number)
    image = fold.test_x[:1]
    found: dict[str, Any] = {"dense": accuracy(model, fold), "flops_dense": count_flops(model, image)}
    pruner = Pruner(model, TWELVE_TIMES, scope=GLOBAL)
    pruner.step()
    masks = copy.deepcopy(pruner.masks())
    found["flops"] = count_flops(model, image, zeros=False)
    fit(model, fold, settings.again(penalty, settings.one_shot), fold.number)
    found["fine_tuned"] = accuracy(model, fold)
    pruner.finalize()
    epochs = {
        "scratch_e": scratch_e_epochs(settings.dense),
        "scratch_b": scratch_b_epochs(settings.dense, found["flops_dense"], found["flops"]),
    }
    for kind, count in epochs.items():
        control: nn.Module = make(fold.number)
        reinitialize(control, 1000 + fold.number)
        keeper = reset_to(control, copy.deepcopy(control.state_dict()), masks)
        fit(control, fold, Recipe(count, settings.rate, penalty), fold.number)
        found |= {kind: accuracy(control, fold), f"{kind}_epochs": count}
        keeper.finalize()
    return found
