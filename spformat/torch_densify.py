"""Sparse torch tensors as dense arrays: the stored values are put in their places.

They are assigned to zeros and never added to them as torch's to_dense does, so -0.0 and NaN payloads survive.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dtypes import DType
from .errors import SourceError
from .torch_arrays import from_torch_dtype, numpy_type, to_array, to_tensor, torch

Array = NDArray[Any]
_BY_ROW = {torch.sparse_csr, torch.sparse_bsr}
_BY_COLUMN = {torch.sparse_csc, torch.sparse_bsc}
SPARSE = {torch.sparse_coo, *_BY_ROW, *_BY_COLUMN}


def parts_of(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The strided tensors a sparse one consists of: (indices, values), or (compressed, plain indices,
    values).
    """
    tensor = tensor.detach()
    if tensor.layout == torch.sparse_coo:
        return tensor._indices(), tensor._values()  # the public ones refuse uncoalesced tensors
    if tensor.layout in _BY_ROW:
        return tensor.crow_indices(), tensor.col_indices(), tensor.values()
    return tensor.ccol_indices(), tensor.row_indices(), tensor.values()


def densify(
    tensor: torch.Tensor,
    name: str | None = None,
    read: Callable[[torch.Tensor, str | None], tuple[Array, DType]] = to_array,
) -> tuple[Array, DType]:
    """A sparse tensor (COO, CSR, CSC, BSR, BSC; batched and hybrid ones too) as a new dense array in C order.

    `read` turns each part into an array; the parts may be without data if it knows where their data is.
    Raises SourceError for indices outside of the shape, and for elements that are stored twice where torch
    cannot add them.
    """
    dtype = from_torch_dtype(tensor.dtype, name)
    *indices, values = (read(part, name)[0] for part in parts_of(tensor))
    shape = tuple(tensor.shape)
    try:
        dense = np.zeros(shape, numpy_type(dtype))
        if tensor.layout == torch.sparse_coo:
            _fill_coo(dense, indices[0], values, dtype)
        else:
            _fill_compressed(dense, indices[0], indices[1], values, tensor.layout in _BY_COLUMN)
    except (ValueError, IndexError, MemoryError, RuntimeError) as error:
        raise SourceError(f"a sparse tensor of shape {shape} is not sound: {error}", tensor=name) from error
    return dense, dtype


def _fill_coo(dense: Array, indices: Array, values: Array, dtype: DType) -> None:
    """indices: (sparse dims, stored); values: (stored, *dense dims)."""
    shape = dense.shape[: len(indices)]
    flat = _flat(tuple(indices), shape, len(values))
    if not _distinct(flat):
        # Only here values are added, by torch, because that is what storing an element twice means.
        summed = torch.sparse_coo_tensor(
            torch.from_numpy(flat[None]), to_tensor(values, dtype), (prod(shape), *values.shape[1:])
        ).coalesce()
        flat = summed.indices().numpy()[0]
        values = to_array(summed.values())[0]
    dense.reshape(prod(shape), *values.shape[1:])[flat] = values


def _fill_compressed(dense: Array, compressed: Array, plain: Array, values: Array, by_column: bool) -> None:
    """compressed: (*batch, n + 1) pointers; plain: (*batch, stored); values: (*batch, stored, [r, c,] *dense
    dims).
    """
    batch = compressed.shape[:-1]
    rank = len(batch)
    rows, columns = dense.shape[rank : rank + 2]
    trailing = dense.shape[rank + 2 :]
    blocked = values.ndim - rank - 1 - len(trailing) == 2
    r, c = values.shape[rank + 1 : rank + 3] if blocked else (1, 1)
    grid = dense.reshape(prod(batch), rows // r, r, columns // c, c, *trailing)
    stored = plain.shape[-1]
    blocks = values.reshape(prod(batch), stored, r, c, *trailing)
    pointers = compressed.reshape(prod(batch), -1)
    others = plain.reshape(prod(batch), stored)
    for plane, pointer, other, part in zip(grid, pointers, others, blocks, strict=True):
        if pointer[0] != 0 or pointer[-1] != stored:
            raise ValueError("pointers do not run from 0 to the number of stored values")
        major = np.repeat(np.arange(len(pointer) - 1), np.diff(pointer))
        at = (other, major) if by_column else (major, other)
        if not _distinct(_flat(at, (rows // r, columns // c), stored)):
            raise ValueError("an element is stored twice")
        plane[at[0], :, at[1]] = part


def _flat(indices: tuple[Array, ...], shape: tuple[int, ...], stored: int) -> NDArray[np.int64]:
    """Positions in C order. Raises ValueError for an index outside of the shape (a negative one too)."""
    if not shape or not stored:
        return np.zeros(stored, np.int64)
    return np.asarray(np.ravel_multi_index(indices, shape), np.int64)


def _distinct(flat: NDArray[np.int64]) -> bool:
    """Whether no position occurs twice; ascending ones, the usual case, are seen without sorting."""
    if (flat[1:] > flat[:-1]).all():
        return True
    ordered = np.sort(flat)
    return bool((ordered[1:] != ordered[:-1]).all())
