"""A matrix that scipy.sparse.save_npz wrote, as one dense tensor."""

from __future__ import annotations

import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dtypes import DType, from_numpy
from ..errors import MissingExtraError, SourceError
from .base import Source

NAME = "matrix"  # the file gives it none
DAMAGE = (ValueError, LookupError, TypeError, OSError, OverflowError, zipfile.BadZipFile, zlib.error)


class ScipyFile(Source):
    """One matrix in any of scipy's formats that save_npz writes (csr, csc, bsr, coo, dia)."""

    def __init__(self, path: str) -> None:
        """Raises MissingExtraError without scipy, SourceError for a damaged file."""
        super().__init__()
        self._path = path
        try:
            from scipy import sparse
        except ImportError as error:
            text = f"{path}: a sparse matrix of scipy needs scipy: pip install spformat[scipy]"
            raise MissingExtraError(text) from error
        try:
            self._matrix = sparse.load_npz(path)
        except DAMAGE as error:
            raise SourceError(f"{path}: a damaged sparse matrix ({error})") from error
        self._dtype = from_numpy(self._matrix.dtype, NAME)

    def names(self) -> list[str]:
        return [NAME]

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:  # noqa: ARG002
        return self._dtype, tuple(self._matrix.shape)

    def read(self, name: str) -> tuple[NDArray[Any], DType]:
        try:
            dense = np.zeros(self._matrix.shape, self._dtype.numpy)
            _fill(dense, self._matrix)
        except (ValueError, IndexError, MemoryError) as error:
            raise SourceError(f"{self._path}: a damaged sparse matrix ({error})", tensor=name) from error
        return dense, self._dtype


def _fill(dense: NDArray[Any], matrix: Any) -> None:
    """Put the stored values in their places: assigned, never added to zero, as -0.0 + 0.0 is 0.0."""
    if matrix.format == "dia":  # its conversion to coo would drop every -0.0
        for offset, diagonal in zip(matrix.offsets.tolist(), matrix.data, strict=True):
            columns = np.arange(max(0, offset), min(dense.shape[1], dense.shape[0] + offset, diagonal.size))
            dense[columns - offset, columns] = diagonal[columns]
        return
    stored = matrix.tocoo()
    coords = stored.coords if hasattr(stored, "coords") else (stored.row, stored.col)
    if not _ascending(coords, dense.shape):
        stored = stored.copy()
        stored.sum_duplicates()
        coords = stored.coords if hasattr(stored, "coords") else (stored.row, stored.col)
    dense[tuple(coords)] = stored.data


def _ascending(coords: tuple[NDArray[Any], ...], shape: tuple[int, ...]) -> bool:
    """Whether no element can occur twice, seen without sorting."""
    flat = np.ravel_multi_index(coords, shape)
    return bool((flat[1:] > flat[:-1]).all())
