"""All that a user gets from a file, as values that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spformat.errors import SpformatError
from spformat.file_entries import Entry, heads_of
from spformat.limits import Limits
from spformat.reader import BitPatterns, Reader

BUDGET = Limits(max_bytes=1 << 24, max_tensors=100_000, max_index_bytes=1 << 24)


@dataclass(frozen=True)
class Tensor:
    """A tensor as it was read: `data` are its bytes in C order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes
    digest: int  # what the index says
    tied_to: str | None


@dataclass(frozen=True)
class Content:
    """Tensors by name, in the order of the file; metadata as text, as NaN is not equal to itself."""

    tensors: dict[str, Tensor]
    metadata: str


class DisagreementError(Exception):
    """Two ways of reading the same tensor gave different numbers."""


def content_of(data: bytes) -> Content:
    """Reads a file in every way there is, with all checks. Raises SpformatError, or DisagreementError."""
    with Reader(data, limits=BUDGET, threads=1) as reader:
        _check_entries(reader)
        arrays = reader.read()
        for entry in reader.stored:
            _check_nonzeros(reader, entry, arrays[entry.name])
        reader.check_blocks()
        for entry in reader.check_tensors():
            _check_rows(reader, entry, arrays[entry.name])
        return Content(
            {name: _tensor(entry, arrays[name]) for name, entry in reader.entries.items()}, repr(reader.metadata)
        )


def _check_entries(reader: Reader) -> None:
    """What was read without Python's objects must be right, and the same, when it is read step by step."""
    try:
        entries = reader.entries
    except SpformatError as error:
        raise DisagreementError(f"an index was opened that breaks {error.kind}") from error
    if heads_of(entries) != reader.heads:
        raise DisagreementError("an index was opened with other tensors than it has")


def _tensor(entry: Entry, array: BitPatterns) -> Tensor:
    return Tensor(entry.dtype.name, entry.shape, array.tobytes(), entry.digest, entry.target)


def _check_nonzeros(reader: Reader, entry: Entry, array: BitPatterns) -> None:
    """The decoder of positions is another loop than that of whole blocks."""
    positions, values = reader.read_nonzeros(entry.name)
    view = entry.storage.layout.view(entry.shape)
    flat = array.reshape(view.row_elements, view.rows).T.reshape(-1) if view.column else array.reshape(-1)
    rebuilt = np.zeros_like(flat)
    rebuilt[positions] = values
    if rebuilt.tobytes() != flat.tobytes():
        raise DisagreementError(f"{entry.name!r}: nonzeros and dense elements are not the same")


def _check_rows(reader: Reader, entry: Entry, array: BitPatterns) -> None:
    """The rows in the middle, read alone."""
    if array.ndim == 0:
        return
    start, stop = array.shape[0] // 3, array.shape[0] - array.shape[0] // 3
    rows: Any = reader.read_rows(entry.name, start, stop)
    if rows.tobytes() != array[start:stop].tobytes():
        raise DisagreementError(f"{entry.name!r}: rows {start} to {stop} are not those of the whole tensor")
