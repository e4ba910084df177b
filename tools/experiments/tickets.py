"""Winning tickets (Frankle and Carbin 2019) against random reinitialization (Liu et al. 2019), at low and high
learning rates."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from spformat.pruning.lottery import find_ticket, reinitialize, reset_to
from tools.experiments.data import Fold
from tools.experiments.networks import lenet_300_100
from tools.experiments.training import Recipe, accuracy, fit

EPOCHS = 15
RATES = {
    "low": Recipe(EPOCHS, 0.03),
    "high": Recipe(EPOCHS, 0.3),
    "high, warm-up": Recipe(EPOCHS, 0.3, warmup=0.2),
}
LEVELS = 5
SHARE = 0.488  # of the survivors each round, as three rounds of 20 % take; half that of the output layer


def run(fold: Fold) -> dict[str, list[dict[str, float]]]:
    """By learning rate and level: density, and accuracy of the ticket and of its mask with weights drawn anew."""
    return {name: _levels(fold, recipe) for name, recipe in RATES.items()}


def _levels(fold: Fold, recipe: Recipe) -> list[dict[str, Any]]:
    model = lenet_300_100(fold.number)

    def train(model: nn.Module) -> None:
        fit(model, fold, recipe, fold.number)

    def evaluate(model: nn.Module) -> float:
        return accuracy(model, fold)

    pruner, levels = find_ticket(model, train, evaluate, LEVELS, share=SHARE, output="5.weight")
    pruner.finalize()
    found = []
    for level in levels:
        control = lenet_300_100(fold.number)
        reinitialize(control, 1000 + fold.number)
        keeper = reset_to(control, copy.deepcopy(control.state_dict()), level.masks)
        train(control)
        entry = {"density": level.density, "ticket": level.accuracy, "reinitialized": evaluate(control)}
        keeper.finalize()
        found.append(entry)
    return found
