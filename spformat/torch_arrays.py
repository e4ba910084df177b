"""Torch tensors as numpy arrays and back, sharing memory, for every data type of the format.

Importing this module imports torch; it raises MissingExtraError where torch is not installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dtypes import BY_NAME, DType
from .errors import MissingExtraError, SourceError

try:
    import torch
except ImportError as error:
    raise MissingExtraError("torch is needed and not installed: pip install spformat[torch]") from error

# Whoever needs torch takes it from here, so that a missing one names the extra.
__all__ = [
    "PLAIN",
    "check_storable",
    "from_torch_dtype",
    "numpy_type",
    "to_array",
    "to_tensor",
    "to_torch_dtype",
    "torch",
]

# What to do with tensors of torchao and the like.
PLAIN = "store the dequantized values, or codes and scales as plain tensors"

_TORCH_NAMES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
    "F4_X2": "float4_e2m1fn_x2",
    "C32": "complex32",
    "C64": "complex64",
    "C128": "complex128",
}
# Older versions of torch lack the last float8 and float4 types.
_TO_TORCH: dict[DType, torch.dtype] = {
    BY_NAME[k]: getattr(torch, name) for k, name in _TORCH_NAMES.items() if hasattr(torch, name)
}
_FROM_TORCH = {theirs: ours for ours, theirs in _TO_TORCH.items()}

# What crosses between the two libraries: a type of the same size that both have. All but 16-byte elements
# cross as unsigned integers, so that no conversion can touch the bits.
_CARRIERS: dict[int, tuple[np.dtype[Any], torch.dtype]] = {
    1: (np.dtype(np.uint8), torch.uint8),
    2: (np.dtype(np.uint16), torch.uint16),
    4: (np.dtype(np.uint32), torch.uint32),
    8: (np.dtype(np.uint64), torch.uint64),
    16: (np.dtype(np.complex128), torch.complex128),
}


def from_torch_dtype(dtype: torch.dtype, tensor: str | None = None) -> DType:
    """The wire type of a torch dtype. Raises SourceError for types that the format lacks (quantized ones)."""
    found = _FROM_TORCH.get(dtype)
    if found is None:
        raise SourceError(f"dtype {dtype} cannot be stored", tensor=tensor)
    return found


def to_torch_dtype(dtype: DType) -> torch.dtype:
    """The torch dtype of a wire type. Raises SourceError where the installed torch is too old to have it."""
    found = _TO_TORCH.get(dtype)
    if found is None:
        raise SourceError(f"torch {torch.__version__} has no data type for {dtype.name}")
    return found


def numpy_type(dtype: DType) -> np.dtype[Any]:
    """dtype.numpy, or bit patterns where numpy has no such type."""
    return dtype.bits if dtype.numpy is None else dtype.numpy


def check_storable(tensor: torch.Tensor, name: str | None = None) -> DType:
    """The wire type of a tensor. Raises SourceError for quantized and nested tensors, for those of classes that stand
    for others (torchao's), which torch gives no elements of, and for unknown data types.
    """
    if tensor.is_quantized:
        raise SourceError("a quantized tensor: store tensor.dequantize() or tensor.int_repr()", tensor=name)
    if tensor.is_nested:
        raise SourceError("a nested tensor: store the tensors that it consists of", tensor=name)
    kind = type(tensor)
    if kind.__torch_dispatch__ is not torch.Tensor.__torch_dispatch__:
        found = f"a tensor of class {kind.__module__}.{kind.__qualname__}, without elements of its own"
        raise SourceError(f"{found}: {PLAIN}", tensor=name)
    return from_torch_dtype(tensor.dtype, name)


def to_array(tensor: torch.Tensor, name: str | None = None) -> tuple[NDArray[Any], DType]:
    """A strided tensor as an array of `numpy_type`, of the same shape and strides.

    The memory is shared, except for tensors on other devices and lazily conjugated or negated ones, which are
    copied. Raises SourceError for quantized tensors, tensors without data, other layouts (see torch_densify)
    and data types.
    """
    dtype = check_storable(tensor, name)
    if tensor.is_meta:
        raise SourceError("a tensor without data (device meta)", tensor=name)
    if tensor.layout != torch.strided:
        raise SourceError(f"a tensor of layout {tensor.layout} cannot be stored", tensor=name)
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    carrier = _CARRIERS[dtype.itemsize][1]
    array: NDArray[Any] = plain.view(carrier).numpy()
    return array.view(numpy_type(dtype)), dtype


def to_tensor(array: NDArray[Any], dtype: DType) -> torch.Tensor:
    """A CPU tensor over the memory of `array` (of dtype.numpy or dtype.bits, writable).

    An array of negative strides, which torch does not know, is copied. Raises SourceError as
    `to_torch_dtype`.
    """
    target = to_torch_dtype(dtype)
    if array.size == 0:
        # In the one allocation of a load it has its neighbour's address; torch.save takes that for sharing.
        array = np.empty(array.shape, array.dtype)
    if any(step < 0 for step in array.strides):
        array = array.copy()
    carrier = _CARRIERS[dtype.itemsize][0]
    return torch.from_numpy(array.view(carrier)).view(target)
