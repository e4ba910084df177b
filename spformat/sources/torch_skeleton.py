"""Tensors that torch loaded without data (device meta), and reading their data from the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..dtypes import DType
from ..errors import SourceError
from ..torch_arrays import from_torch_dtype, numpy_type, torch

PIECE_BYTES = 1 << 24
Array = NDArray[Any]


def storage_start(tensor: torch.Tensor) -> int:
    """First byte in the file of the tensor's storage; -1 when torch did not tell (older versions)."""
    start = getattr(tensor.untyped_storage(), "_checkpoint_offset", None)
    return -1 if start is None else int(start)


def readable(tensor: torch.Tensor, extents: dict[int, int]) -> bool:
    """Whether the elements lie in the file as they are, where the archive's directory confirms it."""
    odd = tensor.is_quantized or tensor.is_nested or tensor.is_neg() or tensor.is_conj()
    if odd or tensor.layout != torch.strided:
        return False
    size = extents.get(storage_start(tensor))
    if size is None or size != tensor.untyped_storage().nbytes():
        return False
    return tensor.numel() == 0 or (_offset(tensor) + _span(tensor)) * tensor.element_size() <= size


def read(path: str, tensor: torch.Tensor, name: str | None) -> tuple[Array, DType]:
    """The elements of a readable tensor, in C order. Raises SourceError when file or memory is too short."""
    dtype = from_torch_dtype(tensor.dtype, name)
    start, shape = storage_start(tensor), tuple(tensor.shape)
    try:
        with open(path, "rb") as file:
            if tensor.is_contiguous():
                return _span_of(file, start, tensor, dtype).reshape(shape), dtype
            array: Array = np.empty(shape, numpy_type(dtype))
            for place, piece in _pieces(tensor):
                array[place] = _span_of(file, start, piece, dtype)
    except (OSError, ValueError, MemoryError) as error:
        raise SourceError(f"{path}: cannot be read: {error}", tensor=name) from error
    return array, dtype


def _pieces(tensor: torch.Tensor) -> Iterator[tuple[tuple[slice, ...], torch.Tensor]]:
    """Where in the result -> the part of the tensor that belongs there; for tensors that are not contiguous.

    The bytes of each lie close together in the file, so that reading a transposed tensor, or a thin slice of
    a large one, takes little memory besides the result.
    """
    extents = [(length - 1) * step for length, step in zip(tensor.shape, tensor.stride(), strict=True)]
    axis = extents.index(max(extents))
    count = max(1, PIECE_BYTES // (max(1, tensor.stride(axis)) * tensor.element_size()))
    for first in range(0, tensor.shape[axis], count):
        length = min(count, tensor.shape[axis] - first)
        yield (slice(None),) * axis + (slice(first, first + length),), tensor.narrow(axis, first, length)


def _span_of(file: BinaryIO, start: int, piece: torch.Tensor, dtype: DType) -> Array:
    """What lies between first and last element, seen with the strides. Raises ValueError at the file's end.

    start: the byte of the file at which the storage begins.
    """
    size = dtype.itemsize
    file.seek(start + _offset(piece) * size)
    span = np.fromfile(file, np.uint8, _span(piece) * size)
    strides = [step * size for step in piece.stride()]
    seen: Array = np.ndarray(tuple(piece.shape), numpy_type(dtype), span, strides=strides)
    return seen


def _offset(tensor: torch.Tensor) -> int:
    return int(tensor.storage_offset())


def _span(tensor: torch.Tensor) -> int:
    """Elements of the storage from the first to the last that the tensor has."""
    if tensor.numel() == 0:
        return 0
    return 1 + sum((length - 1) * step for length, step in zip(tensor.shape, tensor.stride(), strict=True))
