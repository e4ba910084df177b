"""safetensors, dense: every zero is written. Its tensors are file mappings, so they are cloned to be filled."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch

from spformat.numpy import Array
from tools.bench.torch_io import from_torch, to_torch

NAME = "safetensors"


def save(tensors: dict[str, Array], path: Path) -> None:
    safetensors.torch.save_file(to_torch(tensors), path)


def load(path: Path) -> dict[str, Array]:
    return from_torch({name: tensor.clone() for name, tensor in safetensors.torch.load_file(path).items()})
