"""Part of a tensor, by the index that numpy would take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import SpformatError
from .reader import BitPatterns, Reader


class TensorSlice:
    """What get_slice returns: index it with ints, slices, an ellipsis or a tuple of them."""

    def __init__(self, reader: Reader, name: str, out: Callable[[BitPatterns, str], Any]) -> None:
        self._reader = reader
        self._entry = reader.entry(name)
        self._name = name
        self._out = out

    def get_shape(self) -> list[int]:
        """The shape of the whole tensor."""
        return list(self._entry.shape)

    def get_dtype(self) -> str:
        """The name of the data type, such as "F32" or "BF16"."""
        return self._entry.dtype.name

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        if any(part is not Ellipsis and not isinstance(part, (int, slice)) for part in parts):
            raise SpformatError("a slice takes ints, slices and an ellipsis", tensor=self._name, found=index)
        if not parts or parts[0] is Ellipsis or not self._entry.shape:
            return self._finish(self._reader.read([self._name])[self._name], parts)
        start, stop, first = _rows(parts[0], self._entry.shape[0], self._name)
        rows = self._reader.read_rows(self._name, start, stop)
        return self._finish(rows, (first, *parts[1:]))

    def _finish(self, bits: BitPatterns, index: tuple[Any, ...]) -> Any:
        try:
            chosen = bits[index]
        except IndexError as error:
            raise SpformatError(f"index out of range: {error}", tensor=self._name) from None
        if not hasattr(chosen, "ndim") or chosen.ndim == 0:
            as_array = (*index, Ellipsis)  # a 0-d array rather than a scalar
            chosen = bits[as_array]
        return self._out(chosen.copy(), self._name)


def _rows(index: int | slice, rows: int, name: str) -> tuple[int, int, int | slice]:
    """The range of rows that an index needs, and the index into that range."""
    if isinstance(index, slice):
        wanted = range(*index.indices(rows))
        if not wanted:
            return 0, 0, slice(None)
        low, high = min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1]) + 1
        stop = wanted.stop - low
        return low, high, slice(wanted.start - low, stop if stop >= 0 else None, wanted.step)
    if not -rows <= index < rows:
        raise SpformatError("index out of range", tensor=name, expected=f"{-rows} to {rows - 1}", found=index)
    row = index % rows
    return row, row + 1, 0
