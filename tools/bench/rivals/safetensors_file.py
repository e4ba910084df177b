"""safetensors, dense: every zero is written. Its tensors are file mappings, so they are cloned to be filled."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch

from tools.bench.rival import Rival, Tensors
from tools.bench.torch_io import from_torch, to_torch


def _save(tensors: Tensors, path: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    safetensors.torch.save_file(to_torch(tensors), path)


def _load(path: Path, threads: int) -> Tensors:
    torch.set_num_threads(threads)
    return from_torch({name: tensor.clone() for name, tensor in safetensors.torch.load_file(path).items()})


RIVALS = [Rival("safetensors", _save, _load, "safetensors")]
