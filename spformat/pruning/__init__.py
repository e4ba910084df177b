"""Pruning for torch: masks, schedules, a Pruner for the training loop, and the experiments of the papers.

Everything here makes masks and tensors and knows nothing of files; spformat.prune prunes checkpoints, and
spformat.size_budget prunes to a size. Sparsity always means the share of zeros.
"""

from __future__ import annotations

from .masks import make_masks
from .methods import Magnitude, Method, NofM, Random, Rows, Threshold
from .pruner import Pruner
from .schedules import Constant, Gradual, Iterative, OneShot, Schedule, share_per_round
from .scope import Scope

__all__ = [
    "Constant",
    "Gradual",
    "Iterative",
    "Magnitude",
    "Method",
    "NofM",
    "OneShot",
    "Pruner",
    "Random",
    "Rows",
    "Schedule",
    "Scope",
    "Threshold",
    "make_masks",
    "share_per_round",
]
