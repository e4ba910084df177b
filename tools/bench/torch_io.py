"""Numpy arrays as torch tensors and back, without copies: safetensors' numpy adapter cannot load bfloat16."""

from __future__ import annotations

import torch

from spformat.dtypes import from_numpy
from spformat.numpy import Array, with_dtype
from spformat.torch_arrays import to_array, to_tensor


def to_torch(tensors: dict[str, Array]) -> dict[str, torch.Tensor]:
    """Tensors that share the arrays' memory."""
    types = {name: from_numpy(array.dtype) for name, array in tensors.items()}
    return {name: to_tensor(array.view(types[name].bits), types[name]) for name, array in tensors.items()}


def from_torch(tensors: dict[str, torch.Tensor]) -> dict[str, Array]:
    """Arrays that share the tensors' memory."""
    arrays = {name: to_array(tensor) for name, tensor in tensors.items()}
    return {name: with_dtype(array, dtype, name) for name, (array, dtype) in arrays.items()}
