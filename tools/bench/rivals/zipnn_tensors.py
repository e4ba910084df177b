"""ZipNN, tensor by tensor with Huffman codes, as its script for safetensors files does.

Tensors that are not of floats, or that would grow, stay as they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from zipnn import ZipNN

from spformat.numpy import Array
from tools.bench import blobs
from tools.bench.rival import Rival, Tensors
from tools.bench.torch_io import from_torch, to_torch

_MAGIC = b"ZN"
_FLOATS = (torch.float32, torch.bfloat16, torch.float16, torch.float8_e4m3fn, torch.float8_e5m2)


def _save(tensors: Tensors, path: Path, threads: int) -> None:
    torch.set_num_threads(threads)
    coded = [_encoded(tensor, threads) for tensor in to_torch(tensors).values()]
    raw = [blobs.flat_bytes(array).data for array in tensors.values()]
    kept = [b"\0" + r if c is None or len(c) >= len(r) else b"\1" + c for c, r in zip(coded, raw, strict=True)]
    blobs.write(path, tensors, kept)


def _load(path: Path, threads: int) -> Tensors:
    torch.set_num_threads(threads)
    zipnn = ZipNN(input_format="torch", method="HUFFMAN", threads=threads)
    tensors = {}
    for name, blob in blobs.read(path).items():
        if blob.data[0]:
            decoded: Array = from_torch({name: zipnn.decompress(blob.data[1:]).contiguous()})[name]
            tensors[name] = decoded
        else:
            tensors[name] = blob.view(np.asarray(blob.data[1:]))
    return tensors


def _encoded(tensor: torch.Tensor, threads: int) -> bytes | None:
    if tensor.dtype not in _FLOATS or not tensor.numel():
        return None
    zipnn = ZipNN(input_format="torch", bytearray_dtype=tensor.dtype, method="HUFFMAN", threads=threads)
    return bytes(zipnn.compress(tensor.clone()))  # it reorders the bits in place


RIVALS = [Rival("zipnn", _save, _load, "zipnn")]
