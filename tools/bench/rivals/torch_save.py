"""torch.save, dense."""

from __future__ import annotations

from pathlib import Path

import torch

from spformat.numpy import Array
from tools.bench.torch_io import from_torch, to_torch

NAME = "torch.save"


def save(tensors: dict[str, Array], path: Path) -> None:
    torch.save(to_torch(tensors), path)


def load(path: Path) -> dict[str, Array]:
    return from_torch(torch.load(path, weights_only=True))
