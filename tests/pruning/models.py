"""Small networks that several tests prune."""

import torch
from hypothesis import settings
from torch import nn

# For properties of which an example takes milliseconds.
FEWER = settings(max_examples=max(1, settings().max_examples // 8))


def lenet(seed=0):
    """Three dense layers, 12-10-8-4."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 4))


def conv_net(seed=0):
    """Two convolutions with batch normalization, two dense layers; takes (n, 1, 8, 8)."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
        nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 4),
    )  # fmt: skip


def train_step(model, optimizer, shape=(16, 12)):
    """One step on random data."""
    optimizer.zero_grad()
    x = torch.randn(shape)
    nn.functional.cross_entropy(model(x), torch.randint(0, 4, (shape[0],))).backward()
    optimizer.step()
