"""A bit for each weight and the nonzeros, unpacked with torch indexing: what compressed-tensors did up to 0.12."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from spformat.numpy import Array
from tools.bench.torch_io import from_torch, to_torch

NAME = "bitmask, torch"


def save(tensors: dict[str, Array], path: Path) -> None:
    parts = {}
    for name, tensor in to_torch(tensors).items():
        mask = tensor != 0
        parts[name + ".mask"] = torch.from_numpy(np.packbits(mask.numpy(), axis=-1, bitorder="little"))
        parts[name + ".values"] = tensor[mask]
        parts[name + ".shape"] = torch.tensor(tensor.shape)
    safetensors.torch.save_file(parts, path)


def load(path: Path) -> dict[str, Array]:
    parts = safetensors.torch.load_file(path)
    out = {}
    for name in [key.removesuffix(".mask") for key in parts if key.endswith(".mask")]:
        values, shape = parts[name + ".values"], parts[name + ".shape"].tolist()
        bits = np.unpackbits(parts[name + ".mask"].numpy(), axis=-1, count=shape[-1], bitorder="little")
        out[name] = torch.zeros(shape, dtype=values.dtype)
        out[name][torch.from_numpy(bits).bool()] = values
    return from_torch(out)
