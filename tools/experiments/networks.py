"""The networks: the shapes of the papers' LeNets, as far as images of 8 x 8 pixels allow."""

from __future__ import annotations

import torch
from torch import nn


def lenet_300_100(seed: int, widths: tuple[int, int] = (300, 100)) -> nn.Sequential:
    """64-300-100-10: 50,200 weights. The original has 784 inputs, and 266,200."""
    torch.manual_seed(seed)
    first, second = widths
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, 10)
    )  # fmt: skip


def lenet_5(seed: int) -> nn.Sequential:
    """Convolutions of 20 and 50 filters (3 x 3 instead of 5 x 5), dense layers of 500 and 10: 114,180 weights. The
    original has 430,500."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 20, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(20, 50, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(200, 500), nn.ReLU(), nn.Linear(500, 10),
    )  # fmt: skip


def narrow_widths(weights: int) -> tuple[int, int]:
    """Hidden widths in the proportion 3:1 of a dense network with about that many weights."""
    second = max(n for n in range(1, 101) if 64 * 3 * n + 3 * n * n + 10 * n <= weights)
    return 3 * second, second


def weight_count(model: nn.Module) -> int:
    """Weights, without biases."""
    return sum(p.numel() for p in model.parameters() if p.ndim > 1)
