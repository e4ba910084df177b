"""torch.save, dense. Loading it into memory takes less time than mapping it (mmap=True) and copying."""

from __future__ import annotations

from pathlib import Path

import torch

from tools.bench.rival import Rival, Tensors
from tools.bench.torch_io import from_torch, to_torch


def _save(tensors: Tensors, path: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    torch.save(to_torch(tensors), path)


def _load(path: Path, threads: int) -> Tensors:
    torch.set_num_threads(threads)
    return from_torch(torch.load(path, weights_only=True))


RIVALS = [Rival("torch.save", _save, _load, "torch")]
