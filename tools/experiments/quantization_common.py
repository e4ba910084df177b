"""What the experiments on quantization share: the digits, a LeNet-300-100, training, pruning, accuracy.

The 1,797 digits of scikit-learn (8 x 8 pixels) are enlarged to 20 x 20 and centred in 28 x 28, as MNIST is, so that
the network has the paper's shape: 784-300-100-10, 266,200 weights. Each seed has its own split and first weights.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional

from spformat.pruning import Pruner
from spformat.pruning.schedules import Rounds

SEEDS = (0, 1, 2, 3, 4)
BATCH = 64
TEST_DIGITS = 600
PRUNING_EPOCHS, PRUNING_RATE = 8, 1e-3  # of each round of pruning and training on


@dataclass(frozen=True)
class Split:
    """Inputs in [0, 1] and labels 0 to 9, to train on and to test on."""

    train_inputs: torch.Tensor
    train_labels: torch.Tensor
    test_inputs: torch.Tensor
    test_labels: torch.Tensor


def digits(seed: int) -> Split:
    """Digits (count, 784): a stratified split with 1,197 to train on and 600 to test on."""
    small = small_digits(seed)
    return Split(_enlarged(small.train_inputs), small.train_labels, _enlarged(small.test_inputs), small.test_labels)


def small_digits(seed: int) -> Split:
    """The same split of the digits as they are, (count, 1, 8, 8)."""
    data = load_digits()
    images = (data.images[:, None] / 16).astype(np.float32)
    parts = train_test_split(images, data.target, test_size=TEST_DIGITS, stratify=data.target, random_state=seed)
    inputs, test_inputs, labels, test_labels = (torch.from_numpy(part) for part in parts)
    return Split(inputs, labels, test_inputs, test_labels)


def _enlarged(images: torch.Tensor) -> torch.Tensor:
    large = functional.interpolate(images, size=(20, 20), mode="bilinear", align_corners=False)
    return functional.pad(large, (4, 4, 4, 4)).flatten(1)


def lenet() -> nn.Sequential:
    """LeNet-300-100."""
    return nn.Sequential(nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10))


def linears(model: nn.Module) -> list[nn.Linear]:
    """Its linear layers, from the input on."""
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def train(
    model: nn.Module,
    split: Split,
    epochs: int,
    rate: float = 1e-3,
    after_step: Callable[[], None] = lambda: None,
) -> None:
    """Adam on the cross entropy; torch's seed decides the order. The rate falls to 0 on a cosine."""
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    batches = len(split.train_labels) // BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * batches)
    model.train()
    for _ in range(epochs):
        order = torch.randperm(len(split.train_labels))
        for chosen in order[: batches * BATCH].reshape(batches, BATCH):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(split.train_inputs[chosen]), split.train_labels[chosen])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            after_step()
    model.eval()


def accuracy(model: nn.Module, split: Split) -> float:
    """Per cent of the test digits that it names."""
    model.eval()
    with torch.no_grad():
        return per_cent(model(split.test_inputs), split)


def per_cent(outputs: torch.Tensor, split: Split) -> float:
    """Accuracy of outputs (test digits, 10), to two decimals: one digit more or less is 0.17."""
    right = int((outputs.argmax(1) == split.test_labels).sum())
    return round(100 * right / len(split.test_labels), 2)


def dense_model(seed: int, split: Split, epochs: int = 50) -> nn.Sequential:
    """A trained LeNet-300-100."""
    torch.manual_seed(seed)
    model = lenet()
    train(model, split, epochs)
    return model


def pruned_models(model: nn.Sequential, split: Split, densities: list[tuple[float, ...]]) -> Iterator[nn.Sequential]:
    """For each entry of `densities` (one number for each layer, falling) a copy, pruned from the one before.

    Each layer keeps its largest weights, then the rest is trained again.
    """
    model = copy.deepcopy(model)
    pruner = Pruner(model, Rounds(1 - densities[-1][0], len(densities), "by layer"))
    for shares in densities:
        pruner.prune({name: 1 - share for name, share in zip(pruner.masks(), shares, strict=True)})
        train(model, split, PRUNING_EPOCHS, PRUNING_RATE)
        found, own_pruner = copy.deepcopy((model, pruner))
        own_pruner.finalize()
        yield found
