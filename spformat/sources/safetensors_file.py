"""A .safetensors file: eight bytes of length, a JSON header, the tensors.

The header is read here and the data with plain file reads. The safetensors library maps the file instead, and
every page that it touches would count to this process: the memory bound of packing (one tensor) would be
lost.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dtypes import BY_NAME, DType
from ..errors import SourceError
from ..limits import MAX_RANK
from .base import Source, sort_names

MAX_HEADER_BYTES = 100_000_000
NOT_IN_SAFETENSORS = {"C32", "C128", "F4_X2"}


@dataclass(frozen=True)
class _Entry:
    dtype: DType
    shape: tuple[int, ...]
    start: int  # byte of the file
    nbytes: int


class SafetensorsFile(Source):
    """Tensors of a .safetensors file. The whole header is checked before any tensor is read."""

    def __init__(self, path: str) -> None:
        """Raises SourceError when the header is not sound or the file not as long as the header says."""
        super().__init__()
        self._path = path
        self._file = open(path, "rb")  # noqa: SIM115  (closed by close)
        try:
            header, data_start = self._header()
            self.metadata = _metadata(path, header.pop("__metadata__", {}))
            entries = {name: _entry(path, name, value, data_start) for name, value in header.items()}
            self._names = sort_names(entries)
            _check_extents(path, entries, data_start, os.path.getsize(path))
        except BaseException:
            self._file.close()
            raise
        self._entries = entries

    def _header(self) -> tuple[dict[str, Any], int]:
        """The parsed header and the byte at which the data starts."""
        length = int.from_bytes(self._file.read(8), "little")
        size = os.path.getsize(self._path)
        if size < 8 or length > min(size - 8, MAX_HEADER_BYTES):
            text = f"{self._path}: not a safetensors file, or cut short: it has {size:,} bytes"
            raise SourceError(f"{text} and declares a header of {length:,}")
        try:
            header = json.loads(self._file.read(length), object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{self._path}: the header is not valid JSON: {error}") from error
        if not isinstance(header, dict):
            raise SourceError(f"{self._path}: the header is not a JSON object")
        return header, 8 + length

    def names(self) -> list[str]:
        return list(self._names)

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        entry = self._entries[name]
        return entry.dtype, entry.shape

    def read(self, name: str) -> tuple[NDArray[Any], DType]:
        entry = self._entries[name]
        self._file.seek(entry.start)
        raw = np.fromfile(self._file, np.uint8, entry.nbytes)
        if raw.size != entry.nbytes:
            raise SourceError(f"{self._path}: the file became shorter while it was read", tensor=name)
        return raw.view(entry.dtype.numpy or entry.dtype.bits).reshape(entry.shape), entry.dtype

    def close(self) -> None:
        self._file.close()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _metadata(path: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise SourceError(f"{path}: __metadata__ is not a map of strings")
    return value


def _entry(path: str, name: str, value: object, data_start: int) -> _Entry:
    """One tensor of the header, checked by itself: its bytes are as many as shape and data type make."""
    match value:
        case {"dtype": str(dtype_name), "shape": [*shape], "data_offsets": [start, end], **rest} if not rest:
            pass
        case _:
            raise SourceError(f"{path}: not an entry of dtype, shape and data_offsets", tensor=name)
    if len(shape) > MAX_RANK or not all(type(n) is int and n >= 0 for n in (*shape, start, end)):
        raise SourceError(f"{path}: shape or offsets are not natural numbers, or too many", tensor=name)
    dtype, sizes = _dtype(path, name, dtype_name, tuple(shape))
    nbytes = prod(sizes) * dtype.itemsize
    if end - start != nbytes:
        text = f"{path}: the offsets do not match shape and data type"
        raise SourceError(text, tensor=name, expected=f"{nbytes} bytes", found=f"{end - start}")
    return _Entry(dtype, sizes, data_start + start, nbytes)


def _dtype(path: str, name: str, found: str, shape: tuple[int, ...]) -> tuple[DType, tuple[int, ...]]:
    """Our type and shape. Safetensors counts single 4-bit numbers, F4_X2 the bytes that hold two."""
    if found == "F4" and shape and shape[-1] % 2 == 0:
        return BY_NAME["F4_X2"], (*shape[:-1], shape[-1] // 2)
    if found not in BY_NAME or found in NOT_IN_SAFETENSORS:
        raise SourceError(f"{path}: data type {found} with shape {shape} cannot be stored", tensor=name)
    return BY_NAME[found], shape


def _check_extents(path: str, entries: dict[str, _Entry], data_start: int, size: int) -> None:
    """The data is covered without holes or overlaps, up to the end of the file."""
    extents = sorted((entry.start, entry.start + entry.nbytes, name) for name, entry in entries.items())
    edges = [(0, data_start, ""), *extents]
    for (_, end, before), (start, _, name) in pairwise(edges):
        if start != end:
            kind = "overlaps the data of" if start < end else "leaves a hole after"
            raise SourceError(f"{path}: the data {kind} {before or 'the header'!r}", tensor=name)
    last = edges[-1][1]
    if last != size:
        text = "the file is cut short" if last > size else "bytes follow the last tensor"
        raise SourceError(f"{path}: {text}", expected=f"{last:,} bytes", found=f"{size:,}")
