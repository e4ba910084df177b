"""The safetensors file, compressed by zstd level 3 (what people do by hand)."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import zstandard

from spformat.numpy import Array
from tools.bench.torch_io import from_torch, to_torch

NAME = "safetensors + zstd -3"


def save(tensors: dict[str, Array], path: Path) -> None:
    path.write_bytes(zstandard.ZstdCompressor(level=3).compress(safetensors.torch.save(to_torch(tensors))))


def load(path: Path) -> dict[str, Array]:
    return from_torch(safetensors.torch.load(zstandard.ZstdDecompressor().decompress(path.read_bytes())))
