"""A tensor's nonzeros as scipy or torch sparse matrices, straight from the file: no dense array is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .errors import MissingExtraError, SourceError, SpformatError
from .layouts.view import view_of
from .reader import BitPatterns, Reader

if TYPE_CHECKING:
    import torch

Positions = npt.NDArray[np.int64]


def nonzeros(reader: Reader, name: str) -> tuple[Positions, BitPatterns]:
    """Positions of the nonzeros in C order (ascending) and their bit patterns, both of shape (nonzeros,)."""
    entry = reader.entry(name)
    positions, values = reader.read_nonzeros(name)
    seen = entry.storage.layout.view(entry.shape)
    if not seen.column:
        return positions, values
    column, row = np.divmod(positions, seen.row_elements)
    positions = row * seen.rows + column
    order = np.argsort(positions, kind="stable")
    return positions[order], values[order]


def compressed_rows(positions: Positions, rows: int, columns: int) -> tuple[Positions, Positions]:
    """CSR's row pointers, shape (rows + 1,), and column indices, shape (nonzeros,)."""
    starts = np.arange(rows + 1, dtype=np.int64) * columns
    return np.searchsorted(positions, starts).astype(np.int64), positions % max(columns, 1)


def to_scipy(reader: Reader, name: str, layout: str) -> Any:
    """A scipy csr_array or coo_array of the tensor as a matrix: rows = shape[0], columns = the rest."""
    try:
        from scipy import sparse
    except ImportError as error:
        raise MissingExtraError("scipy is needed and not installed: pip install spformat[scipy]") from error
    dtype = reader.entry(name).dtype
    if dtype.numpy is None or dtype.numpy.kind not in "biufc":
        raise SourceError(f"scipy has no sparse matrices of {dtype.name}: use framework='pt'", tensor=name)
    matrix = view_of(reader.entry(name).shape)
    positions, bits = nonzeros(reader, name)
    values = bits.view(dtype.numpy)
    shape = (matrix.rows, matrix.row_elements)
    if layout == "coo":
        return sparse.coo_array((values, np.divmod(positions, max(matrix.row_elements, 1))), shape=shape)
    pointers, columns = compressed_rows(positions, *shape)
    return sparse.csr_array((values, columns, pointers), shape=shape)


def to_torch(reader: Reader, name: str, layout: str, device: Any) -> torch.Tensor:
    """A torch sparse COO tensor of the tensor's shape, or a sparse CSR tensor when it has two dimensions."""
    from .torch_arrays import to_tensor, torch

    entry = reader.entry(name)
    if layout == "csr" and len(entry.shape) != 2:
        raise SpformatError("torch has sparse CSR tensors of two dimensions only: use layout='coo'", tensor=name)
    positions, bits = nonzeros(reader, name)
    values = to_tensor(bits, entry.dtype)
    if layout == "csr":
        pointers, columns = (torch.from_numpy(part) for part in compressed_rows(positions, *entry.shape))
        return torch.sparse_csr_tensor(pointers, columns, values, entry.shape, device=device, check_invariants=False)
    shape = entry.shape or (1,)
    indices = (
        torch.from_numpy(np.stack(np.unravel_index(positions, shape))) if entry.shape else torch.zeros(0, len(bits))
    )
    made = torch.sparse_coo_tensor(indices.long(), values, entry.shape, device=device, check_invariants=False)
    return made._coalesced_(True)
