"""To prune, or not to prune (Zhu and Gupta 2017): gradual pruning, and large-sparse against small-dense networks."""

from __future__ import annotations

from typing import Any

from spformat.pruning import Gradual, Pruner
from tools.experiments.connections import PENALTIES
from tools.experiments.data import Fold
from tools.experiments.networks import lenet_300_100, narrow_widths, weight_count
from tools.experiments.training import BATCH, Recipe, accuracy, fit

SPARSITIES = (0.9, 0.95)
EPOCHS = 60


def run(fold: Fold) -> list[dict[str, Any]]:
    """For each sparsity: the large network pruned while it trains, and a dense one of as many weights as are left,
    both trained for the same epochs at the same learning rates. Pruning lasts from 10 to 70 % of the steps."""
    recipe = Recipe(EPOCHS, 0.2, PENALTIES["L2"])
    steps = EPOCHS * -(-len(fold.train_y) // BATCH)
    found = []
    for sparsity in SPARSITIES:
        large = lenet_300_100(fold.number)
        schedule = Gradual(sparsity, begin=steps // 10, end=steps * 7 // 10, frequency=10)
        pruner = Pruner(large, schedule)
        fit(large, fold, recipe, fold.number, pruner.step)
        left = sum(int(mask.sum()) for mask in pruner.masks().values())
        small = lenet_300_100(fold.number, narrow_widths(left))
        fit(small, fold, recipe, fold.number)
        found.append(
            {
                "sparsity": sparsity,
                "large_sparse": accuracy(large, fold),
                "large_sparse_weights": left,
                "small_dense": accuracy(small, fold),
                "small_dense_weights": weight_count(small),
            }
        )
        pruner.finalize()
    return found
