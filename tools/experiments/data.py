"""scikit-learn's digits: 1,797 images of 8 x 8 pixels, which come with the package."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """One of five splits. Images float32 (n, 1, 8, 8) of mean about 0; labels int64 (n,). The test parts of the
    five are disjoint and together all 1,797 images, so the mean over folds counts every image once.
    """

    number: int
    train_x: torch.Tensor
    train_y: torch.Tensor
    test_x: torch.Tensor
    test_y: torch.Tensor


def fold(number: int, shuffle: int = 0) -> Fold:
    """A fold, stratified by class. shuffle: the seed of the split; settings were chosen on another than 0."""
    images, labels = load_digits(return_X_y=True)
    splits = StratifiedKFold(FOLDS, shuffle=True, random_state=shuffle).split(images, labels)
    train, test = list(splits)[number]
    x = torch.tensor(images, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    x = x - x[train].mean()
    y = torch.tensor(labels, dtype=torch.int64)
    return Fold(number, x[train], y[train], x[test], y[test])
