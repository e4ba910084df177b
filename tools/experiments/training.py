"""One way of training for all experiments: SGD with momentum, the learning rate falling linearly to zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from spformat.pruning.retrain import NO_PENALTY, Penalty
from tools.experiments.data import Fold

BATCH = 128


@dataclass(frozen=True)
class Recipe:
    """epochs over the training part, first learning rate, what is added to the loss. warmup: share of the steps
    in which the rate first rises from zero."""

    epochs: int
    rate: float
    penalty: Penalty = NO_PENALTY
    warmup: float = 0.0


def fit(
    model: nn.Module, fold: Fold, recipe: Recipe, seed: int, after_step: Callable[[], object] = lambda: None
) -> None:
    """Train in place. after_step: called after each step of the optimizer."""
    order = torch.Generator().manual_seed(seed)
    count = len(fold.train_y)
    steps = recipe.epochs * (-(-count // BATCH))
    optimizer = torch.optim.SGD(model.parameters(), recipe.rate, momentum=0.9, foreach=True)
    done = 0
    model.train()
    for _ in range(recipe.epochs):
        for batch in torch.randperm(count, generator=order).split(BATCH):  # type: ignore[no-untyped-call]
            rising = recipe.warmup * steps
            factor = done / rising if done < rising else (steps - done) / (steps - rising)
            optimizer.param_groups[0]["lr"] = recipe.rate * factor
            loss = nn.functional.cross_entropy(model(fold.train_x[batch]), fold.train_y[batch])
            if recipe.penalty.strength:
                loss = loss + recipe.penalty(model)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            after_step()
            done += 1


@torch.no_grad()
def accuracy(model: nn.Module, fold: Fold) -> float:
    """Percent of the test part that is classified rightly."""
    model.eval()
    right = int((model(fold.test_x).argmax(1) == fold.test_y).sum())
    return 100 * right / len(fold.test_y)
